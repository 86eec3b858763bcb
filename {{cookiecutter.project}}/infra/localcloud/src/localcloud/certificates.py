"""A throw-away certificate authority, so that TLS to Google's host names can end on this machine.

Nothing is installed system-wide: only a child process that is given the bundle trusts it, and
the authority's name constraints keep it from vouching for any host but those in `DOMAINS`.
"""

import datetime
import ipaddress
import os
import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL.crypto import FILETYPE_PEM, load_certificate

from localcloud.files import write_private
from localcloud.hosts import DOMAINS, is_grpc_host

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_LIFETIME = datetime.timedelta(days=365)
_RENEW_BEFORE = datetime.timedelta(days=7)
_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL
)


class CertificateAuthority:
    """The authority kept in one secrets folder; made there when missing or about to expire."""

    def __init__(self, secrets: Path) -> None:
        self._secrets = secrets
        self._key_file = secrets / "ca.key"
        self._certificate_file = secrets / "ca.pem"
        if not self._is_usable():
            self._make()
        self._key = _load_key(self._key_file)
        self._certificate = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        self.server_context = cache(self._server_context)

    def write_bundle(self, path: Path) -> None:
        """Write the roots that this machine trusts, and this authority, as one PEM file."""
        own = self._certificate_file.read_bytes()
        roots = [*_trusted_roots(exclude=path), own]
        write_private(path, b"".join(root.strip() + b"\n" for root in dict.fromkeys(roots)))

    def _server_context(self, host: str) -> ssl.SSLContext:
        """What is needed to speak TLS as this host, for HTTP/1.1 and, where it is served, gRPC."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.NamedTemporaryFile(dir=self._secrets) as file:  # ssl loads from files only
            file.write(self._issue(host))
            file.flush()
            context.load_cert_chain(file.name)
        context.set_alpn_protocols([*(["h2"] if is_grpc_host(host) else []), "http/1.1"])
        return context

    def _issue(self, host: str) -> bytes:
        """A key and a certificate for one host, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _certificate(_name("localcloud server"), key, self._certificate.subject)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return _key_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("localcloud throw-away authority")
        certificate = (
            _certificate(name, key, name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_sign_certificates_only(), critical=True)
            .add_extension(_name_constraints(), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        write_private(self._key_file, _key_pem(key))
        write_private(self._certificate_file, certificate.public_bytes(serialization.Encoding.PEM))

    def _is_usable(self) -> bool:
        try:
            key = _load_key(self._key_file)
            certificate = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        if certificate.not_valid_after_utc < _now() + _RENEW_BEFORE:
            return False
        return certificate.public_key() == key.public_key() and _vouches_for_all(certificate)


def write_directory(folder: Path, bundle: Path) -> None:
    """Write the certificates of a bundle as OpenSSL finds them by their subjects.

    A client that is given the folder, and not the bundle, need not parse 140 certificates for
    each connection, which takes 40 ms.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    made: set[str] = set()
    seen = Counter[int]()
    for pem in _CERTIFICATE.findall(bundle.read_bytes()):
        subject = load_certificate(FILETYPE_PEM, pem).subject_name_hash()
        file = folder / f"{subject:08x}.{seen[subject]}"  # subjects may share a hash
        seen[subject] += 1
        made.add(file.name)
        if not file.exists() or file.read_bytes() != pem:
            write_private(file, pem)
    for file in folder.iterdir():
        if file.name not in made:
            file.unlink()


def _name_constraints() -> x509.NameConstraints:
    names = [x509.DNSName(domain) for domain in (*DOMAINS, "localhost")]
    loopback = x509.IPAddress(ipaddress.ip_network("127.0.0.1/32"))
    return x509.NameConstraints(permitted_subtrees=[*names, loopback], excluded_subtrees=None)


def _vouches_for_all(certificate: x509.Certificate) -> bool:
    """Whether an older localcloud did not make it for fewer domains."""
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    return constraints.value == _name_constraints()


def _sign_certificates_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=False,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - datetime.timedelta(days=1))
        .not_valid_after(_now() + _LIFETIME)
    )


def _trusted_roots(exclude: Path) -> Iterator[bytes]:
    """The certificates of the bundles that the environment names, or else of the system."""
    named = {Path(os.environ[name]) for name in BUNDLE_VARIABLES if os.environ.get(name)}
    for bundle in _readable(sorted(named - {exclude})) or _readable(_system_bundles()):
        yield from _CERTIFICATE.findall(bundle.read_bytes())


def _system_bundles() -> Iterator[Path]:
    system = ssl.get_default_verify_paths().cafile
    if system:
        yield Path(system)
        return
    import certifi  # only where the system has no bundle, as on macOS

    yield Path(certifi.where())


def _readable(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file()]


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} does not hold an elliptic curve key.")
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)

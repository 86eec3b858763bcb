"""The throw-away authority: what it may vouch for, who can read it, when it is made anew."""

import datetime
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from localcloud import certificates
from localcloud.certificates import CertificateAuthority, write_directory


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def authority(secrets: Path) -> CertificateAuthority:
    return CertificateAuthority(secrets)


def shake_hands(
    authority: CertificateAuthority, secrets: Path, host: str, roots: Path | None = None
) -> str | None:
    """Speak TLS with the authority's certificate for a host.

    Trusts the authority alone, or those whose certificates are found in the folder `roots`.
    """
    alone = None if roots else secrets / "ca.pem"
    trust = ssl.create_default_context(cafile=alone, capath=roots)
    trust.set_alpn_protocols(["h2", "http/1.1"])
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            authority.server_context(host).wrap_socket(theirs, server_side=True).close()
        except ssl.SSLError:
            theirs.close()  # the client refused

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with trust.wrap_socket(ours, server_hostname=host) as connection:
            return connection.selected_alpn_protocol()
    finally:
        ours.close()
        thread.join(10)


@pytest.mark.parametrize(
    "host",
    [
        "storage.googleapis.com",
        "a.b-1.prediction.vertexai.goog",
        "europe-west4-kfp.pkg.dev",
        "localhost",
    ],
)
def test_it_vouches_for_googles_hosts(
    authority: CertificateAuthority, secrets: Path, host: str
) -> None:
    shake_hands(authority, secrets, host)


@pytest.mark.parametrize("host", ["example.com", "googleapis.com.example.com", "notgoogleapis.com"])
def test_nobody_believes_it_about_other_hosts(
    authority: CertificateAuthority, secrets: Path, host: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(authority, secrets, host)


def test_one_that_was_made_for_fewer_hosts_is_made_anew(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(certificates, "DOMAINS", ("googleapis.com",))
        CertificateAuthority(secrets)
        old = (secrets / "ca.pem").read_bytes()
    CertificateAuthority(secrets)
    made = (secrets / "ca.pem").read_bytes()
    assert made != old
    CertificateAuthority(secrets)
    assert (secrets / "ca.pem").read_bytes() == made


@pytest.mark.parametrize(
    ("host", "protocol"),
    [
        ("europe-west4-aiplatform.googleapis.com", "h2"),
        ("bigquerystorage.googleapis.com", "h2"),
        ("storage.googleapis.com", "http/1.1"),
        ("europe-west4-kfp.pkg.dev", "http/1.1"),
    ],
)
def test_http_2_is_spoken_where_grpc_is_served(
    authority: CertificateAuthority, secrets: Path, host: str, protocol: str
) -> None:
    assert shake_hands(authority, secrets, host) == protocol


def test_its_constraints_are_critical(authority: CertificateAuthority, secrets: Path) -> None:
    certificate = x509.load_pem_x509_certificate((secrets / "ca.pem").read_bytes())
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.value.path_length == 0


def test_only_this_user_can_read_what_it_writes(
    authority: CertificateAuthority, secrets: Path
) -> None:
    authority.write_bundle(secrets / "bundle.pem")
    authority.server_context("storage.googleapis.com")
    assert sorted(path.name for path in secrets.iterdir()) == ["bundle.pem", "ca.key", "ca.pem"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}


def test_it_is_kept_over_restarts(authority: CertificateAuthority, secrets: Path) -> None:
    before = (secrets / "ca.pem").read_bytes()
    CertificateAuthority(secrets)
    assert (secrets / "ca.pem").read_bytes() == before


@pytest.mark.parametrize("damage", ["expired", "lost key", "broken", "other key"])
def test_it_is_made_anew_when_it_is_of_no_use(
    secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
) -> None:
    if damage == "expired":
        with monkeypatch.context() as patch:
            patch.setattr(certificates, "_LIFETIME", datetime.timedelta(days=2))
            CertificateAuthority(secrets)
    else:
        CertificateAuthority(secrets)
    before = (secrets / "ca.pem").read_bytes()
    if damage == "lost key":
        (secrets / "ca.key").unlink()
    elif damage == "broken":
        (secrets / "ca.pem").write_text("nonsense")
    elif damage == "other key":
        other = tmp_path_factory.mktemp("other")
        CertificateAuthority(other)
        (secrets / "ca.key").write_bytes((other / "ca.key").read_bytes())
    authority = CertificateAuthority(secrets)
    assert (secrets / "ca.pem").read_bytes() != before
    shake_hands(authority, secrets, "storage.googleapis.com")


def test_the_bundle_keeps_the_roots_that_were_trusted(
    authority: CertificateAuthority,
    secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = tmp_path_factory.mktemp("company")
    CertificateAuthority(company)
    root = (company / "ca.pem").read_bytes()
    for name in certificates.BUNDLE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    authority.write_bundle(secrets / "bundle.pem")
    system = (secrets / "bundle.pem").read_bytes()
    assert root.strip() not in system
    assert system.count(b"BEGIN CERTIFICATE") > 50
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(company / "ca.pem"))
    authority.write_bundle(secrets / "bundle.pem")
    bundle = (secrets / "bundle.pem").read_bytes()
    assert root.strip() in bundle
    assert (secrets / "ca.pem").read_bytes().strip() in bundle


def test_a_bundle_written_again_does_not_grow(
    authority: CertificateAuthority, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = secrets / "bundle.pem"
    authority.write_bundle(bundle)
    before = bundle.read_bytes()
    for name in certificates.BUNDLE_VARIABLES:
        monkeypatch.setenv(name, str(bundle))  # as under `localcloud run`
    authority.write_bundle(bundle)
    assert bundle.read_bytes() == before


def test_openssl_finds_each_root_of_the_bundle_in_the_folder(
    authority: CertificateAuthority,
    secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = tmp_path_factory.mktemp("company")
    namesake = CertificateAuthority(company)  # its subject is the same, and so is the hash of it
    monkeypatch.setenv("SSL_CERT_FILE", str(company / "ca.pem"))
    authority.write_bundle(secrets / "bundle.pem")
    roots = secrets / "roots"
    write_directory(roots, secrets / "bundle.pem")
    for each in (authority, namesake):
        shake_hands(each, secrets, "storage.googleapis.com", roots)
    (secrets / "bundle.pem").write_bytes((secrets / "ca.pem").read_bytes())
    write_directory(roots, secrets / "bundle.pem")
    shake_hands(authority, secrets, "storage.googleapis.com", roots)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(namesake, secrets, "storage.googleapis.com", roots)

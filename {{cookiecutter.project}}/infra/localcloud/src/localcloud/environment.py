"""The environment variables that point a child process, and nothing else, at a localcloud.

Every Google client honours an HTTPS proxy and a CA bundle, whatever host it hard-codes; so no
client is patched and none needs another endpoint.
"""

import os
from collections.abc import Mapping

from localcloud.home import Home
from localcloud.hosts import DOMAINS

EMULATOR_VARIABLES = ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")
_PROXY = ("HTTPS_PROXY", "https_proxy", "grpc_proxy")
_NO_PROXY = ("NO_PROXY", "no_proxy", "no_grpc_proxy")
_CA_BUNDLE = (
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HTTPLIB2_CA_CERTS",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def child_environment(home: Home, port: int) -> dict[str, str]:
    """Variables to set for a child process, on top of what it has."""
    return {
        **dict.fromkeys(_PROXY, f"http://127.0.0.1:{port}"),
        **dict.fromkeys(_NO_PROXY, ",".join(_exempt_hosts(os.environ))),
        **dict.fromkeys(_CA_BUNDLE, str(home.ca_bundle)),
        "REQUESTS_CA_BUNDLE": str(home.ca_directory),
        "GOOGLE_APPLICATION_CREDENTIALS": str(home.service_account),
        "GOOGLE_API_USE_CLIENT_CERTIFICATE": "false",
        "LOCALCLOUD_HOME": str(home.root),
        "NO_GCE_CHECK": "true",
    }


def container_environment(home: Home, port: int) -> dict[str, str]:
    """Variables to set for a process of an image.

    TensorFlow's Cloud Storage client is a libcurl that reads its bundle anew for each request, and
    gRPC does for each channel, which takes 20 ms for all the world's roots: they get the one that
    they need. And TensorFlow reads ahead as suits a network: 64 MB, whatever the size of the file.
    """
    own = str(home.ca_certificate)
    return {
        **child_environment(home, port),
        "CURL_CA_BUNDLE": own,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": own,
        "GCS_READ_CACHE_BLOCK_SIZE_MB": "4",
    }


def run_environment(home: Home, port: int) -> dict[str, str]:
    """This process's whole environment, pointed at the localcloud."""
    inherited = {key: value for key, value in os.environ.items() if key not in EMULATOR_VARIABLES}
    return {**inherited, **child_environment(home, port)}


def _exempt_hosts(environment: Mapping[str, str]) -> list[str]:
    """Hosts that go past the proxy: loopback and what was exempt before, but never Google's."""
    before = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    hosts = [host.strip() for host in before.split(",") if host.strip()]
    kept = [host for host in hosts if not _covers_google(host)]
    return list(dict.fromkeys([*_LOOPBACK, *kept]))


def _covers_google(host: str) -> bool:
    return host == "*" or host.lstrip("*.").endswith(DOMAINS)

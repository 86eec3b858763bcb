"""The front door: what may open a connection, where it goes, and what is refused."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import certifi
import httpx
import pytest

from localcloud.upstream_proxy import UpstreamProxy
from tests.conftest import Localcloud

STORAGE = "storage.googleapis.com"
VERTEX = "us-central1-aiplatform.googleapis.com"


@pytest.fixture
def trust(localcloud: Localcloud) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(localcloud.home / "secrets" / "bundle.pem"))


@contextmanager
def connect(localcloud: Localcloud) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", localcloud.port), timeout=10) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


@contextmanager
def echo_server() -> Iterator[int]:
    """A host that is not Google's: sends back, in capitals, what it gets until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(read_all(connection).upper())

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def tunnel(connection: socket.socket, target: str) -> bytes:
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return connection.recv(65536)


def test_the_proxy_ends_tls_for_googles_hosts(
    localcloud: Localcloud, trust: ssl.SSLContext
) -> None:
    with connect(localcloud) as connection:
        assert tunnel(connection, f"{STORAGE}:443").startswith(b"HTTP/1.1 200 ")
        with trust.wrap_socket(connection, server_hostname=STORAGE) as secure:
            assert secure.getpeercert()["subjectAltName"] == (("DNS", STORAGE),)  # type: ignore[index]
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_both_protocols_are_offered(
    localcloud: Localcloud, trust: ssl.SSLContext, protocol: str
) -> None:
    assert choose_protocol(localcloud, trust, VERTEX, protocol) == protocol


@pytest.mark.parametrize(("offered", "chosen"), [("h2", None), ("http/1.1", "http/1.1")])
def test_where_there_is_no_grpc_http_1_is_offered_alone(
    localcloud: Localcloud, trust: ssl.SSLContext, offered: str, chosen: str | None
) -> None:
    assert choose_protocol(localcloud, trust, STORAGE, offered) == chosen


def choose_protocol(
    localcloud: Localcloud, trust: ssl.SSLContext, host: str, offered: str
) -> str | None:
    """What a host answers to a client that speaks one protocol alone."""
    trust.set_alpn_protocols([offered])
    with connect(localcloud) as connection:
        tunnel(connection, f"{host}:443")
        with trust.wrap_socket(connection, server_hostname=host) as secure:
            return secure.selected_alpn_protocol()


@pytest.mark.parametrize(
    "host",
    [
        "us-central1-aiplatform.googleapis.com",
        "123.us-central1-456.prediction.vertexai.goog",
        "aiplatform.us-central1.rep.googleapis.com",
    ],
)
def test_any_host_of_google_is_vouched_for(
    localcloud: Localcloud, trust: ssl.SSLContext, host: str
) -> None:
    with connect(localcloud) as connection:
        tunnel(connection, f"{host}:443")
        with trust.wrap_socket(connection, server_hostname=host) as secure:
            assert secure.getpeercert()


def test_tls_without_the_proxy_reaches_the_same_services(
    localcloud: Localcloud, trust: ssl.SSLContext
) -> None:
    url = f"https://localhost:{localcloud.port}/v1/projects/p/locations/l/endpoints"
    with httpx.Client(verify=trust, trust_env=False) as client:
        assert client.get(url).json() == {}


def test_plain_http_reaches_the_same_services(localcloud: Localcloud) -> None:
    url = f"http://127.0.0.1:{localcloud.port}/v1/projects/p/locations/l/endpoints"
    with httpx.Client(trust_env=False) as client:
        assert client.get(url).json() == {}


def test_a_client_without_the_bundle_trusts_nothing(localcloud: Localcloud) -> None:
    with connect(localcloud) as connection:
        tunnel(connection, f"{STORAGE}:443")
        world = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        world.load_verify_locations(certifi.where())  # the default may be the bundle's by now
        with pytest.raises(ssl.SSLCertVerificationError):
            world.wrap_socket(connection, server_hostname=STORAGE)


def test_other_hosts_are_passed_on_untouched(localcloud: Localcloud) -> None:
    with echo_server() as port, connect(localcloud) as connection:
        assert tunnel(connection, f"127.0.0.1:{port}").startswith(b"HTTP/1.1 200 ")
        sent = os.urandom(3 << 20).hex().encode()  # more than any buffer on the way
        sender = threading.Thread(
            target=lambda: (connection.sendall(sent), connection.shutdown(socket.SHUT_WR))
        )
        sender.start()
        assert read_all(connection) == sent.upper()
        sender.join()


def test_a_host_that_does_not_answer_is_a_bad_gateway(localcloud: Localcloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with connect(localcloud) as connection:
        assert tunnel(connection, f"127.0.0.1:{port}").startswith(b"HTTP/1.1 502 localcloud cannot")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"CONNECT nonsense HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT :443 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT storage.googleapis.com:99999 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT storage.googleapis.com:443 HTTP/1.1\r\n\r\nearly", b"400"),
        (b"CONNECT \xff\xfe:1 HTTP/1.1\r\n\r\n", b"400"),
        (b"\x00\x01\x02 nothing known\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000, b"431"),
    ],
)
def test_malformed_openings_are_refused(localcloud: Localcloud, sent: bytes, status: bytes) -> None:
    with connect(localcloud) as connection:
        try:
            connection.sendall(sent)
            answer = connection.recv(65536)
        except ConnectionResetError:
            assert status == b"431"  # refused while it was still sending
        else:
            assert answer.startswith(b"HTTP/1.1 " + status)
    test_plain_http_reaches_the_same_services(localcloud)


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01" + b"\xff" * 500, b"CONN", b"PRI"])
def test_broken_connections_do_no_harm(localcloud: Localcloud, sent: bytes) -> None:
    for _ in range(20):
        with connect(localcloud) as connection:
            connection.sendall(sent)
    with connect(localcloud) as connection:
        tunnel(connection, f"{STORAGE}:443")
        connection.sendall(sent)
    test_plain_http_reaches_the_same_services(localcloud)


def test_many_connections_at_once(localcloud: Localcloud) -> None:
    idle = [
        socket.create_connection(("127.0.0.1", localcloud.port), timeout=10) for _ in range(200)
    ]
    test_plain_http_reaches_the_same_services(localcloud)
    for connection in idle:
        connection.close()


# The proxy that was there before


@contextmanager
def company_proxy(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that answers every CONNECT the same way and says what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)
                    connection.sendall(connection.recv(65536).upper())

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)


async def talk(proxy: UpstreamProxy, host: str, port: int) -> bytes:
    connection = await proxy.connect(host, port)
    with connection:
        connection.setblocking(True)
        connection.settimeout(10)
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(100)


@pytest.mark.anyio
async def test_other_hosts_go_through_the_proxy_that_was_set() -> None:
    with company_proxy(b"HTTP/1.1 200 OK\r\n\r\n") as (port, asked):
        proxy = UpstreamProxy(f"http://me:p%40ss@127.0.0.1:{port}", "intern.test")
        assert await talk(proxy, "example.test", 443) == b"HELLO"
    assert asked[0].startswith(b"CONNECT example.test:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in asked[0]


@pytest.mark.anyio
@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "other.test, 127.0.0.1:80", ".0.0.1"])
async def test_exempt_hosts_go_past_it(exempt: str) -> None:
    with company_proxy(b"HTTP/1.1 200 OK\r\n\r\n") as (proxy_port, asked), echo_server() as port:
        proxy = UpstreamProxy(f"http://127.0.0.1:{proxy_port}", exempt)
        assert await talk(proxy, "127.0.0.1", port) == b"HELLO"
    assert not asked


@pytest.mark.anyio
async def test_what_the_proxy_refuses_is_said() -> None:
    with company_proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (port, _):
        proxy = UpstreamProxy(f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionRefusedError, match="407 Proxy Authentication Required"):
            await proxy.connect("example.test", 443)


def test_a_proxy_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY is a socks5 address"):
        UpstreamProxy("socks5://127.0.0.1:1080")

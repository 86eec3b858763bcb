"""The one loopback port: an HTTPS proxy that ends TLS for Google's hosts and passes others on.

A connection may open with CONNECT (clients that are given the proxy), with TLS, or with plain
HTTP; h2 is gRPC and goes to a gRPC server, HTTP/1.1 goes to the web application.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.certificates import CertificateAuthority
from localcloud.hosts import is_google_host
from localcloud.relay import Side
from localcloud.upstream_proxy import UpstreamProxy

_HEAD_LIMIT = 64 * 1024
_PATIENCE = 30.0  # seconds for a client to say what it wants, and for a host to answer
_ACCEPT_PAUSE = 0.2  # seconds to wait when the process is out of file descriptors
_TLS_HANDSHAKE = b"\x16"
_LOG = logging.getLogger(__name__)


def listen(port: int) -> socket.socket:
    """A socket that listens on a loopback port, or on any free one for 0.

    Raises:
        OSError: the port is in use.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.setblocking(False)
    return listener


class RefusalError(Exception):
    """A connection that cannot be served; the text is an HTTP status line's code and reason."""


@dataclass(frozen=True)
class Backends:
    """Unix sockets of the local services; gRPC may differ by host, found when it is needed."""

    http: Path
    grpc: Path
    grpc_by_host: Mapping[str, Callable[[], str]] = field(default_factory=dict)

    async def address(self, host: str, protocol: str | None) -> str:
        """Where a host's requests go: `unix:PATH` or `HOST:PORT`.

        Raises:
            OSError: there is nothing.
        """
        if protocol != "h2":
            return f"unix:{self.http}"
        if host in self.grpc_by_host:
            return await asyncio.to_thread(self.grpc_by_host[host])
        return f"unix:{self.grpc}"


class FrontDoor:
    """Serves the connections of one listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        authority: CertificateAuthority,
        backends: Backends,
        proxy: UpstreamProxy,
    ) -> None:
        self._listener = listener
        self._authority = authority
        self._backends = backends
        self._proxy = proxy
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Serve connections until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    client, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    _LOG.warning("cannot accept a connection: %s", error)
                    await asyncio.sleep(_ACCEPT_PAUSE)
                    continue
                task = loop.create_task(self._serve(client))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            self._listener.close()
            for task in self._tasks:
                task.cancel()

    async def _serve(self, client: socket.socket) -> None:
        client.setblocking(False)
        # headers and body may come in separate writes; waiting to join them would cost 40 ms
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._route(client)
        except RefusalError as refusal:
            await _refuse(client, str(refusal))
        except ssl.SSLError as error:
            _LOG.info("TLS failed, perhaps the client lacks the CA bundle: %s", error)
            client.close()
        except (OSError, EOFError) as error:
            _LOG.debug("connection dropped: %s", error)
            client.close()
        except BaseException:
            client.close()
            raise

    async def _route(self, client: socket.socket) -> None:
        async with asyncio.timeout(_PATIENCE):
            if await _peek(client) == _TLS_HANDSHAKE:
                return await self._end_tls(client, "localhost")
            head = await _read_head(client)
            if head.startswith(b"CONNECT "):
                return await self._connect(client, *_connect_target(head))
            protocol = "h2" if head.startswith(b"PRI * HTTP/2.0\r\n") else "http/1.1"
            upstream = await _dial(await self._backends.address("localhost", protocol))
            await _join(client, upstream, first=head)

    async def _connect(self, client: socket.socket, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        established = b"HTTP/1.1 200 Connection established\r\n\r\n"
        if is_google_host(host):
            await loop.sock_sendall(client, established)
            return await self._end_tls(client, host)
        try:
            upstream = await self._proxy.connect(host, port)
        except OSError as error:
            raise RefusalError(f"502 localcloud cannot reach {host}:{port} ({error})") from error
        await loop.sock_sendall(client, established)
        await _join(client, upstream)

    async def _end_tls(self, client: socket.socket, host: str) -> None:
        side = Side()
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: side, client, ssl=self._authority.server_context(host)
        )
        protocol = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        try:
            upstream = Side()
            address = await self._backends.address(host, protocol)
            await _open(upstream, await _dial(address))
        except OSError:
            transport.abort()
            raise
        side.join(upstream)


async def _join(client: socket.socket, upstream: socket.socket, first: bytes = b"") -> None:
    """Relay between two plain connections, after sending `first` upstream."""
    if first:
        await asyncio.get_running_loop().sock_sendall(upstream, first)
    there, here = Side(), Side()
    await _open(there, upstream)
    await _open(here, client)
    here.join(there)


async def _open(side: Side, connected: socket.socket) -> None:
    await asyncio.get_running_loop().connect_accepted_socket(lambda: side, connected)


async def _dial(address: str) -> socket.socket:
    """Connect to `unix:PATH` or to a loopback `HOST:PORT`."""
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        upstream = socket.socket(socket.AF_UNIX)
        target: str | tuple[str, int] = address.removeprefix("unix:")
    else:
        upstream = socket.socket()
        host, _, port = address.rpartition(":")
        target = (host, int(port))
    upstream.setblocking(False)
    try:
        await loop.sock_connect(upstream, target)
    except BaseException:
        upstream.close()
        raise
    return upstream


async def _peek(client: socket.socket) -> bytes:
    """The first byte, left where it is."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(client, _settle, readable)
    try:
        await readable
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _read_head(client: socket.socket) -> bytes:
    """What has arrived once a request's head is complete."""
    loop = asyncio.get_running_loop()
    head = b""
    while b"\r\n\r\n" not in head:
        if len(head) > _HEAD_LIMIT:
            raise RefusalError("431 Request Header Fields Too Large")
        received = await loop.sock_recv(client, _HEAD_LIMIT)
        if not received:
            raise EOFError("closed before the end of the request's head")
        head += received
    return head


def _connect_target(head: bytes) -> tuple[str, int]:
    """Host and port of a CONNECT request that nothing may follow before the answer."""
    request_line, _, _ = head.partition(b"\r\n")
    try:
        _, target, _ = request_line.decode("ascii").split(" ")
        host, _, port = target.rpartition(":")
        number = int(port)
    except ValueError as error:
        raise RefusalError("400 CONNECT needs HOST:PORT") from error
    if not host or not 0 < number < 65536 or not head.endswith(b"\r\n\r\n"):
        raise RefusalError("400 CONNECT needs HOST:PORT and nothing after its head")
    return host.strip("[]").lower(), number


async def _refuse(client: socket.socket, reason: str) -> None:
    loop = asyncio.get_running_loop()
    answer = f"HTTP/1.1 {reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    try:
        await loop.sock_sendall(client, answer.encode("latin-1", "replace"))
        client.shutdown(socket.SHUT_WR)
    except OSError as error:
        _LOG.debug("client left before it was refused: %s", error)
    finally:
        client.close()

"""Reaching hosts that are not Google's: directly, or through the proxy that was set before."""

import asyncio
import base64
import os
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_TIMEOUT = 20.0
_ANSWER_LIMIT = 64 * 1024


@dataclass(frozen=True)
class UpstreamProxy:
    """The proxy of the environment that localcloud was started in, if there was one.

    `url` is empty or `http://[USER:PASSWORD@]HOST[:PORT]`; `exempt` is NO_PROXY's list.
    """

    url: str = ""
    exempt: str = ""

    def __post_init__(self) -> None:
        if self.url and urlsplit(self.url).scheme != "http":
            scheme = urlsplit(self.url).scheme
            raise ValueError(
                f"HTTPS_PROXY is a {scheme or 'schemeless'} address; set it to http://HOST:PORT."
            )

    @classmethod
    def from_environment(cls) -> "UpstreamProxy":
        """What HTTPS_PROXY and NO_PROXY say, in either case."""
        return cls(_either("https_proxy"), _either("no_proxy"))

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connected non-blocking socket.

        Raises:
            OSError: the host or the proxy cannot be reached, or the proxy refuses.
        """
        if not self.url or _is_exempt(host, self.exempt):
            return await _dial(host, port)
        proxy = urlsplit(self.url)
        upstream = await _dial(proxy.hostname or "", proxy.port or 80)
        try:
            await self._ask(upstream, host, port)
        except BaseException:
            upstream.close()
            raise
        return upstream

    async def _ask(self, upstream: socket.socket, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        target = f"{host}:{port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{self._authorization()}\r\n"
        await loop.sock_sendall(upstream, head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _ANSWER_LIMIT:
            received = await loop.sock_recv(upstream, 4096)
            if not received:
                break
            answer += received
        status = answer.partition(b"\r\n")[0].split(b" ")
        if len(status) < 2 or status[1] != b"200":
            reason = b" ".join(status[1:]).decode("latin-1") or "no answer"
            raise ConnectionRefusedError(f"the upstream proxy refused: {reason}")

    def _authorization(self) -> str:
        proxy = urlsplit(self.url)
        if proxy.username is None:
            return ""
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        return f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"


async def _dial(host: str, port: int) -> socket.socket:
    connected = await asyncio.to_thread(socket.create_connection, (host, port), _TIMEOUT)
    connected.setblocking(False)
    return connected


def _is_exempt(host: str, exempt: str) -> bool:
    """Whether NO_PROXY's list names this host or a domain that it is in."""
    for entry in exempt.lower().replace(" ", "").split(","):
        domain = entry.partition(":")[0].removeprefix("*").removeprefix(".")
        if entry == "*" or (domain and f".{host}".endswith(f".{domain}")):
            return True
    return False


def _either(name: str) -> str:
    return os.environ.get(name.upper()) or os.environ.get(name) or ""

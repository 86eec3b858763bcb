"""Load on a server that keeps Vertex's contract: closed loops and open loops of one request."""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What is sent again and again: how many rows it has, and its bytes."""

    port: int
    rows: int
    content: bytes


def make_request(port: int, body: bytes, rows: int) -> Request:
    """A prediction request, ready to be sent."""
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Request(port, rows, head.encode() + body)


class Connection(asyncio.Protocol):
    """A connection that stays open; it costs little, so that the server is what is measured."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._received = b""

    @classmethod
    async def open(cls, port: int) -> Connection:
        """A new connection."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps what writes."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type
        self._transport = transport

    async def ask(self, request: Request) -> None:
        """Sends the request and waits for its whole answer."""
        assert self._transport  # noqa: S101 - it is open
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request.content)
        await self._answered

    def data_received(self, data: bytes) -> None:
        """Ends `ask` once the answer is complete; only 200 will do."""
        self._received += data
        head, found, body = self._received.partition(_END)
        if not found or self._answered is None:
            return
        length = _LENGTH.search(head)
        if length is None or b" 200 " not in head[:16]:
            self._answered.set_exception(RuntimeError(f"answer: {self._received[:500]!r}"))
        elif len(body) >= int(length[1]):
            self._received = b""
            self._answered.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Fails `ask` if it waits."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionError("the server closed"))

    def close(self) -> None:
        """Closes the connection."""
        if self._transport:
            self._transport.close()


async def closed_loop(request: Request, connections: int, seconds: float) -> tuple[int, float]:
    """How many rows were answered, in how many seconds.

    Each of so many connections asks again as soon as it is answered.
    """
    opened = [await Connection.open(request.port) for _ in range(connections)]
    start = time.perf_counter()
    answered = 0

    async def ask(connection: Connection) -> None:
        nonlocal answered
        while time.perf_counter() - start < seconds:
            await connection.ask(request)
            answered += 1

    await asyncio.gather(*map(ask, opened))
    taken = time.perf_counter() - start
    for connection in opened:
        connection.close()
    return answered * request.rows, taken


async def open_loop(request: Request, rate: float, seconds: float, seed: int) -> list[float]:
    """Milliseconds of each request, when they come at random, so many a second, come what may.

    They count from when the request was due, so that a slow server does not slow down its load.
    """
    chance = random.Random(seed)  # noqa: S311 - arrival times
    idle: list[Connection] = []
    taken: list[float] = []

    async def ask(due: float) -> None:
        connection = idle.pop() if idle else await Connection.open(request.port)
        await connection.ask(request)
        taken.append((time.perf_counter() - due) * 1000)
        idle.append(connection)

    start = due = time.perf_counter()
    tasks = []
    while due - start < seconds:
        due += chance.expovariate(rate)
        await asyncio.sleep(due - time.perf_counter())
        tasks.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*tasks)
    for connection in idle:
        connection.close()
    return taken

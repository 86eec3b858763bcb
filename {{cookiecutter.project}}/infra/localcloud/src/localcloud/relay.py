"""Two connections joined: what one side sends, the other receives, at the other's speed."""

import asyncio
import socket
from typing import cast

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


class Side(asyncio.Protocol):
    """One of the two connections. Bytes that arrive before the other side is there are held."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._peer: Side | None = None
        self._held = bytearray()

    def join(self, peer: "Side") -> None:
        """Join two connected sides; each closes with the other."""
        self._attach(peer)
        peer._attach(self)

    def abort(self) -> None:
        """Drop the connection at once."""
        if self.transport:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._acknowledge()
        if self._peer:
            self._peer._write(data)
        else:
            self._held += data

    def eof_received(self) -> bool:
        """Pass the end on; whether this side stays open for what the other still has to say.

        TLS has no half-closed connections: there the end of one direction is the end of both.
        """
        sides = (self.transport, self._peer.transport if self._peer else None)
        if not all(side and side.can_write_eof() and not side.is_closing() for side in sides):
            return False
        cast(asyncio.Transport, sides[1]).write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other side, after what it still has to send."""
        if self._peer and self._peer.transport:
            self._peer.transport.close()

    def pause_writing(self) -> None:
        """Stop reading from the side that is faster than this one."""
        if self._peer and self._peer.transport:
            self._peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read from the other side again."""
        if self._peer and self._peer.transport:
            self._peer.transport.resume_reading()

    def _attach(self, peer: "Side") -> None:
        self._peer = peer
        peer._write(bytes(self._held))
        self._held.clear()
        if self.transport is None or self.transport.is_closing():
            self.connection_lost(None)

    def _acknowledge(self) -> None:
        """Do not let the kernel wait 40 ms for an answer that could carry the acknowledgement.

        Clients behind a proxy (urllib3) hold a request's body back until its head is acknowledged.
        """
        if _QUICKACK is None or self.transport is None:
            return
        connection = self.transport.get_extra_info("socket")
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _write(self, data: bytes) -> None:
        if data and self.transport and not self.transport.is_closing():
            self.transport.write(data)

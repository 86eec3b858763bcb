"""HTTP/1.1 as TensorFlow speaks it, which is not quite as the standard wants it."""

import re

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_IDENTITY = re.compile(rb"\r\ntransfer-encoding: *identity(?=\r\n)", re.IGNORECASE)


class HttpProtocol(H11Protocol):
    """Uvicorn's h11 protocol, which keeps the spelling of header names as TensorFlow needs it.

    TensorFlow's Cloud Storage client also sends `Transfer-Encoding: identity`, which has been
    obsolete since RFC 7230 and means nothing.
    """

    def data_received(self, data: bytes) -> None:
        """Take bytes of the connection."""
        if self.conn.their_state is h11.IDLE:  # a request's head comes first
            head, separator, rest = data.partition(b"\r\n\r\n")
            data = _IDENTITY.sub(b"", head + separator) + rest
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuse a body that is malformed, instead of what the application may still answer."""
        if self.cycle:
            self.cycle.disconnected = True
        super().send_400_response(msg)

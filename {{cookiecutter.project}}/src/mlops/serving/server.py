"""A server that loses no request when it is told to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from types import FrameType

    from mlops.serving.app import App

QUIET_SECONDS = 0.3


class DrainingServer(uvicorn.Server):
    """Goes on after SIGTERM until no new request has come for a moment, then ends.

    Whoever sends requests hears of the end later than the server: so those that are under way are
    still taken. Meanwhile the server is not healthy, and each answer closes its connection.
    """

    def __init__(self, app: App, host: str, port: int, drain_seconds: float) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        super().__init__(config)
        self._app = app
        self._drain_seconds = drain_seconds
        self._told = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to end; told once more, it ends without waiting for new requests."""
        if self._told:
            self.should_exit = True
        self._told = self._told or time.monotonic()
        self._app.is_draining = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to end: uvicorn asks ten times a second."""
        if self._told:
            now = time.monotonic()
            is_quiet = now - max(self._told, self._app.last_request) > QUIET_SECONDS
            self.should_exit |= is_quiet or now - self._told > self._drain_seconds
        return await super().on_tick(counter)

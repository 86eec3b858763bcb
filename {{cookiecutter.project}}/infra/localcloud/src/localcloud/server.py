"""The server process: the front door and, behind it, gRPC, REST, Cloud Storage and BigQuery."""

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from localcloud import virtual_environment
from localcloud.bigquery.emulator import BigQuery
from localcloud.certificates import CertificateAuthority, write_directory
from localcloud.cloud import Cloud
from localcloud.control import ALREADY_RUNNING
from localcloud.credentials import write_service_account
from localcloud.environment import container_environment
from localcloud.front_door import Backends, FrontDoor, listen
from localcloud.grpc_server import start_grpc_server
from localcloud.home import Home
from localcloud.http_protocol import HttpProtocol
from localcloud.images import Images
from localcloud.rest_server import create_app
from localcloud.server_state import (
    AlreadyRunningError,
    ServerState,
    code_version,
    read_state,
    take_lock,
    write_state,
)
from localcloud.storage.app import create_storage_app
from localcloud.upstream_proxy import UpstreamProxy
from localcloud.vertex import lifecycle

_STOP_GRACE = 2.0  # seconds for calls that are under way
_KEEP_ALIVE = 300  # seconds; clients keep connections for later
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How a server is started; port 0 stands for the last one, if it is free, or any."""

    home: Home
    images: Path | None
    context: Path
    port: int


class StartError(Exception):
    """A reason that the user can do something about."""


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StartError: the port is in use.
    """
    home = options.home
    stop = _stop_event()
    proxy = UpstreamProxy.from_environment()
    listener = _listen(options)
    authority = CertificateAuthority(home.secrets)
    authority.write_bundle(home.ca_bundle)
    write_directory(home.ca_directory, home.ca_bundle)
    write_service_account(home.service_account)
    with _socket_folder(read_state(home)) as sockets:
        state = _state(options, listener.getsockname()[1], sockets)
        write_state(home, state)
        async with AsyncExitStack() as stack:
            stack.callback(write_state, home, replace(state, pid=0))
            bigquery = await stack.enter_async_context(_bigquery(home, sockets))
            backends = Backends(
                http=sockets / "http",
                grpc=sockets / "grpc",
                grpc_by_host={"bigquerystorage.googleapis.com": bigquery.grpc_address},
            )
            cloud = await stack.enter_async_context(_cloud(options, state.port))
            app = create_app(cloud, create_storage_app(home.storage), bigquery.rest_app)
            await stack.enter_async_context(_grpc(cloud, backends.grpc))
            await stack.enter_async_context(_web(app, backends.http))
            door = FrontDoor(listener, authority, backends, proxy)
            await stack.enter_async_context(_open(door))
            await asyncio.to_thread(lifecycle.recover, cloud)
            write_state(home, replace(state, ready=True))
            _LOG.info("serving on %s, state in %s", state.address, home.root)
            await stop.wait()
            _LOG.info("stopping")


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _state(options: Options, port: int, sockets: Path) -> ServerState:
    return ServerState(
        pid=os.getpid(),
        port=port,
        images=str(options.images or ""),
        context=str(options.context),
        sockets=str(sockets),
        ready=False,
        code=code_version(),
    )


def _listen(options: Options) -> socket.socket:
    last = read_state(options.home)
    if options.port == 0 and last:
        with contextlib.suppress(OSError):  # taken since: any other will do
            return listen(last.port)
    try:
        return listen(options.port)
    except OSError as error:
        raise StartError(
            f"Port {options.port} cannot be used ({os.strerror(error.errno or 0)});"
            " choose another with --port."
        ) from error


@contextmanager
def _socket_folder(last: ServerState | None) -> Iterator[Path]:
    """A folder with a short name, because the names of Unix sockets are limited; mode 0700.

    What a killed server left is removed.
    """
    if last:
        shutil.rmtree(last.sockets, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="localcloud-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _bigquery(home: Home, sockets: Path) -> AsyncIterator[BigQuery]:
    bigquery = BigQuery(home, sockets)
    try:
        yield bigquery
    finally:
        await asyncio.to_thread(bigquery.stop)


@asynccontextmanager
async def _cloud(options: Options, port: int) -> AsyncIterator[Cloud]:
    environments = virtual_environment.default_folder()
    cloud = Cloud(
        options.home,
        Images(options.images, options.context, environments),
        container_environment(options.home, port),
    )
    try:
        yield cloud
    finally:
        await asyncio.to_thread(lifecycle.stop, cloud)


@asynccontextmanager
async def _grpc(cloud: Cloud, path: Path) -> AsyncIterator[None]:
    server = start_grpc_server(cloud, path)
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop(_STOP_GRACE).wait)


class _WebServer(uvicorn.Server):
    """Uvicorn without its own signal handlers: the whole server stops in one order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _web(app: ASGIApp, path: Path) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        uds=str(path),
        http=HttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(_STOP_GRACE),
    )
    server = _WebServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise StartError("The web server did not start; the log says why.")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def _open(door: FrontDoor) -> AsyncIterator[None]:
    task = asyncio.create_task(door.serve())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="localcloud.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--context", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parsed = parser.parse_args(arguments)
    return Options(Home(parsed.home), parsed.images, parsed.context, parsed.port)


def main() -> None:
    """Run the server in this process; `localcloud up` starts it so."""
    faulthandler.enable()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    options = _options(sys.argv[1:])
    options.home.create()
    try:
        take_lock(options.home)
        asyncio.run(serve(options))
    except AlreadyRunningError:
        sys.exit(ALREADY_RUNNING)
    except StartError as error:
        sys.exit(str(error))
    except Exception as error:
        _LOG.exception("localcloud ends")
        sys.exit(f"localcloud failed: {error or type(error).__name__}")  # the last line is shown


if __name__ == "__main__":
    main()

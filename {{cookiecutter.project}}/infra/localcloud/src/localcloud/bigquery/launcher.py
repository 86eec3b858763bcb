"""The child process that runs bqemulator.

Started as `python -m localcloud.bigquery.launcher DATA STORAGE UPLOADS READY`. Once it answers,
it writes `{"rest": PORT, "grpc": PORT}` as a line to the file descriptor READY. It ends when its
standard input does, so that it never outlives the localcloud that started it, however that one
died: an orphan would keep the tables locked.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import duckdb
from bqemulator.config import LogFormat, LogLevel, PersistenceMode, Settings
from bqemulator.observability.logging_ import configure_logging
from duckdb_extensions import import_extension

# bqemulator asks DuckDB to install `spatial`, and DuckDB loads `icu` by itself: both are
# downloads, unless they were installed from their wheels before.
EXTENSIONS = ("icu", "spatial")


def install_extensions() -> None:
    """Install DuckDB's extensions from the installed wheels, without a network."""
    with duckdb.connect() as connection:
        for name in EXTENSIONS:
            import_extension(name, con=connection)


def emulator_settings(data: Path, storage: Path, uploads: Path) -> Settings:
    """How bqemulator runs here: tables in `data`, `gs://` in `storage`, on free loopback ports."""
    return Settings(
        rest_port=0,
        grpc_port=0,
        persistence_mode=PersistenceMode.PERSISTENT,
        data_dir=data,
        gcs_local_root=storage,
        upload_staging_dir=uploads,
        enable_format_extensions=False,
        metrics_enabled=False,
        log_level=LogLevel.WARNING,
        log_format=LogFormat.CONSOLE,
    )


async def serve(settings: Settings, ready: int) -> None:
    """Serve until standard input ends; write the ports to the file descriptor `ready`."""
    # Imported late, because bqemulator logs while it is imported.
    configure_logging(level=settings.log_level, fmt=settings.log_format)
    from bqemulator.server import EmulatorServer

    from localcloud.bigquery import corrections

    corrections.apply()
    server = EmulatorServer(settings)
    await server.start()
    try:
        ports = {"rest": server.rest_port, "grpc": server.grpc_port}
        os.write(ready, json.dumps(ports).encode() + b"\n")
        await asyncio.to_thread(sys.stdin.buffer.read)
    finally:
        await server.stop()


def main() -> None:
    """Run the emulator for the folders named on the command line."""
    *folders, ready = sys.argv[1:]
    install_extensions()
    asyncio.run(serve(emulator_settings(*map(Path, folders)), int(ready)))


if __name__ == "__main__":
    main()

"""The servers that are compared, each a process in an environment of its own."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / "build/benchmark-serving"
PATIENCE = 300.0  # seconds until a server must answer
OURS = "prediction container"


@dataclass(frozen=True)
class Server:
    """A running server, and the process that it has begun with."""

    name: str
    port: int
    pid: int


def serving_python() -> str:
    """The Python of the serving image's environment."""
    localcloud = str(Path(sys.executable).with_name("localcloud"))
    built = subprocess.run(
        [localcloud, "build", "serving"], stdout=subprocess.PIPE, text=True, check=True
    )
    return built.stdout.strip()


def other_python(name: str) -> Path:
    """The Python of an environment with what the lock beside a service names."""
    lock = HERE / name / "requirements.lock"
    folder = ENVIRONMENTS / name
    python, made = folder / "bin/python", folder / "requirements.lock"
    if not made.is_file() or made.read_bytes() != lock.read_bytes():
        uv = find_uv_bin()
        create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
        subprocess.run(create, check=True)
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)]
        subprocess.run([*sync, str(lock)], check=True)
        shutil.copy(lock, made)
    return python


@contextmanager
def running_servers(model: str, logs: Path) -> Iterator[list[Server]]:
    """All servers around the SavedModel in a folder, each idle until it is asked."""
    commands = {
        OURS: [serving_python(), "-m", "mlops.serving"],
        "BentoML": [
            *(str(other_python("bentoml")), "-m", "bentoml", "serve", "service:Service"),
            *("--working-dir", str(HERE / "bentoml"), "--host", "127.0.0.1", "--port", "PORT"),
        ],
        "LitServe": [str(other_python("litserve")), str(HERE / "litserve/service.py")],
    }
    with ExitStack() as stack:
        servers = [
            stack.enter_context(_running(name, command, model, logs))
            for name, command in commands.items()
        ]
        for server in servers:
            _wait_until_it_answers(server)
        yield servers


@contextmanager
def _running(name: str, command: list[str], model: str, logs: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "AIP_HTTP_PORT": str(port),
        "AIP_STORAGE_URI": model,
        "BENTOML_DO_NOT_TRACK": "True",
        "PYTHONPATH": str(ROOT / "src"),
        "TF_NUM_INTEROP_THREADS": "1",  # as in the image
    }
    with (logs / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(port) if word == "PORT" else word for word in command],
            env={**os.environ, **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Server(name, port, process.pid)
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request("GET", "/readyz" if server.name == "BentoML" else "/health")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.5)
    raise TimeoutError(f"{server.name} did not answer within {PATIENCE:.0f} seconds.")

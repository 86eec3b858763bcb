"""Running the local BigQuery beside the server and reaching it."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from starlette.types import ASGIApp

from localcloud.bigquery.forwarding import Forwarder
from localcloud.home import Home

_LAUNCHER = "localcloud.bigquery.launcher"  # not imported here: it takes a second and memory
_STOP_SECONDS = 10.0


class BigQuery:
    """bqemulator as a child process; its tables lie in `home.bigquery`, `gs://` in `home.storage`.

    The child starts when it is first needed, and again if it has ended by itself: it takes
    seconds and 200 MB that most commands do without. It ends when this process does, however that
    happens.
    """

    def __init__(self, home: Home, scratch: Path) -> None:
        """Keep tables in `home`; `scratch` is for files that need not outlive the process."""
        self._home = home
        self._scratch = scratch
        self._log = home.logs / "bigquery.log"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}

    def start(self) -> None:
        """Start the child, unless it runs, and wait until it answers.

        Raises:
            ChildProcessError: it ended instead; its log says why.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._launch()

    def _launch(self) -> None:
        ready, told = os.pipe()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    _LAUNCHER,
                    str(self._home.bigquery),
                    str(self._home.storage),
                    str(self._scratch / "uploads"),
                    str(told),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(told,),
                env=self._environment(),
                start_new_session=True,
            )
        os.close(told)
        with os.fdopen(ready) as answer:
            line = answer.readline()
        if not line:
            self._process = None
            raise ChildProcessError(f"The local BigQuery did not start; {self._log} says why.")
        self._ports = json.loads(line)

    def stop(self) -> None:
        """Stop the child, after what it is writing."""
        with self._lock:
            if self._process is None:
                return
            assert self._process.stdin is not None  # noqa: S101 - we asked for a pipe
            self._process.stdin.close()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it is meant to run."""
        return self._process.pid if self._process else None

    @property
    def rest_app(self) -> ASGIApp:
        """Serves the BigQuery REST API by passing requests on to the child."""
        return Forwarder(self.rest_address, self._log)

    def rest_address(self) -> str:
        """`HOST:PORT` of the REST API; starts the child.

        Raises:
            ChildProcessError: it does not start.
        """
        return self._address("rest")

    def grpc_address(self) -> str:
        """`HOST:PORT` of the BigQuery Storage API; starts the child.

        Raises:
            ChildProcessError: it does not start.
        """
        return self._address("grpc")

    def _address(self, service: str) -> str:
        self.start()
        return f"127.0.0.1:{self._ports[service]}"

    def _environment(self) -> dict[str, str]:
        """Ours, but for where Python finds this package and where DuckDB keeps its extensions."""
        packages = Path(__file__).parents[2]
        path = os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])
        return {
            **os.environ,
            "HOME": str(self._home.bigquery),
            "PYTHONPATH": path.strip(os.pathsep),
        }

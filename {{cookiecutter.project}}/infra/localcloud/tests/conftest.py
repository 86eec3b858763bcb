"""One real localcloud for all tests, started by the command that users type.

- `localcloud`: a running server on a temporary state folder, with `tests/images` as its images
  directory and this distribution as the build context. It offers `.home`, `.environment`,
  `.run(...)` (a child process that reaches it) and `.cli(...)` (the command itself).
- `cloud_environment`: the same, and this process's environment points at it, so that Google's
  clients can be used in the test itself (their import takes seconds in each child).
- `start_localcloud`: makes further servers with state folders of their own, for tests that
  restart, kill or reset one.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud.environment import child_environment
from localcloud.home import Home
from localcloud.server_state import read_state

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src"


@dataclass(frozen=True)
class Localcloud:
    """A localcloud on its own state folder."""

    home: Path

    @property
    def port(self) -> int:
        """The port that it listens on, or listened on last."""
        state = read_state(Home(self.home))
        assert state, f"localcloud was never up in {self.home}"
        return state.port

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a process at it."""
        return child_environment(Home(self.home), self.port)

    def cli(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the `localcloud` command on this state folder, with further variables."""
        return self._python("-m", "localcloud", *arguments, **variables)

    def python(self, source: str) -> subprocess.CompletedProcess[str]:
        """Run Python source that imports localcloud itself."""
        return self._python("-c", source)

    def _python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        own = {"LOCALCLOUD_HOME": str(self.home), "PYTHONPATH": str(SOURCES)}
        return _run(command, {**_clean_environment(), **own, **variables})

    def up(self, **variables: str) -> str:
        """Start it with the tests' images; what the command prints."""
        images = ["--images", str(TESTS / "images")] if (TESTS / "images").is_dir() else []
        done = self.cli("up", *images, "--context", str(TESTS.parent), **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(
        self, program: str | Sequence[str], *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run Python source, or a command, in a child process that reaches this localcloud."""
        source = isinstance(program, str)
        command = [sys.executable, "-c", textwrap.dedent(program)] if source else [*program]
        done = _run(command, {**_clean_environment(), **self.environment})
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done


def _run(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _clean_environment() -> dict[str, str]:
    """This process's variables without those that would slow a child, or point it elsewhere."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "LOCALCLOUD_HOME", "GOOGLE_CLOUD_PROJECT")
    return {name: value for name, value in _ENVIRONMENT.items() if name not in dropped}


_ENVIRONMENT = dict(os.environ)  # as it is before `cloud_environment` changes it


@pytest.fixture(scope="session")
def start_localcloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], Localcloud]]:
    """Makes a localcloud with a state folder of its own; it is stopped after the tests."""
    with ExitStack() as stack:

        def start() -> Localcloud:
            made = Localcloud(tmp_path_factory.mktemp("localcloud") / "state")
            stack.callback(made.cli, "down")
            made.up()
            return made

        yield start


@pytest.fixture(scope="session")
def localcloud(start_localcloud: Callable[[], Localcloud]) -> Localcloud:
    """The localcloud that all tests share; they use names that do not collide."""
    return start_localcloud()


@pytest.fixture(scope="session")
def cloud_environment(localcloud: Localcloud) -> Iterator[Localcloud]:
    """The shared localcloud, with this process's environment pointing at it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in localcloud.environment.items():
            patch.setenv(name, value)
        yield localcloud


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"

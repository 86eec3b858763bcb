"""The `localcloud` command: its life cycle, and what users see when something is wrong."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.home import Home
from localcloud.server_state import is_locked, read_state
from tests.conftest import Localcloud

LIST = """
from google.cloud.aiplatform_v1 import EndpointServiceClient
client = EndpointServiceClient(client_options={"api_endpoint": "eu-aiplatform.googleapis.com"})
parent = "projects/p/locations/eu"
"""
CREATE = (
    f"{LIST}\nclient.create_endpoint(parent=parent, endpoint=dict(display_name='kept')).result()"
)
COUNT = f"{LIST}\nprint(len(list(client.list_endpoints(parent=parent))))"
QUERY = "from google.cloud import bigquery; list(bigquery.Client('p').list_datasets())"


@pytest.fixture(scope="module")
def own(start_localcloud: Callable[[], Localcloud]) -> Localcloud:
    """A localcloud that these tests may stop and kill; up at the start of each test."""
    return start_localcloud()


@pytest.fixture(autouse=True)
def _up(request: pytest.FixtureRequest) -> None:
    if "own" in request.fixturenames:
        request.getfixturevalue("own").up()


@pytest.fixture
def fresh(tmp_path: Path) -> Localcloud:
    """A state folder in which nothing was ever started."""
    return Localcloud(tmp_path / "state")


def processes_of(home: Path) -> list[int]:
    """Processes whose command names the state folder."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and str(home).encode() in _command(entry)
    ]


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""  # it has ended


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def pid(localcloud: Localcloud) -> int:
    state = read_state(Home(localcloud.home))
    assert state
    return state.pid


# up


def test_up_says_where_it_listens_and_keeps_its_state(own: Localcloud) -> None:
    line = f"localcloud is up on http://127.0.0.1:{own.port}, state in {own.home}\n"
    assert own.up() == line


def test_up_again_leaves_the_running_server_alone(own: Localcloud) -> None:
    before = pid(own)
    own.up()
    assert pid(own) == before
    assert len([each for each in processes_of(own.home) if each == before]) == 1


def test_ups_at_the_same_time_start_one_server(own: Localcloud) -> None:
    own.cli("down")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: own.up(), range(3)))
    own.run(CREATE)
    servers = [
        each
        for each in processes_of(own.home)
        if b"localcloud.server" in _command(Path(f"/proc/{each}"))
    ]
    assert servers == [pid(own)]


def test_up_with_other_options_is_refused(own: Localcloud, tmp_path: Path) -> None:
    done = own.cli("up", "--context", str(tmp_path))
    assert done.returncode == 1
    assert "run `localcloud down` first" in done.stderr


def test_a_port_that_was_taken_meanwhile_is_replaced(own: Localcloud) -> None:
    before = own.port
    own.cli("down")
    with socket.create_server(("127.0.0.1", before)):
        own.up()
        assert own.port != before


def test_a_port_in_use_is_named(fresh: Localcloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = fresh.cli("up", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} cannot be used (Address already in use);")
    assert not processes_of(fresh.home)


def test_a_proxy_that_cannot_be_used_is_named(fresh: Localcloud) -> None:
    done = fresh.cli("up", HTTPS_PROXY="socks5://127.0.0.1:1")
    assert done.returncode == 1
    assert "HTTPS_PROXY is a socks5 address; set it to http://HOST:PORT." in done.stderr
    assert "Traceback" not in done.stderr
    assert not processes_of(fresh.home)


def test_a_place_that_cannot_hold_the_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = Localcloud(tmp_path / "file" / "state").cli("up")
    assert done.returncode == 1
    assert "cannot hold the state of localcloud (Not a directory)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_images_folder_that_is_not_there_is_named(fresh: Localcloud) -> None:
    done = fresh.cli("up", "--images", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("nowhere is not a folder;")


def test_everything_listens_on_loopback_only(own: Localcloud) -> None:
    servers = processes_of(own.home)
    inodes = {
        os.readlink(link)
        for server in servers
        for link in Path(f"/proc/{server}/fd").iterdir()
        if link.is_symlink() and os.path.lexists(link)
    }
    listening = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in inodes
    ]
    assert listening
    addresses = {line[1].split(":")[0] for line in listening}
    assert all(address.endswith("0100007F") for address in addresses)  # also as IPv6


# down, kill


def test_down_leaves_nothing_running(own: Localcloud) -> None:
    own.run(QUERY)
    assert len(processes_of(own.home)) >= 2  # the server and BigQuery
    state = read_state(Home(own.home))
    done = own.cli("down")
    assert (done.returncode, done.stdout) == (0, "localcloud is down\n")
    assert not processes_of(own.home)
    assert state
    assert not Path(state.sockets).exists()
    assert own.cli("down").stdout == f"no localcloud runs in {own.home}\n"


def test_state_and_port_survive_a_restart(own: Localcloud) -> None:
    own.run(CREATE)
    before = own.run(COUNT).stdout, own.port
    own.cli("down")
    own.up()
    assert (own.run(COUNT).stdout, own.port) == before


def test_after_a_kill_the_next_up_goes_on(own: Localcloud) -> None:
    own.run(CREATE)
    before = own.run(COUNT).stdout
    killed = read_state(Home(own.home))
    assert killed
    os.kill(killed.pid, signal.SIGKILL)
    assert wait_until(lambda: not processes_of(own.home))
    assert own.cli("status").returncode == 3
    own.up()
    assert own.run(COUNT).stdout == before
    assert not Path(killed.sockets).exists()


def test_a_stopped_process_is_killed(own: Localcloud) -> None:
    os.kill(pid(own), signal.SIGSTOP)
    done = own.cli("down", "--timeout", "0.5")
    assert done.returncode == 0
    assert wait_until(lambda: not processes_of(own.home))


# status


def test_status_says_what_runs(own: Localcloud) -> None:
    done = own.cli("status")
    assert done.returncode == 0
    assert done.stdout.startswith(
        f"localcloud is up on http://127.0.0.1:{own.port} (process {pid(own)}), state in {own.home}"
    )
    assert f"objects in {own.home}/storage, logs in {own.home}/logs\n" in done.stdout
    assert "pipeline jobs at work: 0\ndeployed models: 0\n" in done.stdout


def test_status_of_nothing(fresh: Localcloud) -> None:
    done = fresh.cli("status")
    assert (done.returncode, done.stdout) == (3, f"no localcloud runs in {fresh.home}\n")
    assert not fresh.home.exists()


def test_a_stale_state_file_is_no_server(fresh: Localcloud) -> None:
    fresh.home.mkdir()
    state = {
        "pid": os.getpid(),
        "port": 1,
        "images": "",
        "context": "",
        "sockets": "",
        "ready": True,
    }
    (fresh.home / "server.json").write_text(json.dumps(state))
    assert fresh.cli("status").returncode == 3
    assert fresh.cli("down").returncode == 0
    assert not is_locked(Home(fresh.home))


# run


@pytest.mark.parametrize("code", [0, 1, 42])
def test_run_passes_the_exit_code_on(own: Localcloud, code: int) -> None:
    done = own.cli("run", "--", sys.executable, "-c", f"raise SystemExit({code})")
    assert done.returncode == code


def test_run_passes_arguments_and_streams_on(own: Localcloud) -> None:
    source = "import sys; print(sys.argv[1:]); print('e', file=sys.stderr)"
    done = own.cli("run", "--", sys.executable, "-c", source, "--image", "-x", "a b")
    assert (done.stdout, done.stderr) == ("['--image', '-x', 'a b']\n", "e\n")


def test_run_points_a_command_at_localcloud(own: Localcloud) -> None:
    done = own.cli("run", "--", sys.executable, "-c", CREATE)
    assert done.returncode == 0, done.stderr


def test_run_changes_no_more_than_it_must(own: Localcloud) -> None:
    source = "import json, os; print(json.dumps(dict(os.environ)))"
    done = own.cli(
        "run",
        *("--", sys.executable, "-c", source),
        MINE="1",
        NO_PROXY="intern.test,*.googleapis.com",
        STORAGE_EMULATOR_HOST="http://127.0.0.1:1",
    )
    seen = json.loads(done.stdout)
    assert seen["MINE"] == "1"
    assert seen["HTTPS_PROXY"] == seen["https_proxy"] == f"http://127.0.0.1:{own.port}"
    assert seen["NO_PROXY"] == "127.0.0.1,localhost,::1,intern.test"
    assert "STORAGE_EMULATOR_HOST" not in seen
    assert seen["GOOGLE_APPLICATION_CREDENTIALS"].startswith(str(own.home))


def test_run_in_an_image(own: Localcloud) -> None:
    source = "import os; print(os.environ['STEPS_IMAGE'])"
    done = own.cli("run", "--image", "steps", "--", "python", "-c", source)
    assert (done.returncode, done.stdout) == (0, "yes\n")
    done = own.cli("run", "--image", "nothing", "--", "true")
    assert (done.returncode, done.stderr.startswith("Image nothing is not here")) == (1, True)


def test_run_without_a_server_or_command_says_what_to_do(
    fresh: Localcloud, own: Localcloud
) -> None:
    done = fresh.cli("run", "--", "true")
    assert done.returncode == 1
    assert done.stderr.endswith("start it with `localcloud up`.\n")
    done = own.cli("run", "--", "no-such-command")
    assert (done.returncode, done.stderr) == (127, "no-such-command was not found.\n")


def test_commands_import_nothing_heavy(fresh: Localcloud) -> None:
    source = "import sys, localcloud.cli; print({'google.api_core', 'grpc'} & {*sys.modules})"
    assert fresh.python(source).stdout == "set()\n"


def test_up_replaces_a_server_of_older_code(start_localcloud: Callable[[], Localcloud]) -> None:
    updated = start_localcloud()
    file = Home(updated.home).server_state
    before = json.loads(file.read_text())
    file.write_text(json.dumps({**before, "code": "older"}))
    updated.up()
    assert json.loads(file.read_text())["pid"] != before["pid"]
    assert json.loads(file.read_text())["code"] == before["code"]


# reset, logs


def test_reset_stops_and_deletes(start_localcloud: Callable[[], Localcloud]) -> None:
    doomed = start_localcloud()
    assert doomed.cli("reset").returncode == 1  # not confirmed: there is no terminal
    assert doomed.home.exists()
    assert doomed.cli("reset", "--yes").returncode == 0
    assert not doomed.home.exists()
    assert not processes_of(doomed.home)


def test_reset_deletes_nothing_that_is_not_its_own(fresh: Localcloud) -> None:
    fresh.home.mkdir()
    (fresh.home / "thesis.txt").write_text("years of work")
    done = fresh.cli("reset", "--yes")
    assert done.returncode == 1
    assert "is no state folder of localcloud" in done.stderr
    assert (fresh.home / "thesis.txt").exists()


def test_logs(own: Localcloud, fresh: Localcloud) -> None:
    assert "serving on" in own.cli("logs").stdout
    assert fresh.cli("logs").returncode == 1


def test_help_names_the_commands(fresh: Localcloud) -> None:
    done = fresh.cli("--help")
    assert all(name in done.stdout for name in ("up", "down", "status", "run", "reset"))
    assert "(the last" in fresh.cli("up", "--help").stdout

"""A task that is forked from a warm process must not tell it from a process of its own."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from kfp import dsl

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.pipelines.pipeline_client import BUCKET, IMAGE, PipelineClient, Result
from tests.vertex import PROJECT, eventually

component = dsl.component(base_image=IMAGE, install_kfp_package=False)
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")


def run(pipelines: PipelineClient, pipeline: Callable[..., Any], **parameters: Any) -> Result:
    return pipelines.run(pipeline, parameters, enable_caching=False)


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def children(process: int) -> list[int]:
    return [
        int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def is_alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@component
def describe(name: str = "") -> str:
    """What a task sees of the process that it runs in; `name` only tells tasks apart."""
    import json
    import logging
    import os
    import signal
    import sys
    import threading

    signals = {each.name: repr(signal.getsignal(each)) for each in signal.Signals}
    return json.dumps(
        {
            "arguments": len(sys.argv),
            "blocked": [each.name for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
            "builtin": hasattr(__builtins__, "leak") or "leak" in str(vars(logging)),
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "group": os.getpgid(0),
            "modules": "colorsys" in sys.modules,
            "open": sorted(int(each) for each in os.listdir("/proc/self/fd")),
            "parent": os.getppid(),
            "process": os.getpid(),
            "session": os.getsid(0),
            "signals": signals,
            "threads": threading.active_count(),
        }
    )


@component
def spoil():
    """Change all that can be changed of the process."""
    import colorsys  # noqa: F401 - the next task must not find it imported
    import logging
    import os
    import signal
    import threading
    import time

    os.environ["LEAK"] = "yes"
    os.environ.pop("PATH")
    os.chdir("/")
    logging.leak = "yes"
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.open("/dev/null", os.O_RDONLY)
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()


def described(result: Result, task: str) -> dict[str, Any]:
    assert result.state == "SUCCEEDED", result.error
    return json.loads(result.output(task))


@component
def find_preloaded() -> bool:
    """Whether a module that its image preloads is there before the task asks for it."""
    import sys

    return "plistlib" in sys.modules


@LINUX
def test_a_task_finds_what_its_image_preloads_unless_it_comes_too_early(
    pipelines: PipelineClient,
) -> None:
    @dsl.pipeline(name="preloaded")
    def preloaded():
        find_preloaded()
        find_preloaded().set_env_variable("OMP_NUM_THREADS", "1")  # read at import

    result = run(pipelines, preloaded)
    assert result.output("find-preloaded") is True
    assert result.output("find-preloaded-2") is False


def test_nothing_of_a_task_is_found_by_the_next(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="spoiling")
    def spoiling():
        first = describe(name="first")
        spoilt = spoil().after(first)
        describe(name="second").after(spoilt)

    result = run(pipelines, spoiling)
    first, second = described(result, "describe"), described(result, "describe-2")
    assert first["parent"] == second["parent"], "they are not forked from one warm process"
    for each in (first, second):
        assert each["process"] == each["group"] == each["session"]
        assert each["threads"] == 1
        assert not each["blocked"]
        assert not each["builtin"]
        assert not each["modules"]
        assert each["signals"]["SIGTERM"] == each["signals"]["SIGCHLD"] == "<Handlers.SIG_DFL: 0>"
        assert "default_int_handler" in each["signals"]["SIGINT"]
        assert Path(each["folder"]).name.startswith("task-")
    own = ("folder", "group", "process", "session")
    assert {k: v for k, v in first.items() if k not in own} == {
        k: v for k, v in second.items() if k not in own
    }
    assert first["folder"] != second["folder"]


def test_a_forked_task_has_the_variables_of_a_started_one(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="variables")
    def variables():
        describe(name="forked").set_env_variable("OWN", "forked")
        started = describe(name="started").set_env_variable("OWN", "started")
        started.set_env_variable("PYTHONHASHSEED", "7")  # Python reads it when it starts

    result = run(pipelines, variables)
    forked, started = described(result, "describe"), described(result, "describe-2")
    assert forked["environment"].pop("OWN") == "forked"
    assert started["environment"].pop("OWN") == "started"
    assert started["environment"].pop("PYTHONHASHSEED") == "7"
    assert forked["environment"] == started["environment"]
    assert forked["parent"] != started["parent"]
    same = ("arguments", "blocked", "open", "signals", "threads")
    assert {key: forked[key] for key in same} == {key: started[key] for key in same}


@component
def end(how: str, path: str):
    """End in a way that Python does not see, or that it must not forget."""
    import atexit
    import ctypes
    import os
    import signal
    import sys
    import threading
    import time

    if how == "exit":
        os._exit(7)
    if how == "status":
        sys.exit(5)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "raise":
        raise ValueError("told to fail")

    def work() -> None:
        time.sleep(0.2)
        with open(path, "a") as file:
            file.write("thread,")

    def at_exit() -> None:
        with open(path, "a") as file:
            file.write("atexit,")

    if how == "left open":
        global left_open
        left_open = open(path + ".open", "w")  # noqa: SIM115 - it stays open
        left_open.write("flushed")
    print("printed without a flush", end="")
    ctypes.CDLL(None).printf(b"printed by a library")
    atexit.register(at_exit)
    threading.Thread(target=work).start()


@dsl.pipeline(name="ending")
def ending(how: str, path: str = ""):
    end(how=how, path=path)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "end exited with 7"),
        ("status", "end exited with 5"),
        ("crash", "end was killed by signal 11"),
        ("raise", "ValueError: told to fail"),
    ],
)
def test_how_a_task_ended_is_told_and_harms_no_other(
    pipelines: PipelineClient, tmp_path: Path, how: str, message: str
) -> None:
    result = run(pipelines, ending, how=how)
    assert result.state == "FAILED"
    assert message in result.error
    assert run(pipelines, ending, how="well", path=str(tmp_path / "well")).state == "SUCCEEDED"


@pytest.mark.parametrize("how", ["well", "left open"])
def test_a_task_ends_as_python_does(
    pipelines: PipelineClient, cloud_environment: Any, tmp_path: Path, how: str
) -> None:
    result = run(pipelines, ending, how=how, path=str(tmp_path / "order"))
    assert result.state == "SUCCEEDED", result.error
    assert (tmp_path / "order").read_text() == "thread,atexit,"
    if how == "left open":
        assert (tmp_path / "order.open").read_text() == "flushed"
    job = result.message.name.rpartition("/")[2]
    log = (cloud_environment.home / "logs" / "pipelines" / job / "end.log").read_text()
    assert "printed without a flush" in log
    assert "printed by a library" in log


@component
def leave_behind(path: str, wait: bool):
    import os
    import signal
    import subprocess
    import time

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "1000"])
    with open(path + ".part", "w") as file:
        file.write(f"{os.getppid()} {os.getpid()} {child.pid}")
    os.rename(path + ".part", path)
    if wait:
        time.sleep(1000)


@dsl.pipeline(name="leaving")
def leaving(path: str, wait: bool):
    leave_behind(path=path, wait=wait)


def process_numbers(path: Path) -> list[int]:
    assert eventually(path.exists, 60)
    return [int(each) for each in path.read_text().split()]


@LINUX
def test_what_a_task_leaves_behind_ends_with_it(pipelines: PipelineClient, tmp_path: Path) -> None:
    result = run(pipelines, leaving, path=str(tmp_path / "numbers"), wait=False)
    assert result.state == "SUCCEEDED", result.error
    _, task, child = process_numbers(tmp_path / "numbers")
    assert eventually(lambda: not is_alive(task) and not is_alive(child), 60)


@LINUX
def test_a_killed_warm_process_fails_its_tasks_and_is_replaced(
    pipelines: PipelineClient, tmp_path: Path
) -> None:
    job = pipelines.submit(leaving, {"path": str(tmp_path / "numbers"), "wait": True})
    server, task, _ = process_numbers(tmp_path / "numbers")
    assert parent(task) == server
    os.kill(server, signal.SIGKILL)
    result = pipelines.wait(job)
    assert "leave-behind was killed by signal 9" in result.error
    assert eventually(lambda: not is_alive(task), 60)
    again = run(pipelines, leaving, path=str(tmp_path / "again"), wait=False)
    assert again.state == "SUCCEEDED", again.error
    assert process_numbers(tmp_path / "again")[0] != server


@LINUX
def test_a_killed_process_that_waits_for_its_task_is_replaced(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="describing")
    def describing():
        describe()

    server = described(run(pipelines, describing), "describe")["parent"]
    assert eventually(lambda: children(server), 60)
    waiting = children(server)
    for each in waiting:
        os.kill(each, signal.SIGKILL)
    assert eventually(lambda: children(server) and children(server) != waiting, 60)
    task = described(run(pipelines, describing), "describe")
    assert task["parent"] == server
    assert task["process"] not in waiting


@component
def leave_threads_in_openssl() -> None:
    """Ends while threads that nobody waits for compute keys, as those of google-auth may."""
    import ssl
    import threading

    context = ssl.create_default_context()

    def shake_hands() -> None:
        while True:
            client = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a.test")
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                continue  # there is no server

    for _ in range(8):
        threading.Thread(target=shake_hands, daemon=True).start()


def test_a_task_that_ends_beside_busy_threads_does_not_crash(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="busy")
    def busy():
        for _ in range(4):
            leave_threads_in_openssl()

    result = run(pipelines, busy)
    assert result.state == "SUCCEEDED", result.error


def warm_processes(localcloud: Any) -> list[int]:
    """The processes of a localcloud that have imported what the tests' image preloads."""
    state = read_state(Home(localcloud.home))
    assert state
    started = Path(f"/proc/{state.pid}/task").glob("*/children")
    numbers = [int(each) for file in started for each in file.read_text().split()]
    return [n for n in numbers if b"plistlib" in Path(f"/proc/{n}/cmdline").read_bytes()]


def submit_leaving(folder: str) -> None:
    storage.Client(project=PROJECT).create_bucket(BUCKET)
    client = PipelineClient(Path(folder), Path(folder))
    client.submit(leaving, {"path": f"{folder}/numbers", "wait": True})


@LINUX
def test_warm_processes_and_their_tasks_end_with_localcloud(
    start_localcloud: Any, tmp_path: Path
) -> None:
    own = start_localcloud()
    warm = warm_processes(own)
    own.run(  # in a process of its own: gRPC keeps the certificates of the first localcloud
        f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from tests.pipelines.test_task_processes import submit_leaving
        submit_leaving({str(tmp_path)!r})
        """
    )
    processes = process_numbers(tmp_path / "numbers")
    server, task, _ = processes
    assert server in warm, "it was not there before it was needed"
    assert eventually(lambda: set(children(server)) - {task}, 60)  # which waits for the next task
    processes += [*children(server), *warm]
    assert all(is_alive(each) for each in processes)
    state = read_state(Home(own.home))
    assert state
    os.kill(state.pid, signal.SIGKILL)
    assert eventually(lambda: not any(is_alive(each) for each in processes), 60)


def test_a_cancelled_task_may_clean_up(pipelines: PipelineClient, tmp_path: Path) -> None:
    @component
    def clean_up(folder: str):
        import signal
        import sys
        import time
        from pathlib import Path

        def stop(*_):
            Path(folder, "cleaned").touch()
            sys.exit(3)

        signal.signal(signal.SIGTERM, stop)
        Path(folder, "running").touch()
        time.sleep(1000)

    @dsl.pipeline(name="cleaning")
    def cleaning(folder: str):
        clean_up(folder=folder)

    job = pipelines.submit(cleaning, {"folder": str(tmp_path)})
    assert eventually((tmp_path / "running").exists, 60)
    job.cancel()
    assert pipelines.wait(job).state == "CANCELLED"
    assert (tmp_path / "cleaned").exists()

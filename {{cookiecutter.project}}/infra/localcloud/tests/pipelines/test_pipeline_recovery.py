"""Jobs that run when localcloud is killed go on after its restart; `down` ends them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from kfp import dsl

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.pipelines.pipeline_client import BUCKET, ENDED, IMAGE, PipelineClient, Result
from tests.vertex import LOCATION, PARENT, PROJECT, eventually

component = dsl.component(base_image=IMAGE, install_kfp_package=False)


@component
def note(folder: str, number: int) -> int:
    """Leave a mark of this attempt, and hand on the number."""
    import os
    from pathlib import Path

    Path(folder, f"note-{number}-{os.getpid()}").touch()
    return number


@component
def make(folder: str, number: int, data: dsl.Output[dsl.Dataset]) -> int:
    import os
    from pathlib import Path

    Path(folder, f"make-{number}-{os.getpid()}").touch()
    Path(data.path).mkdir()  # fails where a former attempt has left its output
    Path(data.path, "number").write_text(str(number))
    data.metadata["big"] = 2**60 + number
    Path(folder, f"waits-{number}").write_text(str(os.getpid()))
    if number == 2:
        while not Path(folder, "go").exists():
            __import__("time").sleep(0.02)
    return number


@component
def read_all(data: dsl.Input[list[dsl.Dataset]], numbers: list[int], one: int) -> str:
    from pathlib import Path

    texts = [Path(each.path, "number").read_text() for each in data]
    return f"{texts} {[each.metadata['big'] % 10 for each in data]} {numbers} {one}"


@component
def fail():
    raise RuntimeError("no such luck")


@component
def wait_for(pid_file: str):
    import os
    import time
    from pathlib import Path

    Path(pid_file).write_text(str(os.getpid()))
    time.sleep(600)


@dsl.pipeline(name="long")
def long(folder: str) -> str:
    one = note(folder=folder, number=1).set_caching_options(False)
    with dsl.If(one.output == 1):
        note(folder=folder, number=5).set_caching_options(False)
    with dsl.ParallelFor([1, 2, 3], parallelism=2) as number:
        made = make(folder=folder, number=number).set_caching_options(False)
    fail().set_caching_options(False)
    return read_all(
        data=dsl.Collected(made.outputs["data"]),
        numbers=dsl.Collected(made.outputs["Output"]),
        one=one.output,
    ).output


@dsl.pipeline(name="lingering")
def lingering(folder: str):
    wait_for(pid_file=f"{folder}/waits-2").after(note(folder=folder, number=1))


PIPELINES = {"long": long, "lingering": lingering}


# The client runs in a child process, because gRPC keeps the certificates of the first localcloud
# that a process has talked to.


def job_id(folder: str | Path) -> str:
    """One for each test."""
    return Path(folder).name.replace("_", "-")


def name(folder: str | Path) -> str:
    return f"{PARENT}/pipelineJobs/{job_id(folder)}"


def submit(pipeline: str, *folders: str) -> None:
    """Submit, and wait until the step that waits runs and all that it does not hold up is over."""
    bucket = storage.Client(project=PROJECT).bucket(BUCKET)
    if not bucket.exists():
        bucket.create()
    for folder in folders:
        client = PipelineClient(Path(folder), Path(folder))
        job = client.submit(PIPELINES[pipeline], {"folder": folder}, job_id=job_id(folder))
        client.wait_until(job, partial(holds, pipeline, folder))


def holds(pipeline: str, folder: str, result: Result) -> bool:
    assert result.state == "RUNNING", result.error
    states = list(result.states().values())
    running = sum(state in ("PENDING", "RUNNING") for state in states)
    return Path(folder, "waits-2").exists() and running == (3 if pipeline == "long" else 1)


def cancel(folder: str) -> None:
    PipelineClient(Path(folder), Path(folder)).service().cancel_pipeline_job(name=name(folder))


def describe(*folders: str) -> None:
    """Wait for the end of the jobs, and print what has become of them."""
    print(json.dumps([description(folder) for folder in folders]))


def description(folder: str) -> tuple[str, str, dict[str, Any], Any]:
    client = PipelineClient(Path(folder), Path(folder))
    assert eventually(lambda: client.get(name(folder)).state in ENDED, 60)
    result = Result(client.get(name(folder)))
    tasks = {
        task: {
            "state": detail.state.name,
            "history": [status.state.name for status in detail.pipeline_task_status],
            "notes": [
                each.error.message for each in detail.pipeline_task_status if each.error.code
            ],
            "times": [
                detail.create_time.timestamp(),
                detail.start_time.timestamp(),
                detail.end_time.timestamp(),
            ],
            "id": detail.task_id,
        }
        for task, detail in result.tasks.items()
    }
    output = dict(result.root.execution.metadata).get("output:Output")
    if output is None and "read-all" in result.tasks:
        output = result.output("read-all")
    return result.state, result.error, tasks, output


def call(localcloud: Any, function: Callable[..., None], *arguments: str) -> str:
    done: subprocess.CompletedProcess[str] = localcloud.run(
        f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from google.cloud import aiplatform
        from {__name__} import {function.__name__} as function
        aiplatform.init(project={PROJECT!r}, location={LOCATION!r})
        function(*{arguments!r})
        """
    )
    lines = done.stdout.splitlines()
    return lines[-1] if lines else ""  # the SDK prints what it does before that


def kill(localcloud: Any) -> None:
    os.kill(read_state(Home(localcloud.home)).pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def attempts(folder: Path, name: str) -> int:
    return len(list(folder.glob(f"{name}-*")))


@pytest.fixture(scope="module")
def own(start_localcloud: Callable[[], Any]) -> Any:
    return start_localcloud()


def test_a_job_goes_on_after_localcloud_was_killed(own: Any, tmp_path: Path) -> None:
    folder = str(tmp_path)
    call(own, submit, "long", folder)
    for _ in range(2):  # killed twice, so that what was resumed is resumed
        pid = int((tmp_path / "waits-2").read_text())
        kill(own)
        assert eventually(lambda: is_gone(pid))  # noqa: B023 - used in this iteration only
        (tmp_path / "waits-2").unlink()
        own.up()
        assert eventually((tmp_path / "waits-2").exists, 30)
    (tmp_path / "go").touch()

    state, error, tasks, output = json.loads(call(own, describe, folder))[0]
    assert state == "FAILED"
    assert "no such luck" in error
    assert output == "['1', '2', '3'] [7, 8, 9] [1, 2, 3] 1"
    done = [attempts(tmp_path, name) for name in ("note-1", "note-5", "make-1", "make-3")]
    assert done == [1, 1, 1, 1]
    assert attempts(tmp_path, "make-2") == 3
    loop = "for-loop-3"
    assert {name: task["state"] for name, task in tasks.items()} == {
        "note": "SUCCEEDED",
        "condition-1": "SUCCEEDED",
        "condition-1.note-2": "SUCCEEDED",
        loop: "SUCCEEDED",
        **{f"{loop}.{loop}-iteration-{n}": "SUCCEEDED" for n in range(3)},
        **{f"{loop}.{loop}-iteration-{n}.make": "SUCCEEDED" for n in range(3)},
        "fail": "FAILED",
        "read-all": "SUCCEEDED",
    }
    again = tasks[f"{loop}.{loop}-iteration-1.make"]
    assert again["history"] == ["PENDING", "RUNNING"] * 3 + ["SUCCEEDED"]
    assert ["localcloud was stopped" in each for each in again["notes"]] == [True, True]
    assert tasks["note"]["history"] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert tasks[loop]["history"] == ["PENDING", "RUNNING", "SUCCEEDED"]
    for task in tasks.values():
        assert task["times"] == sorted(task["times"])
    assert len({task["id"] for task in tasks.values()}) == len(tasks)
    assert tasks["note"]["times"][2] < again["times"][2]


SPOIL = """
from pathlib import Path
from google.cloud.aiplatform_v1.types import PipelineJob
from localcloud.store import Store
with Store(Path({database!r})).editing({name!r}, PipelineJob) as job:
    job.pipeline_spec = {{"schemaVersion": "2.0.0"}}
"""


def test_jobs_that_were_cancelled_or_cannot_go_on_end(own: Any, tmp_path: Path) -> None:
    cancelled, spoiled = tmp_path / "cancelled", tmp_path / "spoiled"
    for folder in (cancelled, spoiled):
        folder.mkdir()
    call(own, submit, "lingering", str(cancelled), str(spoiled))
    os.kill(int((cancelled / "waits-2").read_text()), signal.SIGSTOP)  # outlives SIGTERM's grace
    call(own, cancel, str(cancelled))
    kill(own)
    done = own.python(SPOIL.format(database=str(Home(own.home).database), name=name(spoiled)))
    assert done.returncode == 0, done.stderr
    own.up()
    ended = json.loads(call(own, describe, str(cancelled), str(spoiled)))
    states = [
        (state, tasks["note"]["state"], tasks["wait-for"]["state"]) for state, _, tasks, _ in ended
    ]
    assert states == [("CANCELLED", "SUCCEEDED", "CANCELLED"), ("FAILED", "SUCCEEDED", "FAILED")]
    assert "cannot go on after a restart of localcloud: Pipelines of schemaVersion" in ended[1][1]


def test_down_ends_a_job_and_its_steps(own: Any, tmp_path: Path) -> None:
    call(own, submit, "lingering", str(tmp_path))
    assert own.cli("down").returncode == 0
    pid = int((tmp_path / "waits-2").read_text())
    assert eventually(lambda: is_gone(pid))
    own.up()
    state, error, tasks, _ = json.loads(call(own, describe, str(tmp_path)))[0]
    assert state == "FAILED"
    assert "localcloud was stopped while the job ran" in error
    assert {name: task["state"] for name, task in tasks.items()} == {
        "note": "SUCCEEDED",
        "wait-for": "CANCELLED",
    }

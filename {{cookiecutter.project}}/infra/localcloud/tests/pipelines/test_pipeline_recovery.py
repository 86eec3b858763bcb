import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage
from kfp import dsl

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.pipelines.pipeline_client import BUCKET, IMAGE, PipelineClient, Result
from tests.vertex import LOCATION, PARENT, PROJECT

JOB_ID = "lingering-job"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def linger(pid_file: str):
    import os
    import time
    from pathlib import Path

    Path(pid_file).write_text(str(os.getpid()))
    time.sleep(600)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def finish(text: str) -> str:
    return text


@dsl.pipeline(name="lingering")
def lingering(pid_file: str):
    first = finish(text="early")
    linger(pid_file=pid_file).after(first)


@dsl.pipeline(name="finishing")
def finishing():
    finish(text="early")


# The client runs in a child process, because gRPC keeps the certificates of the first localcloud
# that a process has talked to.


def submit_lingering(folder: str) -> None:
    """Submit and wait until the step runs."""
    storage.Client(project=PROJECT).create_bucket(BUCKET)
    client = PipelineClient(Path(folder), Path(folder))
    job = client.submit(lingering, {"pid_file": f"{folder}/pid"}, job_id=JOB_ID)
    client.wait_until(job, lambda _: Path(folder, "pid").exists())


def describe_lingering(folder: str) -> None:
    """Print how the job stands now, and how another one goes."""
    client = PipelineClient(Path(folder), Path(folder))
    job = Result(client.get(f"{PARENT}/pipelineJobs/{JOB_ID}"))
    new = client.run(finishing)
    print(json.dumps([job.state, job.error, job.states(), job.output("finish"), new.state]))


def call(localcloud: Any, function: Callable[[str], None], folder: Path) -> str:
    done: subprocess.CompletedProcess[str] = localcloud.run(
        f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from google.cloud import aiplatform
        from {__name__} import {function.__name__} as function
        aiplatform.init(project={PROJECT!r}, location={LOCATION!r})
        function({str(folder)!r})
        """
    )
    return done.stdout.splitlines()[-1]  # the SDK prints what it does before that


def kill(localcloud: Any) -> None:
    os.kill(read_state(Home(localcloud.home)).pid, signal.SIGKILL)


def stop(localcloud: Any) -> None:
    assert localcloud.cli("down").returncode == 0


@pytest.mark.parametrize(("end", "state"), [(kill, "FAILED"), (stop, "CANCELLED")])
def test_a_job_that_localcloud_leaves_behind_has_failed_and_its_steps_are_gone(
    start_localcloud: Callable[[], Any], tmp_path: Path, end: Callable[[Any], None], state: str
) -> None:
    localcloud = start_localcloud()
    call(localcloud, submit_lingering, tmp_path)
    end(localcloud)
    wait_until_gone(int((tmp_path / "pid").read_text()))

    localcloud.up()
    job, error, states, output, new = json.loads(call(localcloud, describe_lingering, tmp_path))
    assert job == "FAILED"
    assert "localcloud was stopped while the job ran" in error
    assert states == {"finish": "SUCCEEDED", "linger": state}
    assert output == "early"
    assert new == "SUCCEEDED"


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")

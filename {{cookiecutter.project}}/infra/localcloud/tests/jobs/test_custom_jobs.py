"""Custom jobs through the unmodified SDK."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform, storage
from google.cloud.aiplatform_v1 import JobServiceClient
from google.cloud.aiplatform_v1.types import CustomJob, JobState

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.jobs.job_client import MACHINE, PREBUILT, STEPS, client, container, python, result
from tests.vertex import PARENT, connect, eventually, refuses, unique


def custom_job(*pools: dict[str, object], **arguments: Any) -> aiplatform.CustomJob:
    return aiplatform.CustomJob(display_name=unique(), worker_pool_specs=list(pools), **arguments)


def test_a_container_runs_with_vertex_variables(bucket: storage.Bucket) -> None:
    source = """
        import json, os
        from pathlib import Path
        names = ("AIP_MODEL_DIR", "AIP_CHECKPOINT_DIR", "AIP_TENSORBOARD_LOG_DIR", "STEPS_IMAGE",
                 "CLOUD_ML_PROJECT_ID", "CLOUD_ML_REGION", "LETTER")
        values = {name: os.environ[name] for name in names}
        Path(os.environ["OUTPUT"]).write_text(json.dumps(values))
    """
    pool = python("import textwrap; exec(textwrap.dedent('''" + source + "'''))")
    pool["container_spec"]["env"] = [  # type: ignore[index]
        {"name": "LETTER", "value": "ä"},
        {"name": "OUTPUT", "value": f"/gcs/{bucket.name}/values.json"},
    ]
    job = custom_job(pool, base_output_dir=f"gs://{bucket.name}/out")
    job.run()
    assert job.state == JobState.JOB_STATE_SUCCEEDED
    assert job.create_time <= job.start_time <= job.end_time
    output = f"gs://{bucket.name}/out"
    assert json.loads(bucket.blob("values.json").download_as_text()) == {
        "AIP_MODEL_DIR": f"{output}/model/",
        "AIP_CHECKPOINT_DIR": f"{output}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{output}/logs/",
        "STEPS_IMAGE": "yes",
        "CLOUD_ML_PROJECT_ID": "test-project",
        "CLOUD_ML_REGION": "us-central1",
        "LETTER": "ä",
    }


def test_what_pip_installs_is_for_the_replica_alone(bucket: storage.Bucket) -> None:
    """Not for localcloud's own environment, which this image runs in; there may be no pip here."""
    install = 'mkdir -p "$PIP_TARGET" && echo "found = True" > "$PIP_TARGET/installed.py"'
    use = "python -c 'import installed; assert installed.found'"
    custom_job(container("sh", "-c", f"{install} && {use}")).run()
    with pytest.raises(RuntimeError, match="No module named"):
        custom_job(container("sh", "-c", use)).run()


def test_replicas_reach_each_other_by_the_cluster_they_are_told(bucket: storage.Bucket) -> None:
    chief = """
import json, os, socket
spec, tf = json.loads(os.environ["CLUSTER_SPEC"]), json.loads(os.environ["TF_CONFIG"])
assert spec["task"] == {"type": "workerpool0", "index": 0}, spec["task"]
assert tf["task"] == {"type": "chief", "index": 0} and tf["environment"] == "cloud"
assert tf["cluster"]["worker"] == spec["cluster"]["workerpool1"] and len(spec["cluster"]) == 2
assert len(spec["job"]["worker_pool_specs"]) == 2
host, port = spec["cluster"]["workerpool0"][0].split(":")
server = socket.create_server((host, int(port)))
server.settimeout(20)
heard = {server.accept()[0].recv(100) for _ in range(2)}
assert heard == {b"worker 0", b"worker 1"}, heard
"""
    worker = """
import json, os, socket, time
config = json.loads(os.environ["TF_CONFIG"])
host, port = config["cluster"]["chief"][0].split(":")
for _ in range(200):
    try:
        connection = socket.create_connection((host, int(port)))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
connection.sendall(f"{config['task']['type']} {config['task']['index']}".encode())
time.sleep(60)  # the job ends with its chief
"""
    job = custom_job(python(chief), python(worker, replicas=2))
    job.run()
    assert job.state == JobState.JOB_STATE_SUCCEEDED


def test_a_failed_replica_fails_the_job_with_the_end_of_its_log(
    cloud_environment: Any, bucket: storage.Bucket
) -> None:
    job = custom_job(
        python("import time; time.sleep(60)"),
        python("import sys; print('out of luck'); sys.exit(3)"),
    )
    with pytest.raises(RuntimeError, match="workerpool1-0 exited with a non-zero status of 3"):
        job.run()
    assert job.state == JobState.JOB_STATE_FAILED
    assert "out of luck" in job.error.message
    log = cloud_environment.home / "logs" / "jobs" / job.name / "workerpool1-0.log"
    assert log.read_text() == "out of luck\n"


def test_a_job_is_ended_at_its_timeout(bucket: storage.Bucket) -> None:
    job = custom_job(python("import time; time.sleep(60)"))
    with pytest.raises(RuntimeError, match="longer than its timeout of 1 s"):
        job.run(timeout=1)


def test_a_cancelled_job_ends_its_processes(bucket: storage.Bucket) -> None:
    source = """
import os, pathlib, subprocess
child = subprocess.Popen(["sleep", "60"])
pathlib.Path(os.environ["OUTPUT"]).write_text(str(child.pid))
child.wait()
"""
    pool = python(source)
    pool["container_spec"]["env"] = [  # type: ignore[index]
        {"name": "OUTPUT", "value": f"/gcs/{bucket.name}/pid"}
    ]
    job = custom_job(pool)
    job.submit()
    assert eventually(lambda: bucket.blob("pid").exists() and bucket.blob("pid").download_as_text())
    child = Path("/proc", bucket.blob("pid").download_as_text())
    assert child.exists()
    with refuses(FailedPrecondition, "still runs"):
        client().delete_custom_job(name=job.resource_name)
    job.cancel()
    with pytest.raises(RuntimeError, match="cancelled"):
        job.wait_for_completion()
    assert job.state == JobState.JOB_STATE_CANCELLED
    assert eventually(lambda: not child.exists())
    with refuses(FailedPrecondition, "has ended"):
        job.cancel()


def test_a_deleted_job_is_gone(bucket: storage.Bucket) -> None:
    job = custom_job(python("pass"))
    job.run()
    job.delete()
    with pytest.raises(NotFound):
        aiplatform.CustomJob.get(job.resource_name)


def test_jobs_are_listed_by_filter(bucket: storage.Bucket) -> None:
    good = custom_job(python("pass"), labels={"team": bucket.name})
    bad = custom_job(python("raise SystemExit(1)"), labels={"team": bucket.name})
    good.run()
    with pytest.raises(RuntimeError):
        bad.run()
    mine = f'labels.team="{bucket.name}"'
    found = aiplatform.CustomJob.list(filter=mine, order_by="create_time desc")
    assert [job.name for job in found] == [bad.name, good.name]
    failed = aiplatform.CustomJob.list(filter=f'{mine} AND state="JOB_STATE_FAILED"')
    assert [job.name for job in failed] == [bad.name]
    assert not aiplatform.CustomJob.list(filter=f'{mine} AND NOT display_name="t*"')


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ({}, "has 0 pools"),
        ({"worker_pool_specs": [{}]}, r"\[0\] has no task"),
        ({"worker_pool_specs": [{"container_spec": {"image_uri": STEPS}}]}, "machine_type"),
        ({"worker_pool_specs": [container(image="")]}, "names no image"),
        (
            {
                "worker_pool_specs": [container()],
                "base_output_directory": {"output_uri_prefix": "/tmp/out"},  # noqa: S108
            },
            "base_output_directory is '/tmp/out'",
        ),
        (
            {
                "worker_pool_specs": [
                    {
                        "machine_spec": MACHINE,
                        "python_package_spec": {
                            "executor_image_uri": STEPS,
                            "package_uris": ["package.tar.gz"],
                            "python_module": "m",
                        },
                    }
                ]
            },
            "package_uris is 'package.tar.gz'",
        ),
    ],
)
def test_a_malformed_job_is_refused(
    bucket: storage.Bucket, transport: str, spec: dict[str, Any], match: str
) -> None:
    connect(transport)
    with refuses(InvalidArgument, match):
        client(transport).create_custom_job(
            parent=PARENT, custom_job=CustomJob(display_name="job", job_spec=spec)
        )


@pytest.mark.parametrize(
    ("spec", "pool", "field"),
    [
        ({"persistent_resource_id": "mine"}, {}, "job_spec.persistent_resource_id"),
        ({}, {"nfs_mounts": [{"server": "10.0.0.1"}]}, r"worker_pool_specs\[0\].nfs_mounts"),
    ],
)
def test_what_is_not_here_is_refused(
    bucket: storage.Bucket, spec: dict[str, Any], pool: dict[str, Any], field: str
) -> None:
    job_spec = {"worker_pool_specs": [{**container(), **pool}], **spec}
    with refuses(MethodNotImplemented, f"does not support .*{field}"):
        client("grpc").create_custom_job(
            parent=PARENT, custom_job=CustomJob(display_name="job", job_spec=job_spec)
        )


def test_an_image_that_is_not_here_is_named(bucket: storage.Bucket) -> None:
    with refuses(NotFound, "tf-cpu.2-17.*add .*Dockerfile"):
        custom_job(container(image="us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-17")).run()


@pytest.mark.parametrize("image", [PREBUILT, STEPS])
def test_a_local_script_runs_as_a_custom_job(
    bucket: storage.Bucket, script: str, image: str
) -> None:
    job = aiplatform.CustomJob.from_local_script(
        display_name="script",
        script_path=script,
        container_uri=image,
        args=["--epochs", "3"],
        environment_variables={"LETTER": "b"},
    )
    job.run()
    written = result(bucket, job.job_spec.base_output_directory.output_uri_prefix)
    assert written["arguments"] == ["--epochs", "3"]
    assert (written["letter"], written["project"]) == ("b", "test-project")
    assert written["prebuilt"] == ("yes" if image == PREBUILT else None)


def test_jobs_of_a_killed_localcloud_have_failed(
    start_localcloud: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = start_localcloud()
    spec = {"worker_pool_specs": [container("sleep", "60")]}
    job = reach(own, monkeypatch).create_custom_job(
        parent=PARENT, custom_job=CustomJob(display_name="long", job_spec=spec)
    )
    os.kill(read_state(Home(own.home)).pid, signal.SIGKILL)
    own.up()
    after = reach(own, monkeypatch).get_custom_job(name=job.name)
    assert after.state == JobState.JOB_STATE_FAILED
    assert "localcloud was stopped" in after.error.message


def reach(own: Any, patch: pytest.MonkeyPatch) -> JobServiceClient:
    """A client of another localcloud; over REST, as gRPC reads the variables once a process."""
    for name, value in own.environment.items():
        patch.setenv(name, value)
    return client("rest")

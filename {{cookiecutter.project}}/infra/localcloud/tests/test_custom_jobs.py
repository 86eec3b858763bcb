"""Custom jobs and training pipelines through the unmodified SDK."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Localcloud
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform, storage
from google.cloud.aiplatform_v1 import JobServiceClient
from google.cloud.aiplatform_v1.types import CustomJob, JobState
from jobs import MACHINE, PREBUILT, STEPS, client, container, prepare, python
from vertex import IMAGE, PARENT, connect, refuses, unique

from localcloud.home import Home
from localcloud.server_state import read_state

WRITE_MODEL = """
import os, pathlib
folder = pathlib.Path(os.environ["LOCALCLOUD_HOME"], "storage",
                      os.environ["AIP_MODEL_DIR"].removeprefix("gs://"))
folder.mkdir(parents=True)
(folder / "weights").write_text("1 2 3")
"""
SCRIPT = """
import json, os, sys
from google.cloud import storage
uri = os.environ["AIP_MODEL_DIR"] + "result.json"
result = {"arguments": sys.argv[1:], "letter": os.environ.get("LETTER"),
          "prebuilt": os.environ.get("PREBUILT"), "project": os.environ["CLOUD_ML_PROJECT_ID"]}
storage.Blob.from_string(uri, client=storage.Client()).upload_from_string(json.dumps(result))
"""


@pytest.fixture(scope="module")
def bucket(cloud_environment: Localcloud) -> Iterator[storage.Bucket]:
    with pytest.MonkeyPatch.context() as patch:
        yield prepare(patch)


@pytest.fixture
def script(tmp_path: Path) -> str:
    file = tmp_path / "task.py"
    file.write_text(SCRIPT)
    return str(file)


def custom_job(*pools: dict[str, object], **arguments: Any) -> aiplatform.CustomJob:
    return aiplatform.CustomJob(display_name=unique(), worker_pool_specs=list(pools), **arguments)


def result(bucket: storage.Bucket, directory: str) -> dict[str, Any]:
    """What the script wrote below a base output directory."""
    path = f"{directory.removeprefix(f'gs://{bucket.name}/')}/model/result.json"
    read: dict[str, Any] = json.loads(bucket.blob(path).download_as_text())
    return read


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
time.sleep(600)  # the job ends with its chief
"""
    job = custom_job(python(chief), python(worker, replicas=2))
    job.run()
    assert job.state == JobState.JOB_STATE_SUCCEEDED


def test_a_failed_replica_fails_the_job_with_the_end_of_its_log(
    cloud_environment: Localcloud, bucket: storage.Bucket
) -> None:
    job = custom_job(
        python("import time; time.sleep(600)"),
        python("import sys; print('out of luck'); sys.exit(3)"),
    )
    with pytest.raises(RuntimeError, match="workerpool1-0 exited with a non-zero status of 3"):
        job.run()
    assert job.state == JobState.JOB_STATE_FAILED
    assert "out of luck" in job.error.message
    log = cloud_environment.home / "logs" / "jobs" / job.name / "workerpool1-0.log"
    assert log.read_text() == "out of luck\n"


def test_a_job_is_ended_at_its_timeout(bucket: storage.Bucket) -> None:
    job = custom_job(python("import time; time.sleep(600)"))
    with pytest.raises(RuntimeError, match="longer than its timeout of 1 s"):
        job.run(timeout=1)


def test_a_cancelled_job_ends_its_processes(bucket: storage.Bucket) -> None:
    source = """
import os, pathlib, subprocess
child = subprocess.Popen(["sleep", "600"])
pathlib.Path(os.environ["OUTPUT"]).write_text(str(child.pid))
child.wait()
"""
    pool = python(source)
    pool["container_spec"]["env"] = [  # type: ignore[index]
        {"name": "OUTPUT", "value": f"/gcs/{bucket.name}/pid"}
    ]
    job = custom_job(pool)
    job.submit()
    eventually(lambda: bucket.blob("pid").exists() and bucket.blob("pid").download_as_text())
    child = Path("/proc", bucket.blob("pid").download_as_text())
    assert child.exists()
    with refuses(FailedPrecondition, "still runs"):
        client().delete_custom_job(name=job.resource_name)
    job.cancel()
    with pytest.raises(RuntimeError, match="cancelled"):
        job.wait_for_completion()
    assert job.state == JobState.JOB_STATE_CANCELLED
    eventually(lambda: not child.exists())
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


def test_a_training_job_of_a_script_gives_a_model(bucket: storage.Bucket, script: str) -> None:
    job = aiplatform.CustomTrainingJob(
        display_name="training",
        script_path=script,
        container_uri=PREBUILT,
        model_serving_container_image_uri=IMAGE,
        labels={"team": "a"},
    )
    model = job.run(
        base_output_dir=f"gs://{bucket.name}/training",
        model_display_name="trained",
        model_version_aliases=["champion"],
        args=["--epochs=3"],
    )
    assert result(bucket, f"gs://{bucket.name}/training")["arguments"] == ["--epochs=3"]
    assert (model.display_name, model.uri) == ("trained", f"gs://{bucket.name}/training/model")
    assert {"champion", "default"} <= set(model.version_aliases)
    assert model.container_spec.image_uri == IMAGE
    assert model.gca_resource.training_pipeline == job.resource_name
    assert job.get_model().resource_name == model.resource_name
    backing = job.to_dict()["trainingTaskMetadata"]["backingCustomJob"]
    assert aiplatform.CustomJob.get(backing).state == JobState.JOB_STATE_SUCCEEDED
    found = aiplatform.CustomTrainingJob.list(filter='labels.team="a"')
    assert job.resource_name in [each.resource_name for each in found]


def test_a_training_job_of_a_package_runs_its_module(
    bucket: storage.Bucket, script: str, tmp_path: Path
) -> None:
    from google.cloud.aiplatform.utils.source_utils import _TrainingScriptPythonPackager

    packager = _TrainingScriptPythonPackager(script)
    built = tmp_path / "built"
    built.mkdir()
    bucket.blob("trainer-0.1.tar.gz").upload_from_filename(packager.make_package(str(built)))
    job = aiplatform.CustomPythonPackageTrainingJob(
        display_name="package",
        python_package_gcs_uri=f"gs://{bucket.name}/trainer-0.1.tar.gz",
        python_module_name=packager.module_name,
        container_uri=PREBUILT,
    )
    assert job.run(base_output_dir=f"gs://{bucket.name}/package") is None
    assert result(bucket, f"gs://{bucket.name}/package")["prebuilt"] == "yes"


def test_a_training_job_of_a_container_adds_a_version(bucket: storage.Bucket) -> None:
    def train(**arguments: Any) -> aiplatform.Model:
        job = aiplatform.CustomContainerTrainingJob(
            display_name="container",
            container_uri=STEPS,
            command=["python", "-c", WRITE_MODEL],
            model_serving_container_image_uri=IMAGE,
        )
        return job.run(model_display_name="versioned", **arguments)

    first = train(model_id=unique())
    second = train(parent_model=first.resource_name, is_default_version=False)
    assert (first.version_id, second.version_id) == ("1", "2")
    assert first.resource_name == second.resource_name
    assert second.version_aliases == []


def test_training_that_leaves_no_model_fails(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="nothing",
        container_uri=STEPS,
        command=["python", "-c", "pass"],
        model_serving_container_image_uri=IMAGE,
    )
    with pytest.raises(RuntimeError, match="There are no files under"):
        job.run(model_display_name="nothing")


def test_training_that_fails_says_why(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="failing", container_uri=STEPS, command=["python", "-c", "print(1/0)"]
    )
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        job.run()
    assert job.has_failed


def test_cancelled_training_cancels_its_custom_job(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="long", container_uri=STEPS, command=["sleep", "600"]
    )
    job.submit()
    eventually(lambda: job.state and job.to_dict().get("trainingTaskMetadata"))
    job.cancel()
    eventually(lambda: job.state.name == "PIPELINE_STATE_CANCELLED")
    backing = job.to_dict()["trainingTaskMetadata"]["backingCustomJob"]
    assert aiplatform.CustomJob.get(backing).state == JobState.JOB_STATE_CANCELLED


def test_jobs_of_a_killed_localcloud_have_failed(
    start_localcloud: Callable[[], Localcloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = start_localcloud()
    spec = {"worker_pool_specs": [container("sleep", "600")]}
    job = reach(own, monkeypatch).create_custom_job(
        parent=PARENT, custom_job=CustomJob(display_name="long", job_spec=spec)
    )
    os.kill(read_state(Home(own.home)).pid, signal.SIGKILL)
    own.up()
    after = reach(own, monkeypatch).get_custom_job(name=job.name)
    assert after.state == JobState.JOB_STATE_FAILED
    assert "localcloud was stopped" in after.error.message


def reach(own: Localcloud, patch: pytest.MonkeyPatch) -> JobServiceClient:
    """A client of another localcloud; over REST, as gRPC reads the variables once a process."""
    for name, value in own.environment.items():
        patch.setenv(name, value)
    return client("rest")

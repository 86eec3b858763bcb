"""Code that makes a `/gcs/` path itself finds Cloud Storage there, as on Vertex AI."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform, storage
from kfp import dsl

from localcloud import gcs_mount
from tests.conftest import SOURCES
from tests.pipelines.pipeline_client import IMAGE, PipelineClient
from tests.vertex import LOCATION, PROJECT, unique


@pytest.fixture
def bucket(cloud_environment: Any) -> storage.Bucket:
    if not gcs_mount.launcher({"LOCALCLOUD_HOME": str(cloud_environment.home)})[-1]:
        pytest.skip("this machine does not allow mount namespaces")
    return storage.Client(project=PROJECT).create_bucket(unique())


@dsl.component(base_image=IMAGE)
def copy(bucket: str):
    from pathlib import Path

    folder = Path("/", "gcs", bucket)
    (folder / "copy").write_text((folder / "original").read_text())


@dsl.container_component
def copy_in_shell(bucket: str):
    return dsl.ContainerSpec(
        image=IMAGE,
        command=["sh", "-c", 'root=/g; cp "${root}cs/$0/original" "${root}cs/$0/shell-copy"'],
        args=[bucket],
    )


@dsl.pipeline(name="copying")
def copying(bucket: str):
    copy(bucket=bucket)
    copy_in_shell(bucket=bucket)


def test_a_task_finds_cloud_storage(
    pipelines: PipelineClient, bucket: storage.Bucket, cloud_environment: Any
) -> None:
    bucket.blob("original").upload_from_string("content")
    result = pipelines.run(copying, {"bucket": bucket.name}, enable_caching=False)
    assert result.state == "SUCCEEDED", result.error
    for name in ("copy", "shell-copy"):
        assert bucket.blob(name).download_as_text() == "content"
        file = cloud_environment.home / "storage" / bucket.name / name
        assert file.stat().st_uid == os.getuid()


def test_a_custom_job_finds_cloud_storage(
    bucket: storage.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.cloud.aiplatform.jobs._JOB_WAIT_TIME", 0.1)
    aiplatform.init(project=PROJECT, location=LOCATION, staging_bucket=f"gs://{bucket.name}")
    program = f"open('/'.join(['', 'gcs', '{bucket.name}', 'made']), 'w').write('by the job')"
    container = {"image_uri": IMAGE, "command": ["python", "-c", program]}
    pool = {"machine_spec": {"machine_type": "n1-standard-4"}, "replica_count": 1}
    aiplatform.CustomJob("mounted", [{**pool, "container_spec": container}]).run()
    assert bucket.blob("made").download_as_text() == "by the job"


def test_a_machine_without_mount_namespaces_is_told_why(tmp_path: Path) -> None:
    program = f"""
import subprocess
from pathlib import Path
from localcloud import gcs_mount

home = Path({str(tmp_path)!r})
launcher = gcs_mount.launcher({{"LOCALCLOUD_HOME": str(home)}})
print(subprocess.check_output([*launcher, "echo", "it runs"], text=True))
print(gcs_mount.explain("no /gcs/bucket", home / "storage"))
"""
    (tmp_path / "storage").mkdir()
    refuse = 'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user"]
    done = subprocess.run(
        [*unshare, "sh", "-c", refuse, "sh", sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip("this machine does not allow user namespaces")
    assert "it runs" in done.stdout, done.stderr
    assert "Cloud Storage is not at /gcs here" in done.stdout
    assert "No space left on device" in done.stdout  # how Linux calls this refusal

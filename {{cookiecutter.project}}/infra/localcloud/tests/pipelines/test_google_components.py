"""Google Cloud Pipeline Components: their launchers create resources of the local Vertex AI.

It installs the image's environment and waits for the launcher's slow polls, so it runs where
`LOCALCLOUD_TEST_GOOGLE_COMPONENTS` is set. The component is written out, since the components'
package and google-cloud-aiplatform 2 exclude each other.
"""

import os

import pytest
from google.cloud import aiplatform
from kfp import dsl

from tests.pipelines.pipeline_client import IMAGE, PipelineClient
from tests.vertex import LOCATION, PROJECT, unique

pytestmark = pytest.mark.skipif(
    not os.environ.get("LOCALCLOUD_TEST_GOOGLE_COMPONENTS"),
    reason="LOCALCLOUD_TEST_GOOGLE_COMPONENTS is not set",
)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def replicas() -> int:
    return 1


@dsl.container_component
def custom_training_job(display_name: str, worker_pool_specs: list, resources: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="gcr.io/ml-pipeline/google-cloud-pipeline-components:2.22.0",
        command=[
            "python3",
            "-u",
            "-m",
            "google_cloud_pipeline_components.container.v1.custom_job.launcher",
        ],
        args=[
            "--type",
            "CustomJob",
            "--payload",
            f'{{"display_name": "{display_name}", "job_spec":'
            f' {{"worker_pool_specs": {worker_pool_specs}}}}}',
            "--project",
            PROJECT,
            "--location",
            LOCATION,
            "--gcp_resources",
            resources,
        ],
    )


def test_a_launcher_runs_a_custom_job(pipelines: PipelineClient) -> None:
    name = unique()

    @dsl.pipeline(name="launching")
    def launching(display_name: str):
        custom_training_job(
            display_name=display_name,
            worker_pool_specs=[
                {
                    "replica_count": replicas().output,
                    "machine_spec": {"machine_type": "n1-standard-4"},
                    "container_spec": {"image_uri": "alpine", "command": ["echo", "trained"]},
                }
            ],
        )

    result = pipelines.wait(pipelines.submit(launching, {"display_name": name}), seconds=280)
    assert result.error == ""
    (job,) = aiplatform.CustomJob.list(filter=f'display_name="{name}"')
    assert job.state.name == "JOB_STATE_SUCCEEDED"
    assert job.resource_name in result.output("custom-training-job", "resources")

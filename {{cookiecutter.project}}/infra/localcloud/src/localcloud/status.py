"""What a localcloud runs at the moment."""

from collections.abc import Iterator

from google.cloud.aiplatform_v1.types import Endpoint, PipelineJob, PipelineState

from localcloud.cloud import Cloud

_AT_WORK = (PipelineState.PIPELINE_STATE_PENDING, PipelineState.PIPELINE_STATE_RUNNING)


def what_runs(cloud: Cloud) -> dict[str, list[str]]:
    """Names of the pipeline jobs at work and of the deployed models."""
    return {
        "pipeline jobs at work": list(_jobs_at_work(cloud)),
        "deployed models": list(_deployed_models(cloud)),
    }


def _jobs_at_work(cloud: Cloud) -> Iterator[str]:
    for collection in cloud.store.collections("/pipelineJobs"):
        for job in cloud.store.in_collection(collection, PipelineJob):
            if job.state in _AT_WORK:
                yield job.name


def _deployed_models(cloud: Cloud) -> Iterator[str]:
    for collection in cloud.store.collections("/endpoints"):
        for endpoint in cloud.store.in_collection(collection, Endpoint):
            for deployed in endpoint.deployed_models:
                yield f"{deployed.model} on {endpoint.name}"

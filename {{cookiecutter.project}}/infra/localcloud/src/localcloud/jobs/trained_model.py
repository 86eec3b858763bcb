"""The upload of the model that a training pipeline has trained."""

from typing import Any

from google.cloud.aiplatform_v1.types import Model, UploadModelRequest, UploadModelResponse

from localcloud.jobs.job import Job
from localcloud.vertex import model_service
from localcloud.vertex.resources import location


def upload(job: Job, model: Model) -> str:
    """Upload a model under the names that the pipeline gives, and note it there.

    Args:
        job: the training pipeline's.
        model: what the pipeline describes, completed by its training.

    Returns:
        The model's resource name with its version.

    Raises:
        GoogleAPICallError: the model cannot be uploaded as it is described.
    """
    pipeline = job.resource
    model.training_pipeline = job.name
    request = UploadModelRequest(
        parent=location(job.name),
        model=model,
        model_id=pipeline.model_id,
        parent_model=pipeline.parent_model,
    )
    operation = model_service.upload_model(job.cloud, request)
    uploaded: Any = UploadModelResponse.pb(UploadModelResponse())
    operation.response.Unpack(uploaded)
    with job.editing() as resource:
        resource.model_to_upload.name = uploaded.model
        resource.model_to_upload.version_id = uploaded.model_version_id
        resource.model_to_upload.artifact_uri = model.artifact_uri
    return f"{uploaded.model}@{uploaded.model_version_id}"

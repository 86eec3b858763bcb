"""Ask a version for logged requests, before it gets any traffic.

Vertex AI neither mirrors traffic nor lets one address a deployed model without traffic, so this is
a batch prediction job.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.registry.models import get_version, make_champion
from mlops.release.request_log import read_prediction

if TYPE_CHECKING:
    from google.cloud import aiplatform, storage

    from mlops.release.request_log import RequestLog
    from mlops.settings import Settings

_LONGEST_POLL = 30.0  # seconds


@dataclass(frozen=True)
class RegisteredModels:
    """The versions of a model, as a release needs them.

    Attributes:
        settings: of the environment.
        name: of the model.
        log: of the endpoint's requests.
        storage: client of Cloud Storage.
    """

    settings: Settings
    name: str
    log: RequestLog
    storage: storage.Client

    def replay(self, version: str) -> str:
        """Asks the version for logged requests; gives what is wrong, or nothing.

        AutoML's models are not asked: their batch predictions read tables, not JSON lines, and
        their server is Vertex AI's own.
        """
        model = get_version(self.name, version)
        if not model.uri:
            return ""
        limits = self.settings.release.replay
        instances = self.log.latest_instances(limits.requests) if limits.requests else []
        if not instances:
            return ""
        folder = f"rollouts/replay/{self.name}/{version}-{time.time_ns()}"
        bucket = self.storage.bucket(self.settings.bucket)
        bucket.blob(f"{folder}/instances.jsonl").upload_from_string("\n".join(instances))
        try:
            state = self._predict(model, folder)
            answered = self._count_valid(folder)
        finally:  # requests may be personal: they stay in the log alone
            bucket.delete_blobs(list(bucket.list_blobs(prefix=folder)))
        failed = len(instances) - answered
        if failed * 100 <= limits.max_error_percent * len(instances):
            return ""
        return f"{failed} of {len(instances)} logged requests got no valid prediction ({state})"

    def make_champion(self, version: str) -> None:
        """Gives the version the alias champion; again is as good as once."""
        make_champion(get_version(self.name, version))

    def _predict(self, model: aiplatform.Model, folder: str) -> str:
        """Runs the job to its end; gives its last state."""
        from google.cloud.aiplatform import gapic, initializer

        resources, serving = initializer.global_config, self.settings.serving
        jobs = resources.create_client(gapic.JobServiceClient)
        place = f"gs://{self.settings.bucket}/{folder}"
        job = jobs.create_batch_prediction_job(
            parent=resources.common_location_path(),
            batch_prediction_job={
                "display_name": f"{self.name}-replay",
                "model": f"{model.resource_name}@{model.version_id}",
                "input_config": {
                    "instances_format": "jsonl",
                    "gcs_source": {"uris": [f"{place}/instances.jsonl"]},
                },
                "output_config": {
                    "predictions_format": "jsonl",
                    "gcs_destination": {"output_uri_prefix": f"{place}/output"},
                },
                "dedicated_resources": {
                    "machine_spec": {"machine_type": serving.machine_type},
                    "starting_replica_count": 1,
                    "max_replica_count": 1,
                },
            },
        )
        pause = 0.25
        while job.state.name not in _ENDED:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL)
            job = jobs.get_batch_prediction_job(name=job.name)
        return str(job.state.name)

    def _count_valid(self, folder: str) -> int:
        problem = self.settings.features.problem
        bucket = self.storage.bucket(self.settings.bucket)
        return sum(
            read_prediction(json.dumps(json.loads(line)["prediction"]), problem) is not None
            for blob in bucket.list_blobs(prefix=f"{folder}/output")
            if "/prediction.results-" in blob.name
            for line in blob.download_as_text().splitlines()
        )


_ENDED = (
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
)

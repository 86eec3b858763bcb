"""What the tests of model monitoring share: an endpoint, its requests and what is found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from google.cloud import aiplatform, storage
from google.cloud.aiplatform import model_monitoring
from google.cloud.aiplatform_v1 import JobServiceClient
from google.cloud.aiplatform_v1.types import (
    ModelDeploymentMonitoringJob,
    ModelDeploymentMonitoringObjectiveType,
)

from localcloud.clock import Clock
from localcloud.home import Home
from tests.conftest import Localcloud
from tests.vertex import OPTIONS, eventually, unique

HOUR = timedelta(hours=1)
PATIENCE = 60  # seconds
SKEW = ModelDeploymentMonitoringObjectiveType.RAW_FEATURE_SKEW
DRIFT = ModelDeploymentMonitoringObjectiveType.RAW_FEATURE_DRIFT

ROWS = [{"miles": number / 10, "company": "ab"[number % 2]} for number in range(100)]
FAR = [{**row, "miles": row["miles"] + 50} for row in ROWS]  # nothing in common with ROWS
CSV = "miles,company,tips\n" + "".join(f"{row['miles']},{row['company']},1\n" for row in ROWS)


class MonitoringClient:
    """One endpoint with one deployed model and at most one job."""

    def __init__(
        self, localcloud: Localcloud, bucket: storage.Bucket, model: aiplatform.Model
    ) -> None:
        self.localcloud = localcloud
        self.bucket = bucket
        self.home = Home(localcloud.home)
        self.clock = Clock(self.home.clock)
        self.endpoint = aiplatform.Endpoint.create(display_name=unique())
        self.endpoint.deploy(model)
        self.deployed_model: str = self.endpoint.list_models()[0].id
        self.jobs = JobServiceClient(transport="rest", client_options=OPTIONS)

    def upload(self, content: str | bytes, name: str = "") -> str:
        """Put a file into the bucket; its URI."""
        blob = self.bucket.blob(f"data/{name or unique()}")
        blob.upload_from_string(content)
        return f"gs://{self.bucket.name}/{blob.name}"

    def create(self, **arguments: Any) -> aiplatform.ModelDeploymentMonitoringJob:
        """Monitor the endpoint each hour, and wait for the job to run if it can."""
        defaults = {
            "endpoint": self.endpoint,
            "display_name": "watch",
            "objective_configs": self.skew(),
            "logging_sampling_strategy": model_monitoring.RandomSampleConfig(sample_rate=1.0),
            "schedule_config": model_monitoring.ScheduleConfig(monitor_interval=1),
            "alert_config": model_monitoring.EmailAlertConfig(user_emails=["a@example.com"]),
            "stats_anomalies_base_directory": f"gs://{self.bucket.name}/results",
        }
        self.leave_the_hour()
        return aiplatform.ModelDeploymentMonitoringJob.create(**{**defaults, **arguments})

    def skew(self, **arguments: Any) -> model_monitoring.ObjectiveConfig:
        """Skew from the rows above."""
        source = {"data_source": self.upload(CSV), "data_format": "csv", "target_field": "tips"}
        defaults = {**source, "skew_thresholds": {"miles": 0.3, "company": 0.3}}
        config = model_monitoring.SkewDetectionConfig(**{**defaults, **arguments})
        return model_monitoring.ObjectiveConfig(skew_detection_config=config)

    def leave_the_hour(self) -> None:
        """Keep the end of an hour, when jobs run, out of the test."""
        if self.clock.now().minute >= 55:
            self.clock.advance(timedelta(minutes=6))

    def ask(self, instances: Sequence[Any]) -> None:
        """Have the model predict these."""
        self.endpoint.predict(list(instances))

    def get(self, job: Any) -> ModelDeploymentMonitoringJob:
        """The job's resource as it stands."""
        return self.jobs.get_model_deployment_monitoring_job(name=job.resource_name)

    def pass_an_hour(self, job: Any) -> ModelDeploymentMonitoringJob:
        """Move the clock until the job is due, and wait for its run to end."""
        due = self.get(job).next_schedule_time
        self.clock.advance(HOUR)
        assert self.waits(lambda: self.get(job).next_schedule_time > due), self.get(job)
        return self.get(job)

    def waits(self, condition: Any) -> bool:
        """Whether the condition comes true in time."""
        return eventually(condition, PATIENCE)

    def search(self, job: Any, objective: int = SKEW, **fields: Any) -> Any:
        """The statistics of an objective, or None if there are none."""
        request = {
            "model_deployment_monitoring_job": job.resource_name,
            "deployed_model_id": self.deployed_model,
            "objectives": [{"type_": objective}],
            **fields,
        }
        answer = self.jobs.search_model_deployment_monitoring_stats_anomalies(request=request)
        return next(iter(answer.monitoring_stats), None)

    def distances(self, job: Any, objective: int = SKEW) -> dict[str, list[float]]:
        """The distances of each feature, window by window."""
        stats = self.search(job, objective)
        return {
            feature.feature_display_name: [
                each.distribution_deviation for each in feature.prediction_stats
            ]
            for feature in (stats.feature_stats if stats else [])
        }

    def read(self, uri: str) -> bytes:
        """The content of an object."""
        return bytes(self.bucket.blob(uri.split("/", 3)[3]).download_as_bytes())

    def delete_job(self) -> None:
        """Delete the endpoint's job, if it has one."""
        endpoint = aiplatform.Endpoint(self.endpoint.resource_name).gca_resource
        if name := endpoint.model_deployment_monitoring_job:
            self.jobs.delete_model_deployment_monitoring_job(name=name)

    def close(self) -> None:
        """Delete the job and the endpoint."""
        self.delete_job()
        self.endpoint.delete(force=True)

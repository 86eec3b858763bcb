"""Runs monitoring jobs when their times come."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import httpx
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud.aiplatform_v1.types import JobState, ModelDeploymentMonitoringJob
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.bigquery.client import BigQuery
from localcloud.monitoring import alerts, instance_schemas, serving_logs, training_data
from localcloud.monitoring.analysis import Analysis, Data, Outcome, Window
from localcloud.monitoring.history import History
from localcloud.monitoring.result_files import ResultFiles
from localcloud.monitoring.timetable import next_time, window
from localcloud.schedules.alarm import Alarm

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Job: TypeAlias = ModelDeploymentMonitoringJob
ScheduleState = Job.MonitoringScheduleState

_RETRY = timedelta(seconds=5)  # until a job is tried again that could not be followed
_LONGEST_STATUS = 2000  # characters
_LOG = logging.getLogger(__name__)


class MonitoringRunner:
    """Follows the jobs that are kept; what it does is durable, run by run."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.history = History(cloud.store)
        self._alarm = Alarm("model monitoring", cloud.clock, self._run_what_is_due)

    @cached_property
    def bigquery(self) -> BigQuery:
        """Where the logs and training data are."""
        return BigQuery(self._cloud.environment)

    def recover(self) -> None:
        """Go on with the jobs of an earlier server; runs that it missed are made up for."""
        for job in self._jobs():
            self.follow(job)
        self._alarm.start()

    def follow(self, job: Job) -> None:
        """Log the requests of a new or changed job's endpoint, and look whether it is due."""
        rate = job.logging_sampling_strategy.random_sample_config.sample_rate
        table = job.bigquery_tables[0].bigquery_table_path
        self._cloud.request_logs.sample(job.endpoint, table, rate, written=self._alarm.wake)
        self._alarm.wake()

    def forget(self, job: Job) -> None:
        """Log no more for a job that is deleted."""
        table = job.bigquery_tables[0].bigquery_table_path
        self._cloud.request_logs.stop_sampling(job.endpoint, table)

    def stop(self) -> None:
        """Let the run that is under way end, and begin no other."""
        self._alarm.stop()

    def _run_what_is_due(self) -> datetime | None:
        times = []
        for job in self._jobs():
            try:
                times.append(self._advance(job))
            except Exception:
                _LOG.exception("model monitoring job %s", job.name)
                times.append(self._cloud.clock.now() + _RETRY)
        return min((time for time in times if time), default=None)

    def _advance(self, job: Job) -> datetime | None:
        """Take one job one step further; returns when to look at it again."""
        if job.state not in (JobState.JOB_STATE_PENDING, JobState.JOB_STATE_RUNNING):
            return None
        due = datetime.fromtimestamp(job.next_schedule_time.timestamp(), UTC)
        is_due = due <= self._cloud.clock.now()
        try:
            if job.state == JobState.JOB_STATE_PENDING:
                job = self._start(job, is_due)
            return self._run(job, due) if is_due else due
        except NotFound:
            if self._cloud.store.exists(job.name):
                raise
            self.history.forget(job.name)
            return None  # it was deleted meanwhile

    def _start(self, job: Job, is_due: bool) -> Job:
        """Let a job run as soon as the schema of its instances is known."""
        found = instance_schemas.find(self._cloud, self.bigquery, job, is_due)
        with self._cloud.store.editing(job.name, Job) as edited:
            if found and edited.state == JobState.JOB_STATE_PENDING:
                edited.state = JobState.JOB_STATE_RUNNING
                edited.schedule_state = ScheduleState.OFFLINE
                edited.predict_instance_schema_uri = found.predict
                edited.analysis_instance_schema_uri = found.analysis
        return edited

    def _run(self, job: Job, due: datetime) -> datetime | None:
        """Analyse the window that ends when the job was due, and say when it is due next."""
        now = self._cloud.clock.now()
        outcome = Outcome()
        job = self._begin(job)
        if job.state == JobState.JOB_STATE_PAUSED:
            return None
        if job.state == JobState.JOB_STATE_RUNNING:
            outcome = self._analyse(job, window(job, due))
            alerts.send(self._cloud.home, job, outcome, now)
        following = next_time(job, due, now)
        latest = Job.LatestMonitoringPipelineMetadata(run_time=now, status=_status(outcome))
        with self._cloud.store.editing(job.name, Job) as edited:
            edited.latest_monitoring_pipeline_metadata = latest
            if edited.next_schedule_time == job.next_schedule_time:  # else it was changed meanwhile
                edited.next_schedule_time = following
            if edited.state == JobState.JOB_STATE_RUNNING:
                edited.schedule_state = ScheduleState.OFFLINE
        return following

    def _begin(self, job: Job) -> Job:
        with self._cloud.store.editing(job.name, Job) as edited:
            if edited.state == JobState.JOB_STATE_RUNNING:
                edited.schedule_state = ScheduleState.RUNNING
        return edited

    def _analyse(self, job: Job, when: Window) -> Outcome:
        try:
            self._cloud.request_logs.flush(job.endpoint)
            schema = instance_schemas.read(self._cloud, job)
            files = ResultFiles(
                self._cloud.home.storage, job.stats_anomalies_base_directory.output_uri_prefix
            )
            return Analysis(job, schema, self._data(job), self.history, files).run(when)
        except GoogleAPICallError as error:
            return Outcome(problems=[str(error.message)])
        except httpx.TransportError:  # BigQuery stops with localcloud: the run is made up for
            raise
        except Exception as error:
            _LOG.exception("model monitoring job %s", job.name)
            return Outcome(problems=[f"localcloud failed: {type(error).__name__}: {error}"])

    def _data(self, job: Job) -> Data:
        table = job.bigquery_tables[0].bigquery_table_path
        return Data(
            instances=lambda model, when: serving_logs.instances(self.bigquery, table, model, when),
            training=lambda source: list(training_data.read(self._cloud, self.bigquery, source)),
        )

    def _jobs(self) -> list[Job]:
        store = self._cloud.store
        return [
            job
            for collection in store.collections("/modelDeploymentMonitoringJobs")
            for job in store.in_collection(collection, Job)
        ]


def _status(outcome: Outcome) -> Status:
    if outcome.problems:
        message = " ".join(outcome.problems)[:_LONGEST_STATUS]
        return Status(code=StatusCode.INVALID_ARGUMENT.value[0], message=message)
    if not outcome.instances:
        return Status(message="No requests were logged in the window.")
    return Status()

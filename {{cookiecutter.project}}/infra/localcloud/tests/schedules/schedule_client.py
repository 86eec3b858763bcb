"""Makes schedules as a user does, moves the clock and looks at the runs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.services.schedule_service import ScheduleServiceClient
from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState, Schedule
from kfp import compiler, dsl

from localcloud.clock import Clock
from tests.conftest import Localcloud
from tests.pipelines.pipeline_client import BUCKET, ENDED, IMAGE
from tests.vertex import LOCATION, OPTIONS, PARENT, PROJECT, eventually, unique

PATIENCE = 60.0
HOUR = timedelta(hours=1)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def wait_for(file: str, scheduled: str) -> str:
    import time
    from pathlib import Path

    while not Path(file).exists():
        time.sleep(0.05)
    return scheduled


@dsl.pipeline(name="scheduled")
def scheduled(file: str):
    wait_for(file=file, scheduled=dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER)


class ScheduleClient:
    """Schedules of a pipeline whose runs end once `finish` is called."""

    def __init__(self, localcloud: Localcloud, folder: Path) -> None:
        self.localcloud = localcloud
        self.clock = Clock(localcloud.home / "clock")
        self.api = ScheduleServiceClient(transport="rest", client_options=OPTIONS)
        self._folder = folder
        self._file = folder / "finish"
        self._made: list[str] = []

    def close(self) -> None:
        """Let the runs end and delete the schedules, so that other tests have no company."""
        self.finish()
        for name in self._made:
            if any(each.name == name for each in self.api.list_schedules(parent=PARENT)):
                self.api.delete_schedule(name=name).result()

    def finish(self) -> None:
        """Let all runs end, those of the future at once."""
        self._file.touch()

    @property
    def cron(self) -> str:
        """An hourly cron whose next time is half an hour away."""
        return f"{(self.clock.now() + HOUR / 2).minute} * * * *"

    def pipeline_job(self) -> aiplatform.PipelineJob:
        path = self._folder / "pipeline.yaml"
        compiler.Compiler().compile(scheduled, str(path))
        template = self._folder / "pipeline.json"  # the SDK looks for its type in the name
        template.write_text(json.dumps(yaml.safe_load(path.read_text())))
        return aiplatform.PipelineJob(
            display_name="scheduled",
            template_path=str(template),
            pipeline_root=f"gs://{BUCKET}/root",
            parameter_values={"file": str(self._file)},
            enable_caching=False,
            project=PROJECT,
            location=LOCATION,
        )

    def message(self, **fields: Any) -> Schedule:
        """A schedule that Vertex would take, but for these fields."""
        job = self.pipeline_job()
        request = {
            "parent": PARENT,
            "pipeline_job": {
                "pipeline_spec": job.pipeline_spec,
                "runtime_config": job.runtime_config,
            },
        }
        defaults = {
            "display_name": unique(),
            "cron": self.cron,
            "max_concurrent_run_count": 1,
            "create_pipeline_job_request": request,
        }
        return Schedule({**defaults, **fields})

    def create(self, **fields: Any) -> Schedule:
        made = self.api.create_schedule(parent=PARENT, schedule=self.message(**fields))
        self._made.append(made.name)
        return made

    def get(self, schedule: Schedule) -> Schedule:
        return self.api.get_schedule(name=schedule.name)

    def pass_time_until(self, schedule: Schedule, runs: int = 1) -> None:
        """Move the clock to the time of a schedule's next run, or of a later one."""
        due = self.get(schedule).next_run_time + (runs - 1) * HOUR
        self.clock.advance(max(due - self.clock.now(), timedelta()))

    def starts(self, schedule: Schedule, count: int) -> bool:
        """Whether so many runs are started in time; there are no more at that time."""
        eventually(lambda: self.get(schedule).started_run_count >= count, PATIENCE)
        return self.get(schedule).started_run_count == count == len(self.jobs(schedule))

    def has_state(self, schedule: Schedule, state: Schedule.State) -> bool:
        return eventually(lambda: self.get(schedule).state == state, PATIENCE)

    def jobs(self, schedule: Schedule) -> list[PipelineJob]:
        """The runs of a schedule, newest first."""
        found = aiplatform.PipelineJob.list(
            filter=f"schedule_name={schedule.name}", enable_simple_view=False
        )
        return [job.gca_resource for job in found]

    def active(self, schedule: Schedule) -> int:
        return sum(job.state not in ENDED for job in self.jobs(schedule))

    def ends_well(self, name: str) -> bool:
        """Whether a run succeeds in time."""
        job = aiplatform.PipelineJob.get(name)
        eventually(lambda: job.state in ENDED, PATIENCE)
        return job.state == PipelineState.PIPELINE_STATE_SUCCEEDED

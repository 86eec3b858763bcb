"""The pipeline jobs that a schedule starts; their ids say for what time."""

import re
import uuid
from datetime import datetime
from typing import Any

from google.cloud.aiplatform_v1.types import CreatePipelineJobRequest

_TIME = "%Y%m%d%H%M%S"
_JOB_ID = re.compile(r"schedule-\d+-(\d{14})-[0-9a-f]{6}")


def run_request(schedule: Any, due: datetime) -> CreatePipelineJobRequest:
    """The request that starts a schedule's run for a time."""
    request = CreatePipelineJobRequest(schedule.create_pipeline_job_request)
    _, _, schedule_id = schedule.name.rpartition("/")
    # the clock can be set back, so a time may come again
    request.pipeline_job_id = f"schedule-{schedule_id}-{due:{_TIME}}-{uuid.uuid4().hex[:6]}"
    request.pipeline_job.schedule_name = schedule.name
    return request


def scheduled_time(job: Any) -> str:
    """The time that a pipeline job was scheduled for, as RFC 3339; empty if no schedule did."""
    match = _JOB_ID.fullmatch(job.name.rpartition("/")[2]) if job.schedule_name else None
    return f"{datetime.strptime(match[1], _TIME):%Y-%m-%dT%H:%M:%SZ}" if match else ""

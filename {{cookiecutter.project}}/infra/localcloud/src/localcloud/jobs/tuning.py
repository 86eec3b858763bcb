"""Runs a HyperparameterTuningJob: trials, several at a time, each a CustomJob."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from google.cloud.aiplatform_v1.types import (
    ContainerSpec,
    CustomJob,
    CustomJobSpec,
    HyperparameterTuningJob,
    Measurement,
    PythonPackageSpec,
    StudySpec,
    Trial,
)

from localcloud.jobs.cluster import has_task
from localcloud.jobs.custom_job import CustomJobWork
from localcloud.jobs.job import Job, JobFailed, State
from localcloud.studies import measurements, optimiser
from localcloud.studies.search_space import Choice, Point
from localcloud.vertex import job_resources
from localcloud.vertex.resources import now

_POLL_SECONDS = 0.1
_FAILED_TRIALS = 5  # that end a job whose max_failed_trial_count leaves it to Vertex


@dataclass
class Tuning:
    """How a tuning job is done; one object does one job."""

    _running: dict[str, Job] = field(default_factory=dict)  # by trial id
    _exhausted: bool = False  # the grid has no more points

    def __call__(self, job: Job) -> None:
        """Try points until there were as many trials as wanted.

        Raises:
            JobFailed: too many trials have failed.
            JobCancelled: the job was cancelled.
        """
        job.start()
        try:
            while self._fill(job) or self._running:
                job.sleep(_POLL_SECONDS)
                self._update(job)
                _check_failures(job.resource)
        finally:
            self._end(job)

    def _fill(self, job: Job) -> bool:
        """Start as many trials as may run; whether more may follow."""
        tuning = job.resource
        left = tuning.max_trial_count - len(tuning.trials)
        free = min(tuning.parallel_trial_count - len(self._running), left)
        if free > 0 and not self._exhausted:
            found = optimiser.suggest(tuning.study_spec, tuning.trials, free, job.name)
            self._exhausted = len(found) < free
            for point in found:
                self._start(job, point)
        return left > 0 and not self._exhausted

    def _start(self, job: Job, point: Point) -> None:
        tuning = job.resource
        trial_id = str(len(tuning.trials) + 1)
        _metric_file(job, trial_id).parent.mkdir(parents=True)
        child = job_resources.create(
            job.cloud,
            job.name.rsplit("/", 2)[0],
            _custom_job(tuning, trial_id, point),
            CustomJobWork(_variables(job, trial_id), trial_id),
        )
        with job.editing() as resource:
            resource.trials.append(
                Trial(
                    name=f"{job.name}/trials/{trial_id}",
                    id=trial_id,
                    state=Trial.State.ACTIVE,
                    parameters=optimiser.parameters(point),
                    start_time=now(),
                    custom_job=child.name,
                )
            )
        self._running[trial_id] = child

    def _update(self, job: Job) -> None:
        """Note what the running trials have measured, and which of them have ended."""
        tuning = job.resource
        for trial in tuning.trials:
            if trial.id in self._running:
                child = self._running[trial.id]
                ended = child.ended.is_set()  # before the file is read for the last time
                measured = _measurements(_metric_file(job, trial.id))
                if ended or measured != trial.measurements:
                    self._note(job, trial.id, measured, ended)

    def _note(self, job: Job, trial_id: str, measured: list[Measurement], ended: bool) -> None:
        with job.editing() as tuning:
            trial = next(each for each in tuning.trials if each.id == trial_id)
            trial.measurements = measured
            if ended:
                _complete(trial, self._running.pop(trial_id), tuning.study_spec)

    def _end(self, job: Job) -> None:
        """Cancel the trials that still run, and wait for them."""
        for child in self._running.values():
            child.cancelled.set()
        for child in self._running.values():
            child.ended.wait()
        self._update(job)


def _custom_job(tuning: HyperparameterTuningJob, trial_id: str, point: Point) -> CustomJob:
    """The job of a trial: the point as arguments, and an output directory of its own."""
    spec = CustomJobSpec(tuning.trial_job_spec)
    arguments = [f"--{name}={_argument(value)}" for name, value in point.items()]
    for task in _tasks(spec):
        task.args.extend(arguments)
    output = spec.base_output_directory.output_uri_prefix.rstrip("/")
    if output:
        spec.base_output_directory.output_uri_prefix = f"{output}/{trial_id}"
    return CustomJob(
        display_name=f"{tuning.display_name[:100]}-trial-{trial_id}",
        job_spec=spec,
        labels=tuning.labels,
    )


def _tasks(spec: CustomJobSpec) -> Iterator[ContainerSpec | PythonPackageSpec]:
    for pool in spec.worker_pool_specs:
        if has_task(pool):
            yield (
                pool.python_package_spec if "python_package_spec" in pool else pool.container_spec
            )


def _argument(value: Choice) -> str:
    """A value on a command line; whole numbers have no fraction, as Vertex writes them."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return str(int(value) if whole else value)


def _metric_file(job: Job, trial_id: str) -> Path:
    return job.folder / f"trial-{trial_id}" / "output.metrics"


def _variables(job: Job, trial_id: str) -> dict[str, str]:
    """What cloudml-hypertune reads."""
    return {
        "CLOUD_ML_HP_METRIC_FILE": str(_metric_file(job, trial_id)),
        "CLOUD_ML_TRIAL_ID": trial_id,
    }


def _measurements(file: Path) -> list[Measurement]:
    """What cloudml-hypertune has written: one JSON object a line, one metric in each."""
    if not file.is_file():
        return []
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.endswith("}")]
    own = {"timestamp", "trial", "global_step", "checkpoint_path"}
    start = float(lines[0]["timestamp"]) if lines else 0.0
    by_step: dict[int, Measurement] = {}
    for line in lines:
        step = int(line["global_step"])
        measurement = by_step.setdefault(step, Measurement(step_count=step))
        measurement.elapsed_duration = {"seconds": int(float(line["timestamp"]) - start)}
        for name in line.keys() - own:
            _set_metric(measurement, name, float(line[name]))
    return list(by_step.values())


def _set_metric(measurement: Measurement, name: str, value: float) -> None:
    """Put a metric into a measurement; one that is reported again has the later value."""
    for metric in measurement.metrics:
        if metric.metric_id == name:
            metric.value = value
            return
    measurement.metrics.append(Measurement.Metric(metric_id=name, value=value))


def _complete(trial: Trial, child: Job, spec: StudySpec) -> None:
    trial.end_time = now()
    final = measurements.final(trial.measurements, spec)
    resource = child.resource
    if int(resource.state) == State.JOB_STATE_SUCCEEDED and final:
        trial.state = Trial.State.SUCCEEDED
        trial.final_measurement = final
        return
    trial.state = Trial.State.INFEASIBLE
    wanted = ", ".join(metric.metric_id for metric in spec.metrics)
    trial.infeasible_reason = (
        resource.error.message
        or f"It reported no {wanted}; report it with cloudml-hypertune before the trial ends."
    )


def _check_failures(tuning: HyperparameterTuningJob) -> None:
    failed = [trial for trial in tuning.trials if trial.state == Trial.State.INFEASIBLE]
    allowed = min(tuning.max_failed_trial_count or _FAILED_TRIALS, tuning.max_trial_count)
    if len(failed) >= allowed:
        raise JobFailed(
            f"Too many failed trials: {len(failed)} of {len(tuning.trials)}. The last one:"
            f" {failed[-1].infeasible_reason}"
        )

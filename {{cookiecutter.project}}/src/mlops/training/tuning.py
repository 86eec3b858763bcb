"""Search for hyperparameters with a Vertex AI HyperparameterTuningJob."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlops.errors import UserError
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.cloud import aiplatform, storage
    from google.cloud.aiplatform import hyperparameter_tuning
    from google.cloud.aiplatform_v1.types import Trial

    from mlops.features import Features
    from mlops.search_space import SearchedParameter, Tuning
    from mlops.settings import Training

TRIAL = ("python", "-m", "mlops.training.trial")


class TuningError(UserError):
    """The search ended without a trial to learn from."""


@dataclass(frozen=True)
class TrialResult:
    """What one trial tried and reached.

    Attributes:
        id: Vertex's number of the trial.
        state: Vertex's name of its state.
        hyperparameters: what it tried.
        value: the metric, with the weights that the trial would have saved; None if it failed, or
            has diverged.
    """

    id: str
    state: str
    hyperparameters: Mapping[str, Any]
    value: float | None


@dataclass(frozen=True)
class Search:
    """All trials of a search, and the best one.

    Attributes:
        job: resource name of the HyperparameterTuningJob.
        metric: what was searched for.
        goal: minimize or maximize.
        best: the trial that came closest to the goal.
        trials: all, in the order in which they started.
    """

    job: str
    metric: str
    goal: str
    best: TrialResult
    trials: tuple[TrialResult, ...]

    @property
    def metadata(self) -> dict[str, Any]:
        """What lineage tells of the search; `best` as JSON, since Vertex has no whole numbers."""
        return {
            "best": json.dumps(self.best.hyperparameters),
            "trial": self.best.id,
            "trials": len(self.trials),
            "metric": self.metric,
            "value": self.best.value,
            "job": self.job,
        }

    def to_json(self) -> str:
        """The whole search."""
        return json.dumps(asdict(self), indent=2)

    def to_markdown(self) -> str:
        """The trials as a table, in the order in which they started."""
        names = list(self.best.hyperparameters)
        rows = [["trial", self.metric, *names], ["---"] * (len(names) + 2)]
        for trial in self.trials:
            number = f"**{trial.id}, the best**" if trial == self.best else trial.id
            value = trial.state if trial.value is None else f"{trial.value:.6g}"
            rows.append([number, value, *(json.dumps(v) for v in trial.hyperparameters.values())])
        table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        return f"# Search to {self.goal} {self.metric}\n\n{self.job}\n\n{table}"


def search(
    features: Features,
    training: Training,
    tuning: Tuning,
    transformed: str,
    job: Mapping[str, str],
    output: str,
) -> Search:
    """Runs the trials and waits for them.

    Args:
        features: the declaration of the data.
        training: the hyperparameters that are not searched.
        tuning: the search space, the goal and the machines.
        transformed: URI of the transformed examples, a folder a split.
        job: `display_name`; `image`, the reference of the image that trials run in; and
            `service_account`, empty for Vertex's own.
        output: URI of a folder; each trial has its own below.

    Raises:
        TuningError: the job failed, or no trial succeeded.
    """
    from google.cloud import aiplatform

    task = {
        "features": features.model_dump(mode="json", exclude_defaults=True),
        "training": training.model_dump(mode="json"),
        "transformed": transformed,
        "metric": tuning.metric,
    }
    container = {"image_uri": job["image"], "command": TRIAL, "args": ["--task", json.dumps(task)]}
    pool = {
        "machine_spec": {"machine_type": tuning.machine_type},
        "replica_count": 1,
        "container_spec": container,
    }
    trial_job = aiplatform.CustomJob(
        display_name=job["display_name"],
        worker_pool_specs=[pool],
        base_output_dir=output,
        staging_bucket=output,
    )
    tuning_job = aiplatform.HyperparameterTuningJob(
        display_name=job["display_name"],
        custom_job=trial_job,
        metric_spec={tuning.metric: tuning.goal},
        parameter_spec=build_space(tuning, training),
        max_trial_count=tuning.max_trial_count,
        parallel_trial_count=min(tuning.parallel_trial_count, tuning.max_trial_count),
    )
    try:
        tuning_job.run(service_account=job["service_account"] or None)
    except RuntimeError as error:
        raise TuningError(f"The hyperparameter tuning job failed: {error}") from None
    return summarize(tuning_job, tuning, training)


def write_search(found: Search, client: storage.Client, uri: str) -> None:
    """Writes `tuning.json` and the page `tuning.md` to a folder, by its `gs://` URI."""
    bucket, folder = split_uri(uri)
    for name, content in {
        "tuning.json": found.to_json(),
        "tuning.md": found.to_markdown(),
    }.items():
        client.bucket(bucket).blob(f"{folder}/{name}").upload_from_string(content)


def build_space(
    tuning: Tuning, training: Training
) -> dict[str, hyperparameter_tuning._ParameterSpec]:
    """Each searched parameter as Vertex's ParameterSpec."""
    return {
        parameter.name: _build_parameter(parameter, type(getattr(training, parameter.name)))
        for parameter in tuning.parameters
    }


def summarize(
    job: aiplatform.HyperparameterTuningJob, tuning: Tuning, training: Training
) -> Search:
    """The trials of a job that has ended.

    Raises:
        TuningError: no trial succeeded.
    """
    trials = tuple(_read_trial(trial, tuning, training) for trial in job.trials)
    best = find_best(trials, tuning.goal)
    return Search(job.resource_name, tuning.metric, tuning.goal, best, trials)


def find_best(trials: Iterable[TrialResult], goal: str) -> TrialResult:
    """The trial that came closest to the goal; of equal ones, the first.

    Raises:
        TuningError: no trial succeeded.
    """
    measured = [(trial.value, trial) for trial in trials if trial.value is not None]
    if not measured:
        raise TuningError("No trial succeeded: see the logs of the trials' custom jobs.")
    choose = min if goal == "minimize" else max
    return choose(measured, key=lambda pair: pair[0])[1]


def _build_parameter(
    parameter: SearchedParameter, kind: type
) -> hyperparameter_tuning._ParameterSpec:
    from google.cloud.aiplatform import hyperparameter_tuning as hpt

    if parameter.is_range:
        build = hpt.IntegerParameterSpec if kind is int else hpt.DoubleParameterSpec
        return build(min=kind(parameter.min), max=kind(parameter.max), scale=parameter.scale)
    if _are_numbers(parameter.values):
        return hpt.DiscreteParameterSpec(values=sorted(parameter.values), scale=parameter.scale)
    # as JSON, because Vertex knows only words; the trial reads all its arguments so
    return hpt.CategoricalParameterSpec(values=[json.dumps(value) for value in parameter.values])


def _read_trial(trial: Trial, tuning: Tuning, training: Training) -> TrialResult:
    tried = {each.parameter_id: each.value for each in trial.parameters}
    read = {
        name: json.loads(value) if isinstance(value, str) else value
        for name, value in tried.items()
    }
    # Vertex keeps each number as a float: have it as training does
    typed = type(training).model_validate(training.model_dump() | read).model_dump(mode="json")
    metrics = {each.metric_id: each.value for each in trial.final_measurement.metrics}
    value = metrics.get(tuning.metric, math.nan)
    learnt = trial.state.name == "SUCCEEDED" and math.isfinite(value)  # not if it has diverged
    return TrialResult(
        id=trial.id,
        state=trial.state.name,
        hyperparameters={each.name: typed[each.name] for each in tuning.parameters},
        value=value if learnt else None,
    )


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)

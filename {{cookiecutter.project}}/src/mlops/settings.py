"""Typed settings of one environment, read from config/.

`config/base.yaml` holds what all environments share, `config/ENVIRONMENT.yaml` is merged over it
key by key, and `config/features.yaml` declares the data. What is unknown or mistyped is refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mlops.config_files import SettingsError as SettingsError
from mlops.config_files import explain, merge, read, validate
from mlops.export_settings import Export
from mlops.features import TABLE, Features, Problem
from mlops.monitoring_settings import Monitoring
from mlops.privacy_settings import Privacy
from mlops.release_settings import Release
from mlops.schedule import Schedule
from mlops.search_space import Tuning, check_search
from mlops.serving_settings import Serving

CONFIG = Path(os.environ.get("MLOPS_CONFIG", "config"))
RUNNERS = ("FnApiRunner", "DataflowRunner")
_BEAM_OPTION = re.compile(r"--\w+(=.+)?")
ENVIRONMENTS = ("local", "dev", "staging", "prod")
NAME = r"^[a-z0-9][a-z0-9-]{0,127}$"  # of an experiment of Vertex AI, which runs are kept in


class Section(BaseModel):
    """A part of the settings that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Images(Section):
    """Where the container images lie; each is named by its folder under infra/images."""

    repository: str
    tag: str | None = None
    digests: dict[str, Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]] = {}


class Data(Section):
    """How much of the table is used, and whether data that has moved stops a run."""

    sample_percent: float = Field(gt=0, le=100)
    on_drift: Literal["block", "report"] = "block"
    on_skew: Literal["block", "report"] = "block"


class Training(Section):
    """The framework, and hyperparameters."""

    framework: Literal["tensorflow", "sklearn", "xgboost"] = "tensorflow"
    seed: int
    hidden_units: tuple[Annotated[int, Field(gt=0)], ...]
    dropout: float = Field(ge=0, lt=1)
    positive_weight: float = Field(default=1.0, gt=0)
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(gt=0)
    epochs: int = Field(gt=0)
    patience: int = Field(gt=0)
    tree_count: int = Field(default=200, gt=0)
    tree_depth: int = Field(default=6, gt=0)
    tree_learning_rate: float = Field(default=0.1, gt=0)


class CustomJob(Section):
    """Where the model is trained; config/base.yaml explains it."""

    enabled: bool = False
    machine_type: str = "n1-standard-8"
    accelerator_type: str | None = None
    accelerator_count: int = Field(default=1, ge=1)
    worker_count: int = Field(default=0, ge=0)
    reduction_server_count: int = Field(default=0, ge=0)
    tensorboard: str | None = Field(
        default=None, pattern=r"^projects/[^/]+/locations/[^/]+/tensorboards/[^/]+$"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.reduction_server_count and not (self.accelerator_type and self.worker_count):
            raise ValueError(
                "custom_job.reduction_server_count adds up the gradients of several machines with"
                " accelerators; set accelerator_type and worker_count, or leave it out"
            )
        return self


class AutoML(Section):
    """How AutoML trains; config/base.yaml explains it."""

    budget_milli_node_hours: int = Field(default=1000, ge=1000, le=72000)
    optimization_objective: str | None = None
    dataset: str = Field(default="batch_predictions", pattern=r"^[a-zA-Z0-9_]+$")


class Threshold(Section):
    """The bounds of a metric, or of a difference of metrics; both are included."""

    min: float | None = None
    max: float | None = None

    def without_slack(self) -> Threshold:
        """Bounds of a change that allow no loss: none is below 0, or above it."""
        return Threshold(
            min=None if self.min is None else max(self.min, 0.0),
            max=None if self.max is None else min(self.max, 0.0),
        )


Thresholds = dict[str, Threshold]


class Explanation(Section):
    """How many rows of the test split explain the model, and how often each is asked again."""

    importance_rows: int = Field(default=500, ge=2)
    importance_repeats: int = Field(default=5, ge=1)
    attribution_rows: int = Field(default=20, ge=1)
    attribution_permutations: int = Field(default=20, ge=1)
    seed: int = 17


class Card(Section):
    """What a model card says that cannot be measured."""

    owner: str
    intended_use: str
    limits: tuple[str, ...] = ()


class Evaluation(Section):
    """What a model must reach to be registered; config/base.yaml explains each bound."""

    thresholds: Thresholds = Field(min_length=1)
    slice_thresholds: Thresholds = {}
    champion_change: Thresholds = {}
    champion_slice_change: Thresholds = {}
    baseline_change: Thresholds = {}
    fairness_gap: Thresholds = {}
    minimum_support: int = Field(default=50, ge=1)
    heuristic: str | None = None
    explanation: Explanation = Explanation()
    card: Card

    @model_validator(mode="after")
    def _check(self) -> Self:
        bounds = {name: value for name, value in self if isinstance(value, dict)}
        for name, thresholds in bounds.items():
            for metric in (key for key, value in thresholds.items() if value == Threshold()):
                raise ValueError(f"evaluation.{name}.{metric} needs a min or a max")
        return self


class Beam(Section):
    """Where Beam runs, as its command line options."""

    arguments: tuple[str, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        wrong = [each for each in self.arguments if not _BEAM_OPTION.fullmatch(each)]
        if wrong:
            raise ValueError(f"beam.arguments: {wrong[0]!r} is no option: write --NAME=VALUE")
        if len(self._runners) != 1 or not set(self._runners) <= set(RUNNERS):
            known = " or ".join(f"--runner={name}" for name in RUNNERS)
            raise ValueError(f"beam.arguments must hold {known}, once")
        return self

    @property
    def uses_dataflow(self) -> bool:
        """Whether Beam runs on Dataflow, not in the process that asks for it."""
        return self._runners == ["DataflowRunner"]

    @property
    def _runners(self) -> list[str]:
        prefix = "--runner="
        return [each.removeprefix(prefix) for each in self.arguments if each.startswith(prefix)]


class BatchMachines(Section):
    """What a batch prediction job runs on."""

    machine_type: str = "n1-standard-4"
    starting_replica_count: int = Field(default=1, ge=1)
    max_replica_count: int = Field(default=10, ge=1)
    batch_size: int = Field(default=64, ge=1)


class BatchPrediction(Section):
    """Which rows are predicted, and where the predictions go."""

    table: str | None = Field(default=None, pattern=TABLE)
    where: str | None = None
    dataset: str = Field(default="batch_predictions", pattern=r"^[a-zA-Z0-9_]+$")
    files: bool = False
    max_bad_percent: float = Field(default=1, ge=0, le=100)
    machines: BatchMachines = BatchMachines()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.where and not self.table:
            raise ValueError("batch_prediction.where needs batch_prediction.table")
        return self


class Settings(Section):
    """Everything that one environment needs to know."""

    environment: Literal["local", "dev", "staging", "prod"]
    name: str = Field(pattern=NAME)
    project: str = Field(min_length=1)
    location: str = Field(min_length=1)
    bucket: str = Field(min_length=1)
    service_account: str = ""
    images: Images
    data: Data
    training: Training
    trainer: Literal["custom", "automl", "both"] = "custom"
    automl: AutoML = AutoML()
    custom_job: CustomJob = CustomJob()
    tuning: Tuning = Tuning()
    export: Export = Export()
    evaluation: Evaluation
    beam: Beam
    serving: Serving
    release: Release = Release()
    monitoring: Monitoring = Monitoring()
    batch_prediction: BatchPrediction = BatchPrediction()
    privacy: Privacy = Privacy()
    schedules: dict[str, Schedule] = {}
    features: Features

    @property
    def training_pipelines(self) -> tuple[str, ...]:
        """The pipelines that make models, in the order in which they run."""
        pipelines = {"custom": ("training",), "automl": ("automl",), "both": ("training", "automl")}
        return pipelines[self.trainer]

    @model_validator(mode="after")
    def _check(self) -> Self:
        heuristic = self.evaluation.heuristic
        known = {column.name for column in self.features.extracted} - {self.features.label.name}
        if heuristic and heuristic not in known:
            raise ValueError(f"evaluation.heuristic {heuristic!r} is no column that is extracted")
        watched = self.monitoring.retrain.metric
        if watched and watched not in self.evaluation.thresholds:
            raise ValueError(
                f"monitoring.retrain.metric {watched!r} has no bound in evaluation.thresholds, by"
                " which it is known whether more of it is better: choose"
                f" {', '.join(self.evaluation.thresholds)}"
            )
        self._check_privacy()
        framework = self.training.framework
        if framework != "tensorflow" and self.custom_job.worker_count:
            raise ValueError(
                f"training.framework {framework} trains on one machine; set"
                " custom_job.worker_count to 0"
            )
        if self.training.positive_weight != 1 and self.features.problem is Problem.REGRESSION:
            raise ValueError("training.positive_weight is of labels 0 and 1; a regression has none")
        if framework != "tensorflow" and self.export.tflite.enabled:
            raise ValueError(
                f"training.framework {framework} makes no network: set export.tflite.enabled to"
                " false, or training.framework to tensorflow"
            )
        if self.custom_job.tensorboard and not self.service_account:
            raise ValueError("custom_job.tensorboard needs a service_account, which writes to it")
        check_search(self.tuning, self.training, self.features.problem)
        return self

    def _check_privacy(self) -> None:
        declared = {column.name for column in self.features.columns}
        for column in self.privacy.inspection.allowed:
            if column not in declared:
                raise ValueError(
                    f"privacy.inspection.allowed names {column}, which is no column of"
                    " config/features.yaml"
                )


def load_settings(environment: str | None = None, config: Path = CONFIG) -> Settings:
    """Reads the settings of an environment.

    Args:
        environment: local, dev, staging or prod; by default MLOPS_ENVIRONMENT, else local.
        config: the folder of the YAML files.

    Raises:
        SettingsError: a file is missing, or holds what the settings do not allow.
    """
    name = environment or os.environ.get("MLOPS_ENVIRONMENT", "local")
    if name not in ENVIRONMENTS:
        raise SettingsError(f"Unknown environment {name!r}: choose {', '.join(ENVIRONMENTS)}.")
    layers = {str(path): read(path) for path in (config / f"{name}.yaml", config / "base.yaml")}
    own, base = layers.values()
    content = merge(base, own) | {"environment": name, "features": load_features(config)}
    return validate(Settings, content, layers)


def load_features(config: Path = CONFIG) -> Features:
    """Reads the declaration of the data.

    Raises:
        SettingsError: the file is missing, or holds what a declaration does not allow.
    """
    path = config / "features.yaml"
    content = read(path)
    return validate(Features, content, {str(path): content})


def check_value(settings: Settings, place: tuple[str, ...], value: object, source: str) -> None:
    """Checks a value that is used in place of a setting, where no other setting matters.

    Args:
        settings: all others.
        place: the keys that lead to the setting.
        value: to be used.
        source: where the value comes from, as an error begins.

    Raises:
        SettingsError: the setting does not allow it.
    """
    content = settings.model_dump(mode="json")
    *above, key = place
    section = content
    for each in above:
        section = section[each]
    section[key] = value
    try:
        Settings.model_validate(content)
    except ValidationError as error:
        if any(each["loc"] for each in error.errors()):  # else it is a rule between sections
            raise SettingsError(explain(error, content, {source: content})) from None

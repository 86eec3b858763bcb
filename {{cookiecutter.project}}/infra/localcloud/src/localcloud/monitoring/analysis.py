"""One run of a monitoring job: what a window's requests look like beside their baselines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.aiplatform_v1.types import (
    FeatureStatsAnomaly,
    ModelDeploymentMonitoringJob,
    ModelDeploymentMonitoringObjectiveConfig,
)

from localcloud.monitoring.distances import distance
from localcloud.monitoring.features import Example, InstanceSchema, Json
from localcloud.monitoring.history import SERVING, TRAINING, Found, History, Series
from localcloud.monitoring.objectives import Objective, Type, objectives
from localcloud.monitoring.result_files import Anomaly, ResultFiles, describe
from localcloud.monitoring.statistics import Statistics
from localcloud.monitoring.training_data import TrainingDataset

Window: TypeAlias = tuple[
    datetime, datetime
]  # its start, which belongs to it, and its end, which does not


@dataclass(frozen=True)
class Data:
    """Where a run gets its data from.

    `instances` gives those of a deployed model in a window, `training` the rows of a dataset.
    """

    instances: Callable[[str, Window], list[Json]]
    training: Callable[[TrainingDataset], list[Example]]


@dataclass(frozen=True)
class Alert:
    """The features of one objective of a deployed model that have moved too far."""

    deployed_model: str
    objective: int
    window: Window
    found: Mapping[str, FeatureStatsAnomaly]


@dataclass
class Outcome:
    """What a run has found: anomalies, and what it could not analyse."""

    instances: int = 0
    alerts: list[Alert] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Analysis:
    """Analyses the windows of one job; what it finds is kept and written as it is found."""

    def __init__(
        self,
        job: ModelDeploymentMonitoringJob,
        schema: InstanceSchema,
        data: Data,
        history: History,
        files: ResultFiles,
    ) -> None:
        self._job = job
        self._schema = schema
        self._data = data
        self._history = history
        self._files = files
        self._outcome = Outcome()

    def run(self, window: Window) -> Outcome:
        """Analyse all models in a window; trouble with one keeps no other from its turn."""
        self._outcome = Outcome()
        for config in self._job.model_deployment_monitoring_objective_configs:
            try:
                self._analyse_model(config, window)
            except GoogleAPICallError as error:
                self._note(config.deployed_model_id, error)
        return self._outcome

    def _analyse_model(
        self, config: ModelDeploymentMonitoringObjectiveConfig, window: Window
    ) -> None:
        model = config.deployed_model_id
        instances = self._data.instances(model, window)
        if not instances:
            return
        self._outcome.instances += len(instances)
        examples = [self._schema.example(instance) for instance in instances]
        for objective in objectives(config.objective_config):
            series = Series(self._job.name, model, objective.type)
            for name in objective.unknown_features(self._schema):
                self._outcome.problems.append(
                    f"{model}: no instance has the feature {name}; correct its threshold's name."
                )
            if objective.type == Type.RAW_FEATURE_SKEW:
                self._read_training(series, objective, config.objective_config.training_dataset)
            self._compare(series, objective, examples, window)

    def _read_training(self, series: Series, objective: Objective, source: TrainingDataset) -> None:
        """Keep statistics of the training data, unless an earlier run has."""
        missing = [
            name
            for name in objective.features(self._schema)
            if self._history.training(series, name) is None
        ]
        rows = self._data.training(source) if missing else []
        for name in missing:
            if not any(name in row for row in rows):
                self._outcome.problems.append(
                    f"{series.deployed_model}: the training data has no column {name};"
                    " add the column, or leave the feature out of the thresholds."
                )
                continue
            statistics = self._statistics(series, name, rows)
            if statistics:
                uri = self._files.write_training(series.deployed_model, statistics)
                at = self._job.create_time
                found = FeatureStatsAnomaly(stats_uri=uri, start_time=at, end_time=at)
                self._history.save(series, Found(name, TRAINING, found, statistics))

    def _compare(
        self, series: Series, objective: Objective, examples: Sequence[Example], window: Window
    ) -> None:
        folder = self._files.serving_folder(window[1], series.deployed_model, series.objective)
        alerts: dict[str, FeatureStatsAnomaly] = {}
        report: dict[str, Anomaly] = {}
        for name in objective.features(self._schema):
            baseline = self._baseline(series, name, window)
            statistics = self._statistics(series, name, examples)
            if statistics is None or not (baseline or objective.type == Type.RAW_FEATURE_DRIFT):
                continue
            found = _measure(objective, window, statistics, baseline)
            if baseline and is_anomaly(found):
                alerts[name] = found
                report[name] = describe(objective.type, statistics, baseline, found)
            uris = self._files.write_serving(folder, statistics, report.get(name))
            found.stats_uri, found.anomaly_uri = uris
            self._history.save(series, Found(name, SERVING, found, statistics))
        self._files.write_report(folder, series.objective, report)
        if alerts:
            alert = Alert(series.deployed_model, series.objective, window, alerts)
            self._outcome.alerts.append(alert)

    def _baseline(self, series: Series, name: str, window: Window) -> Statistics | None:
        """What a feature is compared with: the training data, or the window before this one."""
        if series.objective == Type.RAW_FEATURE_SKEW:
            return self._history.training(series, name)
        return self._history.serving(series, name, before=window[1])

    def _statistics(
        self, series: Series, name: str, examples: Sequence[Example]
    ) -> Statistics | None:
        try:
            return self._schema.statistics(name, examples)
        except GoogleAPICallError as error:
            self._note(series.deployed_model, error)
            return None

    def _note(self, deployed_model: str, error: GoogleAPICallError) -> None:
        self._outcome.problems.append(f"{deployed_model}: {error.message}")


def _measure(
    objective: Objective, window: Window, statistics: Statistics, baseline: Statistics | None
) -> FeatureStatsAnomaly:
    return FeatureStatsAnomaly(
        distribution_deviation=distance(baseline, statistics) if baseline else 0,
        anomaly_detection_threshold=objective.threshold(statistics.name),
        start_time=window[0],
        end_time=window[1],
    )


def is_anomaly(found: FeatureStatsAnomaly) -> bool:
    """Whether a distance is above its threshold, which 0 never is."""
    threshold = found.anomaly_detection_threshold
    return bool(0 < threshold < found.distribution_deviation)

"""The statistics and distances that monitoring jobs have found, kept beside the resources."""

from dataclasses import dataclass
from datetime import datetime

from google.cloud.aiplatform_v1.types import FeatureStatsAnomaly

from localcloud.monitoring.statistics import Statistics
from localcloud.rpc import raw
from localcloud.store import Store

TRAINING, SERVING = "training", "serving"
_SCHEMA = (
    """create table if not exists monitoring_statistics (
        job text not null, deployed_model text not null, objective integer not null,
        feature text not null, dataset text not null, end_time text not null,
        anomaly blob not null, statistics blob not null,
        primary key (job, deployed_model, objective, feature, dataset, end_time)
    ) without rowid""",
    """create trigger if not exists monitoring_statistics_end after delete on resources begin
        delete from monitoring_statistics where job = old.name;
    end""",
)


@dataclass(frozen=True)
class Series:
    """What a history is about: one objective of one deployed model."""

    job: str
    deployed_model: str
    objective: int


@dataclass(frozen=True)
class Found:
    """What was found for one feature in one window, or in the training data."""

    feature: str
    dataset: str
    anomaly: FeatureStatsAnomaly
    statistics: Statistics


class History:
    """Findings by job, deployed model, objective, feature and window; they go with the job."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.query(statement)

    def save(self, series: Series, found: Found) -> None:
        """Keep a finding; that of the same window, or of earlier training data, is replaced."""
        is_training = found.dataset == TRAINING
        self._store.query(
            "insert or replace into monitoring_statistics values (?, ?, ?, ?, ?, ?, ?, ?)",
            *_key(series),
            found.feature,
            found.dataset,
            "" if is_training else _text(found.anomaly.end_time),
            raw(found.anomaly).SerializeToString(),
            found.statistics.SerializeToString(),
        )

    def training(self, series: Series, feature: str) -> Statistics | None:
        """The statistics of a feature of the training data."""
        return self._last(series, feature, TRAINING, "9")

    def serving(self, series: Series, feature: str, before: datetime) -> Statistics | None:
        """The statistics of the last window that ended before then and had requests."""
        return self._last(series, feature, SERVING, _text(before))

    def forget(self, job: str) -> None:
        """Drop what a run has found of a job that was deleted meanwhile."""
        self._store.query("delete from monitoring_statistics where job = ?", job)

    def forget_training(self, job: str) -> None:
        """Let the next run of a job read its training data anew."""
        self._store.query(
            "delete from monitoring_statistics where job = ? and dataset = ?", job, TRAINING
        )

    def read(
        self, series: Series, start: datetime | None = None, end: datetime | None = None
    ) -> list[Found]:
        """What was found, by feature, training data first, then windows from old to new.

        Args:
            series: what was analysed.
            start: the earliest end of a window, if not all are wanted.
            end: the latest end of a window.
        """
        rows = self._store.query(
            "select feature, dataset, anomaly, statistics from monitoring_statistics"
            " where job = ? and deployed_model = ? and objective = ? and"
            " (dataset = ? or (end_time >= ? and end_time <= ?))"
            " order by feature, dataset desc, end_time",
            *_key(series),
            TRAINING,
            _text(start) if start else "",
            _text(end) if end else "9",
        )
        return [
            Found(
                feature,
                dataset,
                FeatureStatsAnomaly.deserialize(anomaly),
                Statistics.FromString(statistics),
            )
            for feature, dataset, anomaly, statistics in rows
        ]

    def _last(self, series: Series, feature: str, dataset: str, before: str) -> Statistics | None:
        rows = self._store.query(
            "select statistics from monitoring_statistics where job = ? and deployed_model = ?"
            " and objective = ? and feature = ? and dataset = ? and end_time < ?"
            " order by end_time desc limit 1",
            *_key(series),
            feature,
            dataset,
            before,
        )
        return Statistics.FromString(rows[0][0]) if rows else None


def _key(series: Series) -> tuple[str, str, int]:
    return series.job, series.deployed_model, series.objective


def _text(time: datetime) -> str:
    """A time as a text that sorts as times do."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}"

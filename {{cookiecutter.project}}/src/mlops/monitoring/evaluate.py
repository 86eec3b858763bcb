"""What the deployed model has been worth, window by window, by its requests and their labels."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from mlops.monitoring.decision import Bound, Window, list_ends
from mlops.monitoring.job import MonitoringError, folder_of
from mlops.monitoring.quality import measure
from mlops.monitoring.retraining import StorageMemory, retrain_if_due
from mlops.monitoring.status import read_status
from mlops.registry.evaluations import find_evaluation
from mlops.registry.models import get_version
from mlops.release.deployment import find_endpoint
from mlops.release.endpoint import find_log
from mlops.release.request_log import MINUTE, RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from google.cloud import aiplatform

    from mlops.monitoring.findings import Series
    from mlops.settings import Settings

# So many times the windows that decide are looked at: the newest may have no labels yet.
_LOOK_BACK = 4


def evaluate(settings: Settings, submit: Callable[[str], str]) -> Iterator[str]:
    """Judges the version that has the most traffic, and has a new one trained if one is due.

    Args:
        settings: of the environment, whose project Google's clients point at.
        submit: trains, as a pipeline job of that id, as of `retrain_if_due`.

    Returns:
        What was found and decided, a sentence each.

    Raises:
        MonitoringError: there is no endpoint, or nothing answers.
        UnwatchedError: nobody watches it.
    """
    from google.cloud import storage

    status = read_status(settings.name)
    endpoint = find_endpoint(settings.name)
    if endpoint is None or not endpoint.traffic_split:
        raise MonitoringError(
            f"No model answers on the endpoint {settings.name}: run the training pipeline first."
        )
    deployed = max(endpoint.traffic_split, key=lambda each: endpoint.traffic_split[each])
    version = status.versions[deployed]
    bound = find_bound(settings, get_version(settings.name, version))
    interval = timedelta(hours=settings.monitoring.interval_hours)
    since = next(each.create_time for each in endpoint.list_models() if each.id == deployed)
    count = settings.monitoring.retrain.windows
    ends = list_ends(since, status.job.next_schedule_time, interval, count * _LOOK_BACK)
    series = [one for one in status.series if one.deployed_model == deployed]
    outcomes = _measure(settings, endpoint, deployed, ends, interval)
    windows = [Window(end, *outcomes[end], _find_anomalies(series, end, interval)) for end in ends]
    windows = [w for w in windows if w.labels or w.anomalies is not None]
    yield from (_describe(window, version, bound) for window in windows)
    if settings.release.labels is None:
        yield "no metric is measured: release.labels names no table of outcomes"
    uri = f"{folder_of(settings.bucket, settings.name)}/retraining.json"
    yield retrain_if_due(
        windows,
        count,
        bound,
        version,
        StorageMemory(storage.Client(project=settings.project), uri),
        submit,
    )


def find_bound(settings: Settings, model: aiplatform.Model) -> Bound | None:
    """The worst value that is good enough, by the gate and by the version's own evaluation."""
    retrain = settings.monitoring.retrain
    if retrain.metric is None:
        return None
    threshold = settings.evaluation.thresholds[retrain.metric]
    more_is_better = threshold.min is not None
    limit = threshold.min if more_is_better else threshold.max
    evaluation = find_evaluation(model)
    recorded = dict(evaluation.metrics).get(retrain.metric) if evaluation else None
    values = [] if limit is None else [limit]
    if recorded is not None:
        drop = -retrain.max_drop if more_is_better else retrain.max_drop
        values.append(recorded + drop)
    return Bound(retrain.metric, max(values) if more_is_better else min(values), more_is_better)


def _measure(
    settings: Settings,
    endpoint: aiplatform.Endpoint,
    deployed_model: str,
    ends: list[datetime],
    interval: timedelta,
) -> Mapping[datetime, tuple[float | None, int]]:
    """The metric of each window and how many labels it is of; one window is read at a time."""
    from google.cloud import bigquery

    retrain, labels = settings.monitoring.retrain, settings.release.labels
    if not labels or not retrain.metric or not ends:
        return dict.fromkeys(ends, (None, 0))
    log = RequestLog(
        bigquery.Client(project=settings.project),
        find_log(endpoint),
        endpoint.resource_name.rpartition("/")[2],
        settings.features.problem,
        labels,
    )
    minutes = int(interval.total_seconds() // MINUTE)
    begin = int((ends[0] - interval).timestamp())
    until = max(time.time(), (ends[-1] + interval).timestamp())
    known = {
        instance: label
        for _, instance, label in log.read_labels(begin, int((until - begin) // MINUTE) + 1)
    }
    found: dict[datetime, tuple[float | None, int]] = {}
    for end in ends:
        pairs = [
            (one.prediction, known[one.instance])
            for one in log.read(int((end - interval).timestamp()), minutes)
            if one.deployed_model == deployed_model
            and one.prediction is not None
            and one.instance in known
        ]
        enough = len(pairs) >= retrain.minimum_labels
        value = measure(retrain.metric, *zip(*pairs, strict=True)) if enough else None
        found[end] = value, len(pairs)
    return found


def _find_anomalies(
    series: list[Series], end: datetime, interval: timedelta
) -> frozenset[str] | None:
    """The inputs that were too far away in a window; None when no requests were looked at."""
    found = [
        (one.feature, point)
        for one in series
        for point in one.points
        if abs(point.end - end) < interval / 2
    ]
    return frozenset(name for name, point in found if point.is_anomaly) if found else None


def _describe(window: Window, version: str, bound: Bound | None) -> str:
    parts = [f"version {version}, window until {window.end:%Y-%m-%d %H:%M} UTC"]
    if bound and window.metric is not None:
        bad = ", bad" if bound.is_bad(window.metric) else ""
        parts.append(f"{bound.metric} {window.metric:.4f} (bound {bound.value:.4f}{bad})")
    parts.append(f"{window.labels} labels")
    if window.anomalies is not None:
        parts.append(f"anomalies: {', '.join(sorted(window.anomalies)) or 'none'}")
    return "; ".join(parts)

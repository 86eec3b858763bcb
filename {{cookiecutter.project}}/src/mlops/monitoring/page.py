"""The page of monitoring: each feature's distance, window by window, beside its threshold."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlops.charts import Line, draw_lines
from mlops.html import write_document, write_table

if TYPE_CHECKING:
    from mlops.monitoring.findings import Series
    from mlops.monitoring.status import Status

_TIME = "%Y-%m-%d %H:%M"
_HOUR = 3600


def write_page(status: Status) -> str:
    """The page as HTML; it holds distances and no values."""
    anomalies = [
        one.feature
        for one in status.series
        if one.points[-1].end == status.latest and one.points[-1].is_anomaly
    ]
    verdict = "no anomaly" if not anomalies else f"anomalies of {', '.join(sorted(set(anomalies)))}"
    until = f"until {status.latest:{_TIME}} UTC: {verdict}" if status.latest else "none yet"
    sections = {
        f"{escape(status.name(one.deployed_model))}: {one.objective} of {escape(one.feature)}": (
            _draw(one) + _list(one)
        )
        for one in status.series
    }
    mark = "failed" if anomalies else "passed"
    head = (
        f'<p class="verdict {mark}">Last window {escape(until)}</p>'
        "<p>Skew is the distance of the requests from what the model was trained on, drift that"
        " from the window before. 0 is alike, 1 has nothing in common; above the dashed line is an"
        f" anomaly. Job: {escape(status.job.name)}</p>"
    )
    return write_document("Monitoring", head, sections)


def _draw(series: Series) -> str:
    first = series.points[0].end
    points = [((p.end - first).total_seconds() / _HOUR, p.distance) for p in series.points]
    limit = series.points[-1].threshold or None
    line = Line(series.feature, points)
    return draw_lines([line], "Distance of each window", "hours", "distance", limit=limit)


def _list(series: Series) -> str:
    rows = (
        (
            f"{point.begin:{_TIME}}",
            f"{point.end:{_TIME}}",
            point.distance,
            point.threshold,
            "failed" if point.is_anomaly else "passed",
        )
        for point in series.points
    )
    return write_table(("from", "until", "distance", "threshold", "verdict"), rows)

"""The pages of validation: what is wrong with the data, and how far it has moved."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlops.charts import Series, draw_bars
from mlops.html import write_document, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.data.comparison import Distance
    from mlops.data.validation import Anomaly


def write_anomalies_page(anomalies: Sequence[Anomaly], parts: Sequence[str], schema: str) -> str:
    """The page as HTML: what contradicts the schema, by column.

    Args:
        anomalies: what is wrong; nothing when the data is as declared.
        parts: the parts of the data that were validated.
        schema: URI of the schema.
    """
    checked = escape(", ".join(parts))
    if not anomalies:
        verdict = f'<p class="verdict passed">The data is as declared ({checked}).</p>'
        sections = {}
    else:
        columns = len({anomaly.column for anomaly in anomalies})
        verdict = (
            f'<p class="verdict failed">Stopped: {len(anomalies)} anomalies in {columns}'
            f" columns ({checked}).</p><p>Correct the data, or what config/features.yaml"
            " allows; <code>mlops data schema</code> proposes how.</p>"
        )
        rows = ((a.column, a.split, a.reason, a.description) for a in anomalies)
        heading = ("column", "part", "anomaly", "what was seen")
        sections = {"Anomalies": write_table(heading, rows)}
    sections["Compared with"] = f"<p>{escape(schema)}</p>"
    return write_document("Validation of the data", verdict, sections)


def write_drift_page(comparator: str, distances: Sequence[Distance], reference: str) -> str:
    """The page as HTML: the distance of each column, next to its threshold.

    Args:
        comparator: drift or skew.
        distances: of all columns with a threshold.
        reference: URI of the statistics that the data was compared with.
    """
    title = f"{comparator.capitalize()} of the data"
    moved = [one for one in distances if not one.is_allowed]
    mark, words = "passed", "No column has moved further than its threshold."
    if moved:
        mark, words = "failed", f"{len(moved)} of {len(distances)} columns have moved too far."
    names = [one.column for one in distances]
    series = [
        Series("distance", [one.value for one in distances]),
        Series("threshold", [one.threshold for one in distances]),
    ]
    rows = (
        (d.column, d.measure, d.value, d.threshold, "passed" if d.is_allowed else "failed")
        for d in distances
    )
    table = write_table(("column", "measure", "distance", "threshold", "verdict"), rows)
    sections = {
        "Distances": draw_bars(names, series, title) + table if distances else "<p>None.</p>",
        "Compared with": f"<p>The champion's training data: {escape(reference)}</p>",
    }
    return write_document(title, f'<p class="verdict {mark}">{words}</p>', sections)

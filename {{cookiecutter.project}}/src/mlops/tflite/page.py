"""The page of an export: one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlops.charts import Series, draw_bars
from mlops.html import write_document, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.export_settings import TFLite
    from mlops.tflite.comparison import Comparison


def write_page(found: Comparison, bounds: TFLite, inputs: Sequence[str]) -> str:
    """The page as HTML: verdict, bounds, sizes and what the file reads."""
    failures = found.list_failures(bounds)
    if failures:
        reasons = "".join(f"<li>{escape(failure)}</li>" for failure in failures)
        verdict = f'<p class="verdict failed">Refused: no file is exported.</p><ul>{reasons}</ul>'
    else:
        verdict = '<p class="verdict passed">Passed: model.tflite lies beside this page.</p>'
    sections = {
        "What the gate compared": _bounds(found, bounds),
        "Sizes": _sizes(found),
        "Inputs": "<p>What the network reads. Of a table it is what preprocessing makes of a row,"
        " each of shape [batch]; the SavedModel's signature <code>transform_features</code>"
        " computes them.</p>"
        f"<p>{escape(', '.join(inputs))}</p>",
    }
    return write_document("TensorFlow Lite export", verdict, sections)


def _bounds(found: Comparison, bounds: TFLite) -> str:
    small, good = _mark(found.is_small(bounds)), _mark(found.is_good(bounds))
    rows = (
        ("size ratio", found.size_ratio, bounds.min_size_ratio, None, small),
        ("loss, percent", found.loss_percent, None, bounds.max_loss_percent, good),
    )
    measured = write_table(
        ("over the test rows", "rows", "SavedModel", "quantised file", "largest change of one row"),
        [(found.metric, found.rows, found.before, found.after, found.largest_change)],
    )
    return write_table(("what", "value", "at least", "at most", "verdict"), rows) + measured


def _sizes(found: Comparison) -> str:
    sizes = Series("kB", [found.float32_bytes / 1000, found.quantized_bytes / 1000])
    return "<p>The same network as TensorFlow Lite files, in kB.</p>" + draw_bars(
        ["float32", "quantised"], [sizes], "Sizes of the files in kB"
    )


def _mark(passed: bool) -> str:
    return "passed" if passed else "failed"

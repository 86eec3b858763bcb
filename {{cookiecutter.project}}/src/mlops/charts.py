"""Small charts as inline SVG: no script, no font and no file of anyone else's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABELS = 300
NUMBERS = 80
BAR = 14
SQUARE = 320
CHART = 260
MARGIN = 44


@dataclass(frozen=True)
class Series:
    """The bars of one colour: a name, and a value for each label."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Line:
    """The points of one colour, by x: a name and coordinates."""

    name: str
    points: Sequence[tuple[float, float]]


def draw_bars(labels: Sequence[str], series: Sequence[Series], title: str) -> str:
    """Horizontal bars from zero, one group a label, one bar of each series in it.

    Args:
        labels: what the groups are called.
        series: at most four; what is not a number gets no bar.
        title: what is drawn, for those who do not see it.
    """
    known = [v for part in series for v in part.values if math.isfinite(v)]
    low, high = min([0.0, *known]), max([0.0, *known])
    scale = (WIDTH - LABELS - NUMBERS) / ((high - low) or 1)
    zero = LABELS - low * scale
    group = BAR * len(series) + 8
    parts = []
    for row, label in enumerate(labels):
        top = row * group
        middle = top + BAR * len(series) / 2 + 4
        parts.append(_text(LABELS - 8, middle, label, "end"))
        for order, one in enumerate(series):
            value = one.values[row]
            if not math.isfinite(value):
                continue
            left, size = zero + min(value, 0) * scale, abs(value) * scale
            y = top + order * BAR
            parts.append(
                f'<rect class="s{order}" x="{left:.1f}" y="{y}" width="{size:.1f}"'
                f' height="{BAR - 2}"><title>{escape(one.name)}: {value:.4f}</title></rect>'
            )
            parts.append(_text(left + size + 5, y + BAR - 4, f"{value:.4f}", "start"))
    return _legend(series) + _svg(WIDTH, len(labels) * group, title, parts)


def draw_curve(points: Sequence[tuple[float, float]], title: str, x: str, y: str) -> str:
    """Points joined by a line, against the diagonal where both coordinates are equal."""
    low = min(value for point in points for value in point)
    high = max(value for point in points for value in point)
    scale = (SQUARE - 2 * MARGIN) / ((high - low) or 1)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return MARGIN + (point[0] - low) * scale, SQUARE - MARGIN - (point[1] - low) * scale

    placed = [place(point) for point in points]
    (left, bottom), (right, top) = place((low, low)), place((high, high))
    parts = [
        f'<path class="even" d="M{left:.1f} {bottom:.1f}L{right:.1f} {top:.1f}"/>',
        f'<path class="axis" d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"/>',
        f'<path class="curve" d="M{"L".join(f"{px:.1f} {py:.1f}" for px, py in placed)}"/>',
        *(f'<circle class="s0" cx="{px:.1f}" cy="{py:.1f}" r="4"/>' for px, py in placed),
        _text(left, bottom + 16, f"{low:.3g}", "middle"),
        _text(right, bottom + 16, f"{high:.3g}", "middle"),
        _text(left - 6, bottom, f"{low:.3g}", "end"),
        _text(left - 6, top + 4, f"{high:.3g}", "end"),
        _text((left + right) / 2, bottom + 32, x, "middle"),
        _text(left, top - 10, y, "start"),
    ]
    return _svg(SQUARE, SQUARE, title, parts)


def draw_lines(
    lines: Sequence[Line],
    title: str,
    x: str,
    y: str,
    *,
    limit: float | None = None,
    steps: bool = False,
) -> str:
    """Lines over one axis.

    Args:
        lines: at most five.
        title: what is drawn.
        x: what the horizontal axis is.
        y: what the vertical axis is.
        limit: a dashed line is drawn at this height.
        steps: a value holds until the next point.
    """
    points = [point for line in lines for point in line.points]
    heights = [value for _, value in points] + ([] if limit is None else [limit])
    low, high = min([0.0, *heights]), max([0.0, *heights])
    first, last = min(px for px, _ in points), max(px for px, _ in points)
    across = (WIDTH - 2 * MARGIN) / ((last - first) or 1)
    up = (CHART - 2 * MARGIN) / ((high - low) or 1)

    def place(px: float, py: float) -> str:
        return f"{MARGIN + (px - first) * across:.1f} {CHART - MARGIN - (py - low) * up:.1f}"

    parts = [
        f'<path class="axis" d="M{place(first, high)}L{place(first, low)}L{place(last, low)}"/>'
    ]
    if limit is not None:
        parts.append(f'<path class="even" d="M{place(first, limit)}L{place(last, limit)}"/>')
    for order, line in enumerate(lines):
        corners = [
            corner
            for before, (px, py) in zip([*line.points[:1], *line.points], line.points, strict=False)
            for corner in ([place(px, before[1])] if steps else []) + [place(px, py)]
        ]
        parts.append(f'<path class="curve c{order}" d="M{"L".join(corners)}"/>')
    parts += [
        _text(MARGIN - 6, CHART - MARGIN, f"{low:.3g}", "end"),
        _text(MARGIN - 6, MARGIN + 4, f"{high:.3g}", "end"),
        _text(MARGIN, CHART - MARGIN + 16, f"{first:.3g}", "middle"),
        _text(WIDTH - MARGIN, CHART - MARGIN + 16, f"{last:.3g}", "middle"),
        _text(WIDTH / 2, CHART - MARGIN + 32, x, "middle"),
        _text(MARGIN, MARGIN - 10, y, "start"),
    ]
    return f"<h4>{escape(title)}</h4>{_legend(lines)}{_svg(WIDTH, CHART, title, parts)}"


def _legend(series: Sequence[Series | Line]) -> str:
    if len(series) < 2:
        return ""
    names = (
        f'<span><i class="s{order}"></i>{escape(one.name)}</span>'
        for order, one in enumerate(series)
    )
    return f'<p class="legend">{"".join(names)}</p>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img"'
        f' aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

"""What all pages have in common: each is one HTML file that needs nothing else."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STYLE = """
:root { color-scheme: light dark; --line: #8884; --s0: #1a73e8; --s1: #f29900; --s2: #9aa0a6;
  --s3: #a142f4; --good: #188038; --bad: #d93025 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.verdict { font-size: 1.2rem; font-weight: 600 } .passed { color: var(--good) }
.failed { color: var(--bad) } dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
svg { max-width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: currentColor }
.s0 { fill: var(--s0); background: var(--s0) } .s1 { fill: var(--s1); background: var(--s1) }
.s2 { fill: var(--s2); background: var(--s2) } .s3 { fill: var(--s3); background: var(--s3) }
.curve { fill: none; stroke: var(--s0); stroke-width: 2 } .c1 { stroke: var(--s1) }
.c2 { stroke: var(--s2) } .c3 { stroke: var(--s3) } .c4 { stroke: var(--good) }
.s4 { fill: var(--good); background: var(--good) } .axis { fill: none; stroke: currentColor }
.even { stroke: var(--s2); stroke-dasharray: 4 } .legend span { margin-right: 1.5rem }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }
"""


def write_document(title: str, verdict: str, sections: Mapping[str, str]) -> str:
    """The whole page: a title (text), what there is to say first (HTML), and sections (HTML)."""
    body = "".join(
        f"<section><h2>{heading}</h2>{content}</section>" for heading, content in sections.items()
    )
    name = escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{name}</title><style>{STYLE}</style></head>"
        f"<body><h1>{name}</h1>{verdict}{body}</body></html>\n"
    )


def write_table(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of numbers, texts, and the words passed and failed."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heading)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Iterable[object]) -> Iterator[str]:
    for value in row:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            yield '<td class="number">-</td>'
        elif isinstance(value, int | float):
            yield f'<td class="number">{value:.6g}</td>'
        else:
            mark = f' class="{value}"' if value in {"passed", "failed"} else ""
            yield f"<td{mark}>{escape(str(value))}</td>"

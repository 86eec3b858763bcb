"""Amend the text of config/features.yaml, and leave all else in it as it is."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path


def propose_patch(
    declaration: Path, proposals: Sequence[Mapping[str, Any]], patch: Path
) -> Iterator[str]:
    """Writes what is proposed as a patch, for review: the declaration itself stays as it is.

    Args:
        declaration: the features.yaml.
        proposals: `column`, `key`, `value` and `reason`, as `mlops.data.proposals` makes them.
        patch: the file to write.

    Returns:
        What was seen, and the patch, line by line.
    """
    if not proposals:
        yield f"The data is as {declaration} declares it: nothing to propose."
        return
    for each in proposals:
        hint = "" if each["value"] is not None else " (what to do, only you can tell)"
        yield f"{each['column']}: {each['key']}: {each['reason']}{hint}"
    changes = [(p["column"], p["key"], p["value"]) for p in proposals if p["value"] is not None]
    before = declaration.read_text(encoding="utf-8")
    text = write_patch(str(declaration), before, amend(before, changes))
    if text:
        patch.parent.mkdir(parents=True, exist_ok=True)
        patch.write_text(text, encoding="utf-8")
        yield f"\n{text}\nReview it, then: git apply {patch}"


def amend(text: str, changes: Iterable[tuple[str, str, Any]]) -> str:
    """The declaration with other values; comments, order and layout stay.

    Args:
        text: of a features.yaml that is valid.
        changes: the name of a column, the key, and its new value.
    """
    columns = _find_columns(text)
    edits = sorted(
        (_edit(text, columns[column], key, _write(value)) for column, key, value in changes),
        reverse=True,
    )
    for start, end, replacement in edits:  # from the end, so that positions before stay right
        text = text[:start] + replacement + text[end:]
    return text


def write_patch(path: str, before: str, after: str) -> str:
    """The change as a patch that `git apply` takes; empty when there is none."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(lines)


def _find_columns(text: str) -> dict[str, yaml.MappingNode]:
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    columns = next(value for key, value in root.value if key.value == "columns")
    return {
        next(value.value for key, value in column.value if key.value == "name"): column
        for column in columns.value
    }


def _edit(text: str, column: yaml.MappingNode, key: str, value: str) -> tuple[int, int, str]:
    """Where the text changes (start, end), and what it becomes there."""
    for known, node in column.value:
        if known.value == key:
            return node.start_mark.index, node.end_mark.index, value
    if column.flow_style:
        end = column.end_mark.index - 1
        return end, end, f", {key}: {value}"
    first, last = column.value[0][0], column.value[-1][1]
    end = text.index("\n", last.end_mark.index)
    return end, end, f"\n{' ' * first.start_mark.column}{key}: {value}"


def _write(value: Any) -> str:
    written = yaml.safe_dump(value, default_flow_style=True, width=10**6)
    return written.removesuffix("...\n").strip()

"""Compiled pipelines as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def read_specification(path: Path) -> dict[str, Any]:
    """What a compiled pipeline holds; by libyaml: Python's own reader takes most of a second."""
    with path.open(encoding="utf-8") as file:
        specification: dict[str, Any] = yaml.load(file, Loader=yaml.CSafeLoader)
    return specification

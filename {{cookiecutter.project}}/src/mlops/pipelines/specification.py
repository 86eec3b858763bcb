"""Compiled pipelines as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from mlops.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


class SpecificationError(UserError):
    """A file that is no compiled pipeline."""


def read_specification(path: Path) -> dict[str, Any]:
    """What a compiled pipeline holds; by libyaml: Python's own reader takes most of a second.

    Raises:
        SpecificationError: the file holds something else.
    """
    try:
        with path.open(encoding="utf-8") as file:
            specification = yaml.load(file, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        specification = None
    if not isinstance(specification, dict) or "pipelineInfo" not in specification:
        raise SpecificationError(f"{path} is no compiled pipeline: compile it again.")
    return specification

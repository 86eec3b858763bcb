"""The resources of a plan of Terraform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.errors import UserError


class PlanError(UserError):
    """There is no plan that could be read."""


@dataclass(frozen=True)
class Resource:
    """A resource that Terraform manages."""

    type: str
    values: dict[str, Any]


def read_plan(path: Path, environment: str) -> list[Resource]:
    """The resources of a plan, as `terraform show -json` writes it.

    Raises:
        PlanError: the file is missing, or is no plan.
    """
    try:
        root = json.loads(path.read_text(encoding="utf-8"))["planned_values"]["root_module"]
    except FileNotFoundError:
        raise PlanError(
            f"{path} is missing: make it with `make plan ENVIRONMENT={environment}`, or name"
            " another with --plan."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise PlanError(f"{path} is no plan: write one with `terraform show -json`.") from None
    return list(_resources(root))


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    for each in module.get("resources", []):
        if each.get("mode") == "managed":
            yield Resource(each["type"], each.get("values", {}))
    for child in module.get("child_modules", []):
        yield from _resources(child)

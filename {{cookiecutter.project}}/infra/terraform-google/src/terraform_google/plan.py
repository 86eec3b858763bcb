"""A plan, as Terraform writes it in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource that a plan wants to exist."""

    address: str
    """For example `module.storage.google_storage_bucket.this["data"]`."""
    type: str
    values: Values
    """What the configuration sets; what only Google Cloud knows is missing."""

    @property
    def is_managed(self) -> bool:
        """Whether it is a resource, not a data source."""
        return not self.address.rpartition(self.type)[0].endswith("data.")


class Plan:
    """What Terraform would do.

    https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
    """

    def __init__(self, document: Values) -> None:
        self.document = document

    @property
    def resources(self) -> list[Resource]:
        """All resources that are wanted, of all modules."""
        return list(_resources(self.document.get("planned_values", {}).get("root_module", {})))

    def of_type(self, type_name: str) -> dict[str, Values]:
        """The values of all resources of a type, by address."""
        return {each.address: each.values for each in self.resources if each.type == type_name}

    def only(self, type_name: str) -> Values:
        """The values of the one resource of a type.

        Raises:
            ValueError: If the plan has none of it, or several.
        """
        found = self.of_type(type_name)
        if len(found) != 1:
            raise ValueError(f"The plan has {len(found)} of {type_name}, not one: {[*found]}.")
        return next(iter(found.values()))

    @property
    def types(self) -> set[str]:
        """The types of the managed resources."""
        return {each.type for each in self.resources if each.is_managed}

    @property
    def actions(self) -> dict[str, list[str]]:
        """What is done with each resource: create, update, delete; not what stays as it is."""
        changes = self.document.get("resource_changes", [])
        actions = {each["address"]: each["change"]["actions"] for each in changes}
        return {address: done for address, done in actions.items() if done not in (["no-op"],)}

    @property
    def outputs(self) -> Values:
        """The values of the root's outputs, as far as they are known."""
        outputs = self.document.get("planned_values", {}).get("outputs", {})
        return {name: each.get("value") for name, each in outputs.items()}


def _resources(module: Values) -> Iterator[Resource]:
    for each in module.get("resources", []):
        yield Resource(each["address"], each["type"], each.get("values", {}))
    for child in module.get("child_modules", []):
        yield from _resources(child)

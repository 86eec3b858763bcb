"""Mistakes that a provider refuses and that no schema can express."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from terraform_google.schema import Attribute, Block
from terraform_google.values import Value

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and with which part of the configuration."""

    path: Path
    summary: str
    detail: str = ""


@dataclass(frozen=True)
class NamePattern:
    """How the values of an attribute must look, as Google Cloud documents it."""

    pattern: str
    meaning: str


# https://cloud.google.com/iam/docs/service-accounts-create,
# https://cloud.google.com/bigquery/docs/datasets#dataset-naming,
# https://cloud.google.com/storage/docs/buckets#naming
NAME_PATTERNS = {
    ("google_service_account", "account_id"): NamePattern(
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 lower-case letters, digits and hyphens"
    ),
    ("google_bigquery_dataset", "dataset_id"): NamePattern(
        r"\w{1,1024}", "letters, digits and underscores"
    ),
    ("google_storage_bucket", "name"): NamePattern(
        r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", "lower-case letters, digits, hyphens and dots"
    ),
}
# https://cloud.google.com/iam/docs/principal-identifiers
MEMBER = NamePattern(
    r"allUsers|allAuthenticatedUsers"
    r"|(user|group|domain|serviceAccount|projectOwner|projectEditor|projectViewer"
    r"|principal|principalSet):\S+",
    "a principal, like 'serviceAccount:NAME@PROJECT.iam.gserviceaccount.com'",
)
ROLE = NamePattern(
    r"(roles|(projects|organizations)/[^/]+/roles)/[A-Za-z0-9_.]+",
    "a role, like 'roles/storage.objectViewer'",
)
# one of them, and not more: https://registry.terraform.io/providers/hashicorp/google/latest/docs
EXCLUSIVE_BLOCKS = {
    "google_secret_manager_secret": (("replication",), ("auto", "user_managed")),
    "google_pubsub_subscription": ((), ("push_config", "bigquery_config", "cloud_storage_config")),
}


def mistakes(type_name: str, block: Block, value: dict[str, Value]) -> Iterator[Mistake]:
    """All mistakes in the configuration of a resource or data source."""
    yield from _attribute_mistakes(block, value, ())
    yield from _name_mistakes(type_name, value)
    yield from _exclusion_mistakes(type_name, value)


def _attribute_mistakes(block: Block, value: dict[str, Value], path: Path) -> Iterator[Mistake]:
    for name, attribute in block.attributes.items():
        given = value.get(name)
        if given is None:
            continue
        if attribute.computed and not attribute.optional:
            yield Mistake((*path, name), f'Can\'t configure a value for "{name}"')
        yield from _choice_mistakes(attribute, given, (*path, name))
    for name, nested in block.blocks.items():
        for step, inner in _elements(value.get(name), nested.nesting):
            yield from _attribute_mistakes(nested.block, inner, (*path, name, *step))


def _choice_mistakes(attribute: Attribute, given: Value, path: Path) -> Iterator[Mistake]:
    for each in given if isinstance(given, list) else [given]:
        if attribute.choices and isinstance(each, str) and each not in ("", *attribute.choices):
            yield Mistake(
                path,
                f"expected {path[-1]} to be one of {list(attribute.choices)}, got {each}",
                "The provider's documentation does not list this value.",
            )


def _elements(value: Value, nesting: str) -> Iterator[tuple[Path, dict[str, Value]]]:
    """The objects of a nested block, each with its step in a path (a set's have none)."""
    if isinstance(value, dict) and nesting == "single":
        yield (), value
    for index, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, dict):
            yield ((index,) if nesting == "list" else ()), each


def _name_mistakes(type_name: str, value: dict[str, Value]) -> Iterator[Mistake]:
    rules = {name: rule for (owner, name), rule in NAME_PATTERNS.items() if owner == type_name}
    if "_iam_" in type_name:
        rules |= {"member": MEMBER, "members": MEMBER, "role": ROLE}
    for name, rule in rules.items():
        given = value.get(name)
        for each in given if isinstance(given, list) else [given]:
            if isinstance(each, str) and not re.fullmatch(rule.pattern, each):
                yield Mistake((name,), f'"{each}" is no valid {name}: it must be {rule.meaning}')


def _exclusion_mistakes(type_name: str, value: dict[str, Value]) -> Iterator[Mistake]:
    parents, names = EXCLUSIVE_BLOCKS.get(type_name, ((), ()))
    for parent in parents:
        inner = value.get(parent)
        value = inner[0] if isinstance(inner, list) and inner else {}
    given = [name for name in names if value.get(name)]
    if len(given) > 1:
        yield Mistake((*parents,), f"only one of {', '.join(names)} may be given, not {given}")

"""The files of config/: read, laid over each other and checked, each mistake in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mlops.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(UserError):
    """A mistake in config/, told in one sentence: which file, which key, and the way out."""


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that is given twice, of which YAML keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        known: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in known:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} is given twice", problem_mark=key.start_mark
                )
            known.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """What a file holds.

    Raises:
        SettingsError: it is missing, cannot be read, or holds no keys and values.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    except FileNotFoundError:
        raise SettingsError(
            f"{path} is missing: run this from the project's root, or set MLOPS_CONFIG."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({_lower(error.strerror or str(error))}): it must be a file of"
            " yours."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid YAML: {_one_line(str(error))}.") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold keys and values, such as `name: value`.")
    return content


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`, section by section; a list or a value replaces the one below."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = merge(below, value)
        merged[key] = value
    return merged


def validate(
    model: type[Model], content: dict[str, Any], layers: dict[str, dict[str, Any]]
) -> Model:
    """The content as a model; a mistake is looked up in the files that the content came from.

    Raises:
        SettingsError: the model does not allow it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise SettingsError(explain(error, content, layers)) from None


def explain(
    error: ValidationError, content: dict[str, Any], layers: dict[str, dict[str, Any]]
) -> str:
    """The first mistake as a sentence with its file, its key and the way out."""
    first = error.errors(include_url=False)[0]
    location = first["loc"]
    holders = [name for name, layer in layers.items() if _find(layer, location) is not None]
    where = holders[0] if holders and location else " or ".join(layers)
    key = _name_key(location, content)
    match first["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key {key}; remove it or correct its spelling."
        case "missing":
            return f"{where}: {key} is missing; add it."
        case "value_error":
            return f"{where}: {_one_line(first['msg'].removeprefix('Value error, '))}."
        case _:
            return f"{where}: {key} is {first['input']!r}; {_lower(first['msg'])}."


def _name_key(location: tuple[int | str, ...], content: dict[str, Any]) -> str:
    """The path to a key; an item of a list goes by its name, if it has one."""
    parts = []
    for depth, part in enumerate(location, start=1):
        item = _find(content, location[:depth]) if isinstance(part, int) else None
        parts.append(str(item.get("name", part) if isinstance(item, dict) else part))
    return ".".join(parts)


def _find(content: Any, location: tuple[int | str, ...]) -> Any:
    """What lies at a path of keys and indices; None when nothing does."""
    for part in location:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Build files, read into Google's own type."""

from pathlib import Path
from typing import Any

import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf import json_format


class BuildFileError(Exception):
    """A build file that Cloud Build would refuse, told in one sentence."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which YAML would drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise BuildFileError(f"{key} stands twice in the mapping of line {line}")
        return super().construct_mapping(node, deep)


def read_build(path: Path) -> Build:
    """The build that a YAML file describes.

    Raises:
        BuildFileError: there is no such file, or it holds what the type `Build` has no place for.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
        if not isinstance(content, dict):
            raise BuildFileError("it must hold keys and values, with `steps` among them")
        build: Build = Build.wrap(json_format.ParseDict(content, Build.pb(Build())))
    except FileNotFoundError:
        raise BuildFileError(f"{path} is missing.") from None
    except (BuildFileError, json_format.ParseError, yaml.YAMLError) as error:
        raise BuildFileError(f"{path}: {' '.join(str(error).split())}.") from None
    return build

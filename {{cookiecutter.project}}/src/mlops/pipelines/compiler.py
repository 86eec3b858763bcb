"""Compile pipelines to the specification that Vertex AI Pipelines runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mlops.errors import UserError
from mlops.pipelines.images import image_reference
from mlops.pipelines.specification import read_specification

if TYPE_CHECKING:
    from mlops.settings import Images

BUILD = Path("build/pipelines")
PIPELINES = ("training", "automl", "batch-prediction", "schema")


class PipelineError(UserError):
    """There is no pipeline of that name."""


def compile_pipeline(name: str, images: Images, output: Path = BUILD) -> Path:
    """Writes a pipeline's specification, with references of images in place of their names.

    Args:
        name: one of PIPELINES; a module of `mlops.pipelines` holds a pipeline of the same name,
            with underscores.
        images: where the images lie.
        output: the folder to write to.

    Returns:
        The file, `output/NAME.yaml`.

    Raises:
        PipelineError: there is no pipeline of that name.
        ImageError: a component's `base_image` is not a folder under infra/images.
    """
    from kfp import compiler

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"{name}.yaml"
        compiler.Compiler().compile(_find_pipeline(name), str(made))
        spec = read_specification(made)
    for executor in spec["deploymentSpec"]["executors"].values():
        container = executor["container"]
        container["image"] = image_reference(images, container["image"])
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{name}.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return path


def _find_pipeline(name: str) -> Any:
    from importlib import import_module

    if name not in PIPELINES:
        raise PipelineError(f"No pipeline is named {name!r}: choose {', '.join(PIPELINES)}.")
    module = name.replace("-", "_")
    return getattr(import_module(f"mlops.pipelines.{module}"), module)

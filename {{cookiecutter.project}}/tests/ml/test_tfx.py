"""The TFX pipeline compiles for Vertex AI Pipelines, with the model and data of this project."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tensorflow_model_analysis as tfma

from mlops.pipelines.images import image_reference
from mlops.settings import Settings
from mlops.tfx.__main__ import compile_pipeline
from mlops.tfx.pipeline import build_eval_config
from tests.conftest import ROOT

TASKS = {
    "BigQueryExampleGen",
    "StatisticsGen",
    "SchemaGen",
    "ExampleValidator",
    "Transform",
    "Trainer",
    "Evaluator",
    "Pusher",
}


@pytest.fixture(scope="module")
def job(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("tfx") / "tfx.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        compile_pipeline(settings, path)
    return json.loads(path.read_text())


def test_it_is_a_pipeline_that_vertex_runs(job: dict[str, Any]) -> None:
    spec = job["pipelineSpec"]
    assert spec["schemaVersion"].startswith("2.")
    assert set(spec["root"]["dag"]["tasks"]) == TASKS
    pusher = spec["root"]["dag"]["tasks"]["Pusher"]
    assert set(pusher["dependentTasks"]) == {"Trainer", "Evaluator"}


def test_each_node_runs_in_the_ml_image(
    job: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    images = {each["container"]["image"] for each in executors.values() if "container" in each}
    assert images == {image_reference(settings.images, "ml")}


def test_the_bound_is_of_all_rows_alone(settings: Settings) -> None:
    (spec,) = build_eval_config(settings.features, settings.evaluation).metrics_specs
    (deciding,) = [each for each in spec.metrics if each.per_slice_thresholds]
    (bound,) = deciding.per_slice_thresholds
    assert bound.slicing_specs == [tfma.SlicingSpec()]
    assert not deciding.HasField("threshold")


def test_it_reads_trains_and_judges_what_config_declares(
    job: dict[str, Any], settings: Settings
) -> None:
    told = json.dumps(job)
    assert settings.features.table in told
    assert "mlops.tfx.steps.run_fn" in told
    assert "mlops.tfx.steps.preprocessing_fn" in told
    assert "lower_bound" in told or "lowerBound" in told or "upperBound" in told

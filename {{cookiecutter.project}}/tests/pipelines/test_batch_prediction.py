"""The compiled batch prediction pipeline: validated first, never cached, counted last."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops.pipelines.compiler import compile_pipeline
from mlops.pipelines.runs import batch_prediction_parameters
from mlops.settings import Images, load_settings
from tests.conftest import ROOT

IMAGES = Images(repository="us-central1-docker.pkg.dev/taxi/mlops", tag="abc")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        path = compile_pipeline("batch-prediction", IMAGES, tmp_path_factory.mktemp("spec"))
    return yaml.safe_load(path.read_text())


def test_the_run_gives_each_parameter_of_the_pipeline(spec: dict[str, Any], config: Path) -> None:
    parameters = batch_prediction_parameters(load_settings("local", config))
    assert parameters.keys() == spec["root"]["inputDefinitions"]["parameters"].keys()


def test_anomalies_block_the_prediction_and_lost_rows_the_tables(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    assert set(tasks) == {"select-rows", "validate-rows", "predict-rows", "publish-results"}
    assert set(tasks["predict-rows"]["dependentTasks"]) == {"select-rows", "validate-rows"}
    assert "predict-rows" in tasks["publish-results"]["dependentTasks"]


def test_no_step_comes_from_the_cache(spec: dict[str, Any]) -> None:
    assert all(task["cachingOptions"] == {} for task in spec["root"]["dag"]["tasks"].values())

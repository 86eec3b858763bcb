"""The compiled pipeline names real images and holds the whole graph."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import dsl

from mlops.pipelines import training
from mlops.pipelines.compiler import PipelineError, compile_pipeline
from mlops.pipelines.images import ImageError
from mlops.pipelines.runs import training_parameters
from mlops.settings import Images, load_settings
from tests.conftest import ROOT

IMAGES = Images(repository="us-central1-docker.pkg.dev/taxi/mlops", tag="abc")


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def compile_spec(images: Images, output: Path) -> dict[str, Any]:
    return yaml.safe_load(compile_pipeline("training", images, output).read_text())


def images_of(spec: dict[str, Any]) -> set[str]:
    executors = spec["deploymentSpec"]["executors"].values()
    return {executor["container"]["image"] for executor in executors}


def test_each_step_runs_in_a_full_image_reference(tmp_path: Path) -> None:
    assert images_of(compile_spec(IMAGES, tmp_path)) == {f"{IMAGES.repository}/ml:abc"}


def test_without_a_tag_the_image_is_named_by_what_it_is_built_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untagged = Images(repository=IMAGES.repository)
    before = images_of(compile_spec(untagged, tmp_path))
    assert images_of(compile_spec(untagged, tmp_path)) == before
    (tmp_path / "src").mkdir()
    (tmp_path / "src/changed.py").touch()
    monkeypatch.setattr("mlops.pipelines.images.SOURCE", tmp_path / "src")
    assert images_of(compile_spec(untagged, tmp_path)) != before


def test_an_image_without_a_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dsl.component(base_image="gpu", install_kfp_package=False)
    def step() -> None: ...

    @dsl.pipeline(name="training")
    def pipeline() -> None:
        step()

    monkeypatch.setattr(training, "training", pipeline)
    with pytest.raises(ImageError, match="'gpu': the folders in infra/images are jobs, ml"):
        compile_pipeline("training", IMAGES, tmp_path)


def test_an_unknown_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="'trainig': choose training"):
        compile_pipeline("trainig", IMAGES, tmp_path)


def test_the_run_gives_each_parameter_of_the_pipeline(config: Path, tmp_path: Path) -> None:
    parameters = training_parameters(load_settings("local", config))
    declared = compile_spec(IMAGES, tmp_path)["root"]["inputDefinitions"]["parameters"]
    assert parameters.keys() == declared.keys()


def test_only_a_model_that_passed_against_the_champion_of_now_gets_an_alias(
    tmp_path: Path,
) -> None:
    tasks = compile_spec(IMAGES, tmp_path)["root"]["dag"]["tasks"]
    assert tasks["find-champion"]["cachingOptions"] == {}
    champion = tasks["evaluate-model"]["inputs"]["parameters"]["champion_uri"]
    assert champion["taskOutputParameter"]["producerTask"] == "find-champion"
    passed = tasks["condition-4"]
    assert passed["triggerPolicy"]["condition"].endswith("== true")
    (verdict,) = [
        parameter["taskOutputParameter"]
        for parameter in passed["inputs"]["parameters"].values()
        if "taskOutputParameter" in parameter
    ]
    assert verdict == {"outputParameterKey": "Output", "producerTask": "evaluate-model"}


def test_bad_data_and_bad_models_stop_what_follows(tmp_path: Path) -> None:
    spec = compile_spec(IMAGES, tmp_path)
    tasks = spec["root"]["dag"]["tasks"]
    checks = {"validate-data", "check-drift", "inspect-data"}
    assert checks <= set(tasks["condition-branches-1"]["dependentTasks"])
    assert "evaluate-model" in tasks["condition-4"]["dependentTasks"]
    assert "register-model" not in tasks
    released = spec["components"]["comp-condition-4"]["dag"]["tasks"]
    assert set(released) == {"register-model", "condition-5", "condition-6"}


def test_without_tuning_only_the_model_is_trained(tmp_path: Path) -> None:
    spec = compile_spec(IMAGES, tmp_path)
    branches = spec["components"]["comp-condition-branches-1"]["dag"]["tasks"]
    tunes = "inputs.parameter_values['pipelinechannel--tunes']"
    assert {name: task["triggerPolicy"]["condition"] for name, task in branches.items()} == {
        "condition-2": f"{tunes} == false",
        "condition-3": f"!({tunes} == false)",
    }
    assert set(spec["components"]["comp-condition-2"]["dag"]["tasks"]) == {"train-model"}


def test_the_best_hyperparameters_reach_the_trainer(tmp_path: Path) -> None:
    spec = compile_spec(IMAGES, tmp_path)
    tuned = spec["components"]["comp-condition-3"]["dag"]["tasks"]
    assert set(tuned) == {"tune-model", "train-model-2"}
    inputs = tuned["train-model-2"]["inputs"]
    best = inputs["parameters"]["training"]["taskOutputParameter"]
    assert best == {"outputParameterKey": "Output", "producerTask": "tune-model"}
    trials = inputs["artifacts"]["trials"]["taskOutputArtifact"]
    assert trials == {"outputArtifactKey": "trials", "producerTask": "tune-model"}
    assert tuned["tune-model"]["cachingOptions"] == {"enableCache": True}


def test_evaluation_takes_the_model_of_either_branch(tmp_path: Path) -> None:
    spec = compile_spec(IMAGES, tmp_path)
    taken = spec["root"]["dag"]["tasks"]["evaluate-model"]["inputs"]["artifacts"]["model"]
    assert taken["taskOutputArtifact"]["producerTask"] == "condition-branches-1"
    outputs = spec["components"]["comp-condition-branches-1"]["dag"]["outputs"]["artifacts"]
    (model,) = outputs.values()
    producers = [selector["producerSubtask"] for selector in model["artifactSelectors"]]
    assert producers == ["condition-2", "condition-3"]


def test_nothing_is_written_outside_of_the_projects_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match="infra/images is missing: run this from the project's"):
        compile_pipeline("schema", IMAGES, tmp_path / "pipelines")
    assert not list(tmp_path.iterdir())

"""Arguments are compared with the signature of the compiled pipeline before anything runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops.pipelines.compiler import PIPELINES, compile_pipeline
from mlops.pipelines.parameters import (
    SETTINGS,
    ParameterError,
    check_parameters,
    check_values,
    read_parameters,
)
from mlops.pipelines.runs import parameters_of
from mlops.settings import Settings, SettingsError, load_settings
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def settings(config: Path) -> Settings:
    return load_settings("local", config)


@pytest.fixture(scope="module")
def specs(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("specs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        paths = {name: compile_pipeline(name, settings.images, folder) for name in PIPELINES}
    return {name: yaml.safe_load(path.read_text()) for name, path in paths.items()}


@pytest.mark.parametrize("name", PIPELINES)
def test_the_settings_give_each_pipeline_its_parameters(
    settings: Settings, specs: dict[str, Any], name: str
) -> None:
    check_parameters(specs[name], parameters_of(name, settings))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            "sample_procent=1",
            "has no parameter 'sample_procent': it has automl_dataset, beam_arguments,",
        ),
        ("sample_percent=all", "'sample_percent' .* is 'all': give a number"),
        ("sample_percent=true", "is True: give a number"),
        ("tunes=1", "'tunes' of the pipeline training is 1: give true or false"),
        ("beam_arguments=--streaming", "give a list"),
        ("training=[]", r"is \[\]: give a mapping"),
        ("name=7", "is 7: give a text"),
        ("name", "'name' is no parameter: write NAME=VALUE"),
        ("name=[", "not valid YAML"),
    ],
)
def test_a_wrong_parameter_is_named(
    settings: Settings, specs: dict[str, Any], argument: str, message: str
) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        check_parameters(
            specs["training"],
            parameters_of("training", settings) | read_parameters([argument]),
        )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("sample_percent=0", "sample_percent: data.sample_percent is 0; input should be greater"),
        ("on_drift=maybe", "on_drift is 'maybe'; input should be 'block' or 'report'"),
        ("training={epochs: 3}", "The parameter training: training.seed is missing"),
        ("tflite={min_ratio: 3}", "unknown key export.tflite.min_ratio"),
        ("features={}", "The parameter features: features.problem is missing"),
    ],
)
def test_a_value_that_its_setting_does_not_allow_is_named(
    settings: Settings, argument: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        check_values(settings, read_parameters([argument]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_settings_own_values_are_allowed(settings: Settings, name: str) -> None:
    check_values(settings, parameters_of(name, settings))


def test_other_settings_do_not_matter_to_a_parameter(settings: Settings) -> None:
    evaluation = settings.evaluation.model_dump(mode="json", exclude_defaults=True)
    bounds = {"example_count": {"min": 1}}  # the settings also need monitoring.retrain.metric
    check_values(settings, {"evaluation": evaluation | {"thresholds": bounds}})


def test_a_missing_parameter_is_named(settings: Settings, specs: dict[str, Any]) -> None:
    parameters = parameters_of("training", settings)
    del parameters["serving_image"]
    with pytest.raises(ParameterError, match="needs the parameter 'serving_image': give a text"):
        check_parameters(specs["training"], parameters)


def test_a_parameter_takes_the_place_of_a_setting(
    settings: Settings, specs: dict[str, Any]
) -> None:
    given = read_parameters(["sample_percent=2", "name=", "beam_arguments=[a, b]"])
    assert given == {"sample_percent": 2, "name": "", "beam_arguments": ["a", "b"]}
    check_parameters(specs["training"], parameters_of("training", settings) | given)


def test_each_setting_is_of_a_parameter(specs: dict[str, Any]) -> None:
    known = {name for spec in specs.values() for name in _parameters(spec)}
    assert set(SETTINGS) <= known


def _parameters(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["root"]["inputDefinitions"]["parameters"]
    return found

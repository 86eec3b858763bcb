"""What the settings give Dataflow is what Beam's own check of its options asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

from mlops.pipelines.beam import beam_arguments
from mlops.settings import load_settings
from tests.conftest import ROOT


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_beam_takes_the_options_of_dataflow(
    config: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.chdir(ROOT)
    settings = load_settings(environment, config)
    options = PipelineOptions(beam_arguments(settings))
    cloud, worker = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    check = PipelineOptionsValidator(options, None)
    assert check.validate_cloud_options(cloud) == []
    for folder in ("temp_location", "staging_location"):
        assert check.validate_gcs_path(cloud, folder) == []
    assert (cloud.project, cloud.region) == (settings.project, settings.location)
    assert cloud.temp_location == f"gs://{settings.bucket}/dataflow/temp"
    assert cloud.service_account_email == settings.service_account
    assert worker.sdk_container_image.startswith(f"{settings.images.repository}/ml:")
    assert worker.max_num_workers == 10
    asked = {argument.partition("=")[0] for argument in beam_arguments(settings)}
    assert asked == {f"--{name}" for name in options.get_all_options(drop_default=True)}


def test_nothing_is_added_where_beam_runs_in_the_process(config: Path) -> None:
    settings = load_settings("local", config)
    assert beam_arguments(settings) == list(settings.beam.arguments) == ["--runner=FnApiRunner"]

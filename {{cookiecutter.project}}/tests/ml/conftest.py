"""The sample data as BigQuery would extract it, and a model trained on it once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from mlops.features import Features
from mlops.settings import Settings, load_settings
from tests.ml.extracts import sample, write_extract


@dataclass(frozen=True)
class Run:
    """Where the steps of one training lie."""

    settings: Settings
    data: str
    transformed: str
    graph: str
    model: str

    @property
    def features(self) -> Features:
        return self.settings.features


@pytest.fixture(scope="session")
def settings(config: Path) -> Settings:
    return load_settings("local", config)


@pytest.fixture(scope="session")
def trips() -> pd.DataFrame:
    return sample.read_trips()


@pytest.fixture(scope="session")
def run(config: Path, trips: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained model."""
    from mlops.training.train import train
    from mlops.training.transform import transform

    folder = tmp_path_factory.mktemp("run")
    settings = load_settings("local", config)
    data = write_extract(settings.features, trips, folder / "data")
    run = Run(settings, data, *(str(folder / name) for name in ("examples", "graph", "model")))
    transform(run.features, data, run.transformed, run.graph, settings.beam.arguments)
    train(run.features, settings.training, run.transformed, run.graph, run.model)
    return run

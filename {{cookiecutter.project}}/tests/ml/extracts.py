"""The sample data, laid out as BigQuery would extract it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from mlops.data.query import TENTHS, Split
from mlops.features import Features

ROOT = Path(__file__).parents[2]


def load_sample() -> ModuleType:
    """The script that loads the sample, as a module."""
    spec = importlib.util.spec_from_file_location("sample", ROOT / "infra/sample/taxi_trips.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sample = load_sample()


def write_extract(features: Features, trips: pd.DataFrame, folder: Path) -> str:
    """Does in pandas what the SQL of `mlops.data.query` does, splitting by row number."""
    start = trips["trip_start_timestamp"].dt
    rows = trips.assign(
        trip_start_month=start.month,
        trip_start_day=(start.dayofweek + 1) % 7 + 1,
        trip_start_hour=start.hour,
        big_tip=(trips["tips"] > 0.2 * trips["fare"]).astype("int64"),
    )
    if features.where:
        others = ["Cash", "No Charge", "Unknown", "Dispute", "Pcard", "Prcard"]
        rows = rows[~rows["payment_type"].isin(others)]
    names = [column.name for column in features.extracted if column.name in rows]
    tenth = np.arange(len(rows)) % 10
    for split in Split:
        first, last = TENTHS[split]
        (folder / split).mkdir(parents=True)
        part = rows.loc[(tenth >= first) & (tenth <= last), names]
        part.to_parquet(folder / split / "000000000000.parquet", index=False)
    return str(folder)

"""Data that has moved away from what it is compared with is named, column by column."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mlops.data.comparison import Comparator, DriftError, check_distances, measure_distances
from mlops.data.query import Split
from mlops.data.schema import build_schema
from mlops.data.statistics import generate_statistics, load_statistics
from mlops.features import Features
from mlops.settings import Settings

YEARS = ("2013", "2014", "2015", "2016")
LONGER, MISTYPED = "longer", "mistyped"
PARTS = (*YEARS, Split.TRAIN, LONGER, MISTYPED)


@pytest.fixture(scope="module")
def features(settings: Settings) -> Features:
    """The way to pay, with both thresholds, and the columns that any declaration needs."""
    declared = settings.features
    (payment,) = (each for each in declared.columns if each.name == "payment_type")
    miles = next(each for each in declared.columns if each.name == "trip_miles")
    columns = (
        payment.model_copy(update={"skew_threshold": 0.1}),
        miles,
        declared.identifier,
        declared.label,
    )
    return declared.model_copy(update={"columns": columns})


@pytest.fixture(scope="module")
def statistics(
    features: Features,
    settings: Settings,
    trips: pd.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Statistics of the trips of each year, and of 2013 once more: for training, and changed."""
    folder = tmp_path_factory.mktemp("years")
    years = trips["trip_start_timestamp"].dt.year.astype(str)
    for part in PARTS:
        (folder / "data" / part).mkdir(parents=True)
        year = part if part in YEARS else "2013"
        rows = trips.loc[years == year, ["payment_type", "trip_miles"]].reset_index(drop=True)
        if part == LONGER:
            rows["trip_miles"] *= 2
        if part == MISTYPED:
            rows.loc[0, "trip_miles"] = 171_000
        rows.to_parquet(folder / "data" / part / "rows.parquet", index=False)
    output = folder / "statistics"
    generate_statistics(
        str(folder / "data"),
        str(output),
        build_schema(features),
        settings.beam.arguments,
        PARTS,
    )
    return output


@pytest.mark.parametrize(
    ("year", "distance", "is_allowed"),
    [("2013", 0, True), ("2014", 0.069, True), ("2015", 0.146, False), ("2016", 0.182, False)],
)
@pytest.mark.parametrize("comparator", Comparator)
def test_the_way_to_pay_moves_from_year_to_year(
    features: Features,
    statistics: Path,
    comparator: Comparator,
    year: str,
    distance: float,
    is_allowed: bool,
) -> None:
    now, before = (load_statistics(str(statistics), part) for part in (year, "2013"))
    found = {each.column: each for each in measure_distances(features, comparator, now, before)}
    assert found["payment_type"].value == pytest.approx(distance, abs=0.001)
    assert found["payment_type"].is_allowed is is_allowed
    assert found["payment_type"].measure == "L-infinity"
    assert found["trip_miles"].measure == "Jensen-Shannon divergence"


@pytest.mark.parametrize(
    ("part", "distance"),
    [("2013", 0), ("2014", 0.040), ("2016", 0.060), (LONGER, 0.047), (MISTYPED, 0.005)],
)
@pytest.mark.parametrize("comparator", Comparator)
def test_numbers_are_compared_where_most_of_them_lie(
    features: Features, statistics: Path, comparator: Comparator, part: str, distance: float
) -> None:
    now, before = (load_statistics(str(statistics), each) for each in (part, "2013"))
    found = {each.column: each for each in measure_distances(features, comparator, now, before)}
    assert found["trip_miles"].value == pytest.approx(distance, abs=0.001)


def test_drift_stops_a_run_and_is_shown(
    features: Features, statistics: Path, tmp_path: Path
) -> None:
    with pytest.raises(DriftError, match=r"payment_type: drift of 0\.146 is above 0\.1") as caught:
        check_distances(
            features,
            Comparator.DRIFT,
            str(statistics),
            str(statistics),
            str(tmp_path),
            part="2015",
        )
    assert "Cash" not in str(caught.value)
    page = (tmp_path / "drift.html").read_text()
    assert "columns have moved too far" in page
    (payment,) = (
        each
        for each in json.loads((tmp_path / "drift.json").read_text())
        if each["column"] == "payment_type"
    )
    assert payment["value"] > payment["threshold"] == 0.1


def test_drift_can_be_told_without_stopping(
    features: Features, statistics: Path, tmp_path: Path
) -> None:
    found = check_distances(
        features,
        Comparator.DRIFT,
        str(statistics),
        str(statistics),
        str(tmp_path),
        part="2016",
        blocks=False,
    )
    assert not all(distance.is_allowed for distance in found)
    assert "too far" in (tmp_path / "drift.html").read_text()

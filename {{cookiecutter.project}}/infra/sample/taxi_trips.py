"""Load the sample of Chicago taxi trips that ships inside TFX as the public BigQuery table.

Runs in the environment of the `ml` image, against a local BigQuery:

    localcloud run --image ml -- python infra/sample/taxi_trips.py

The 15,002 trips, from 2013 to 2016, are part of the City of Chicago's Taxi Trips data, modified for
use from its original source, www.cityofchicago.org, which makes no claims as to the content,
accuracy, timeliness, or completeness of any of the data; it is subject to change at any time, and
used at one's own risk.

With --corrupt the table gets a bad batch, to rehearse how bad data is caught; without it, the table
is made whole again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from google.cloud import bigquery

DATASET = "bigquery-public-data.chicago_taxi_trips"
TABLE = f"{DATASET}.taxi_trips"
SAMPLE = "examples/chicago_taxi_pipeline/data/simple/data.csv"
COLUMNS = {
    "unique_key": "STRING",
    "trip_start_timestamp": "TIMESTAMP",
    "trip_seconds": "INTEGER",
    "trip_miles": "FLOAT",
    "pickup_census_tract": "INTEGER",
    "dropoff_census_tract": "INTEGER",
    "pickup_community_area": "INTEGER",
    "dropoff_community_area": "INTEGER",
    "fare": "FLOAT",
    "tips": "FLOAT",
    "payment_type": "STRING",
    "company": "STRING",
    "pickup_latitude": "FLOAT",
    "pickup_longitude": "FLOAT",
    "dropoff_latitude": "FLOAT",
    "dropoff_longitude": "FLOAT",
}
BAD_ROWS = 500


def read_trips() -> pd.DataFrame:
    """The sample with the public table's columns and types; a row's key is made of its content."""
    spec = importlib.util.find_spec("tfx")
    if spec is None or spec.origin is None:
        raise SystemExit("TFX is not installed here: run this in the environment of the ml image.")
    path = Path(spec.origin).parent / SAMPLE
    keys = [
        hashlib.sha1(f"{position} {line}".encode(), usedforsecurity=False).hexdigest()
        for position, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:])
    ]
    trips = pd.read_csv(path).assign(unique_key=keys)
    trips["trip_start_timestamp"] = pd.to_datetime(
        trips["trip_start_timestamp"], unit="s", utc=True
    )
    integers = [name for name, kind in COLUMNS.items() if kind == "INTEGER"]
    return trips[list(COLUMNS)].astype(dict.fromkeys(integers, "Int64"))


def with_unknown_category(trips: pd.DataFrame) -> pd.DataFrame:
    """Some trips are paid in a way that nobody declared."""
    return _with_bad_rows(trips, payment_type="Cryptocurrency")


def with_out_of_range(trips: pd.DataFrame) -> pd.DataFrame:
    """Some card trips are longer than the way round the Earth."""
    return _with_bad_rows(trips, payment_type="Credit Card", trip_miles=99_999.0)


def with_missing_column(trips: pd.DataFrame) -> pd.DataFrame:
    """The table lost a column."""
    return trips.drop(columns="trip_miles")


CORRUPTIONS = {
    "unknown-category": with_unknown_category,
    "out-of-range": with_out_of_range,
    "missing-column": with_missing_column,
}


def _with_bad_rows(trips: pd.DataFrame, **values: object) -> pd.DataFrame:
    bad = trips.head(BAD_ROWS).assign(unique_key=lambda rows: "bad-" + rows["unique_key"], **values)
    return pd.concat([trips, bad], ignore_index=True)


def load(client: bigquery.Client, trips: pd.DataFrame) -> bool:
    """Makes the table hold exactly these trips; tells whether it had to change."""
    from google.cloud import bigquery

    version = hashlib.sha1(
        pd.util.hash_pandas_object(trips).values.tobytes() + ",".join(trips.columns).encode(),
        usedforsecurity=False,
    ).hexdigest()
    if _label(client) == version:
        return False
    client.create_dataset(DATASET, exists_ok=True)
    client.delete_table(TABLE, not_found_ok=True)
    schema = [bigquery.SchemaField(name, COLUMNS[name]) for name in trips.columns]
    config = bigquery.LoadJobConfig(schema=schema)
    client.load_table_from_dataframe(trips, TABLE, job_config=config).result()
    table = client.get_table(TABLE)
    table.labels = {"sample": version}
    client.update_table(table, ["labels"])
    return True


def _label(client: bigquery.Client) -> str | None:
    """The version of the trips that the table holds, if it was loaded to its end."""
    from google.api_core.exceptions import NotFound

    try:
        return client.get_table(TABLE).labels.get("sample")
    except NotFound:
        return None


def main() -> None:
    """Loads the sample, or a corrupt batch of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corrupt", choices=CORRUPTIONS, help="load a bad batch instead")
    arguments = parser.parse_args()
    from google.cloud import bigquery

    trips = read_trips()
    if arguments.corrupt:
        trips = CORRUPTIONS[arguments.corrupt](trips)
    changed = load(bigquery.Client(), trips)
    state = "loaded into" if changed else "already in"
    print(f"{len(trips):,} trips {state} {TABLE}")


if __name__ == "__main__":
    main()

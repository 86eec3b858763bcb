"""Batch prediction on a local Vertex AI, by the champion that the life of the model has left."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.rehearsal.conftest import Rehearsal, succeed

ROWS = 300
# Makes a table of trips, of which some go on backwards and one is longer than the model can take;
# prints its name and their keys.
MAKE = """
import json, sys
from google.cloud import bigquery
from mlops.settings import load_settings

settings, (name, rows, backwards) = load_settings(), sys.argv[1:]
client = bigquery.Client(project=settings.project)
client.create_dataset("rehearsal", exists_ok=True)
table = f"{settings.project}.rehearsal.{name}"
client.query(f'''
CREATE OR REPLACE TABLE `{table}` AS
SELECT * EXCEPT (rank) REPLACE (
  IF(rank <= {backwards}, -1, trip_seconds) AS trip_seconds,
  IF(rank = {rows}, 1e300, trip_miles) AS trip_miles)
FROM (
  SELECT *, ROW_NUMBER() OVER (ORDER BY unique_key) AS rank FROM `{settings.features.table}`
  WHERE fare < 1000 AND {settings.features.where or 'TRUE'}
)
WHERE rank <= {rows}
''').result()
keys = client.query(f"SELECT unique_key FROM `{table}` ORDER BY unique_key").result()
print(json.dumps([table, [row.unique_key for row in keys]]))
"""
# Prints predictions and errors by key, and what the endpoint says of three of these rows.
READ = """
import json
from google.cloud import aiplatform, bigquery
from mlops.data.query import read
from mlops.release.prediction import predict_rows
from mlops.settings import load_settings

settings = load_settings()
features = settings.features
aiplatform.init(project=settings.project, location=settings.location)
client = bigquery.Client(project=settings.project)


def by_key(table, column):
    rows = client.query(f"SELECT * FROM `{settings.project}.batch_predictions.{table}`").result()
    return [(row.unique_key, row[column]) for row in rows]


predictions = by_key("predictions", "prediction")
three = ", ".join(repr(key) for key, _ in predictions[:3])
chosen = features.model_copy(update={"where": f"unique_key IN ({three})"})
rows = list(client.query(read(chosen, [features.identifier, *features.extracted])).result())
answers = predict_rows(settings.name, features, [dict(row) for row in rows])
endpoint = [(row.unique_key, answer.predicted) for row, answer in zip(rows, answers)]
print(json.dumps([predictions, by_key("dead_letters", "error"), endpoint]))
"""
# Prints how many of the rows that validation reads go on backwards.
SELECT = """
import sys
import pyarrow.parquet as pq
from google.cloud import bigquery, storage
from mlops.batch_prediction.selection import select_rows
from mlops.settings import load_settings

settings = load_settings()
features = settings.features.model_copy(update={"table": sys.argv[1], "where": None})
client = bigquery.Client(project=settings.project)
dataset, uri = f"{settings.project}.batch_predictions", f"gs://{settings.bucket}/selected"
select_rows(client, features, dataset, uri, max_bad_percent=1, sample_percent=100)
blobs = storage.Client(project=settings.project).list_blobs(settings.bucket, prefix="selected/")
# of ParquetFile, because the threads of read_table may abort the process when it ends
tables = [pq.ParquetFile(blob.open("rb")).read() for blob in blobs]
print(sum(value.as_py() == -1 for table in tables for value in table["trip_seconds"]))
"""


@pytest.fixture(scope="module")
def champion(rehearsal: Rehearsal) -> Iterator[Rehearsal]:
    """A champion; a mileage may be of any length, so that the model itself meets such a row."""
    succeed(rehearsal.load_trips())
    if rehearsal.mlops("lineage").returncode:
        succeed(rehearsal.train())
    path = rehearsal.config / "features.yaml"
    before = path.read_text(encoding="utf-8")
    features = yaml.safe_load(before)
    miles = next(column for column in features["columns"] if column["name"] == "trip_miles")
    del miles["max"]
    path.write_text(yaml.safe_dump(features), encoding="utf-8")
    yield rehearsal
    path.write_text(before, encoding="utf-8")


def run(rehearsal: Rehearsal, code: str, *arguments: object) -> Any:
    command = ("run", "--", sys.executable, "-c", code, *map(str, arguments))
    return json.loads(succeed(rehearsal.localcloud(*command)))


def test_each_row_becomes_a_prediction_or_a_dead_letter_under_its_key(champion: Rehearsal) -> None:
    table, keys = run(champion, MAKE, "trips", ROWS, 1)
    champion.change_settings("batch_prediction", table=table, files=True)
    output = succeed(champion.mlops("pipelines", "run", "batch-prediction"))
    assert re.search(rf"rows +{ROWS}\n +predictions +{ROWS - 2}  bq://\S+\.predictions\n", output)
    assert re.search(r"dead letters +2  bq://\S+\.dead_letters\n", output)

    predictions, dead_letters, endpoint = run(champion, READ)
    assert sorted(key for key, _ in predictions) == keys[1:-1]
    errors = dict(dead_letters)
    assert errors.keys() == {keys[0], keys[-1]}
    assert errors[keys[0]] == "trip_seconds is below 0"
    assert "field trip_miles must be a number" in errors[keys[-1]]
    for key, answer in endpoint:
        assert dict(predictions)[key] == pytest.approx(answer, abs=1e-5)
    files = re.search(r"files +gs://(\S+)", output)
    assert files
    assert list((champion.folder / "state/storage" / files[1]).glob("*.parquet"))


def test_validation_sees_bad_rows_once_they_are_too_many(champion: Rehearsal) -> None:
    few, _ = run(champion, MAKE, "few", ROWS, 2)
    many, _ = run(champion, MAKE, "many", ROWS, 20)
    assert run(champion, SELECT, few) == 0
    assert run(champion, SELECT, many) == 20

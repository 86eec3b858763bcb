"""Personal data in the table: found before training, hidden, measured and erased."""

from __future__ import annotations

import json
import re
import shutil
import sys

import pytest
import yaml

from tests.rehearsal.conftest import Done, Rehearsal, succeed
from tests.rehearsal.test_life_of_a_model import states

PHONE = "(206) 555-0123"
SUBJECT = "subject-0007"

# a table of trips of which some companies have a telephone number, each with a key of its own
TABLE = """
from google.cloud import bigquery
from mlops.settings import load_settings

settings = load_settings()
client = bigquery.Client(project=settings.project)
client.create_dataset("people", exists_ok=True)
client.query(
    f"CREATE OR REPLACE TABLE `{settings.features.table}` AS"
    " SELECT * EXCEPT (n) REPLACE (FORMAT('subject-%04d', n) AS unique_key,"
    " IF(n < 5, 'call (206) 555-0123', company) AS company) FROM (SELECT *,"
    " ROW_NUMBER() OVER (ORDER BY unique_key) AS n FROM"
    " `bigquery-public-data.chicago_taxi_trips.taxi_trips`) WHERE n <= 300"
).result()
"""

# The commands, in one process as each takes seconds to start. The version that has learned is one
# whose artifact is the extract itself, so that its lineage leads there without a training.
COMMANDS = """
import json
import re
from google.cloud import aiplatform, bigquery
from mlops.cli import app
from mlops.errors import UserError
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
found = aiplatform.Artifact.list(filter='schema_title="system.Dataset"')
extracts = f"gs://{settings.bucket}/.*/extract-data_"
(data,) = [each for each in found if re.match(extracts, each.uri)]
model = aiplatform.Model.upload(
    display_name=settings.name,
    artifact_uri=data.uri,
    serving_container_image_uri="us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-6:latest",
)
hidden = f"{settings.project}.people.hidden"
app(["privacy", "deidentify", hidden], standalone_mode=False)
app(["privacy", "k-anonymity"], standalone_mode=False)
app(["privacy", "erase", "subject-0007"], standalone_mode=False)
for _ in range(2):  # again, as if the first had been interrupted
    app(["privacy", "erase", "subject-0007", "--yes"], standalone_mode=False)
try:
    app(["privacy", "erase", "nobody"], standalone_mode=False)
except UserError as error:
    print(error)
client = bigquery.Client(project=settings.project)
(row,) = client.query(f"SELECT COUNT(*) FROM `{settings.features.table}`").result()
left = {
    "bucket": settings.bucket,
    "hidden": [dict(row) for row in client.list_rows(hidden)],
    "rows": row[0],
    "labels": aiplatform.Model(model.resource_name).labels,
}
print(json.dumps(left, default=str))
"""


@pytest.fixture(scope="module")
def people(rehearsal: Rehearsal) -> Rehearsal:
    """The same localcloud with a table, a bucket and a model's name of its own."""
    own = Rehearsal(rehearsal.folder, "people")
    shutil.copytree(rehearsal.config, own.config)
    local = yaml.safe_load((own.config / "local.yaml").read_text())
    local.update(name="people", bucket=f"{local['project']}-people")
    (own.config / "local.yaml").write_text(yaml.safe_dump(local))
    features = yaml.safe_load((own.config / "features.yaml").read_text())
    features["table"] = f"{local['project']}.people.trips"
    (own.config / "features.yaml").write_text(yaml.safe_dump(features))
    succeed(python(own, TABLE))
    return own


def python(rehearsal: Rehearsal, source: str) -> Done:
    return rehearsal.localcloud("run", "--", sys.executable, "-c", source)


def test_no_model_is_trained_on_personal_data(people: Rehearsal) -> None:
    done = people.train()
    assert done.returncode == 1
    found = states(done.stdout)
    assert found["inspect-data"] == "FAILED", done.stdout + done.stderr
    assert "train-model" not in found
    assert found["evaluate-model"] == "NOT_TRIGGERED"
    assert re.search(r"company \(1 of \d+ values look like PHONE_NUMBER\)", done.stderr)
    page = re.search(r"gs://(\S+findings\.html)", done.stderr)
    assert page
    text = (people.folder / "state/storage" / page[1]).read_text()
    assert "PHONE_NUMBER" in text
    assert PHONE not in text + done.stdout + done.stderr


def test_a_subject_is_hidden_counted_and_forgotten(people: Rehearsal) -> None:
    told, _, last = succeed(python(people, COMMANDS)).strip().rpartition("\n")
    assert "300 rows in" in told
    assert re.search(r"^Not 5-anonymous: \d+", told, re.M)
    assert told.count("1 rows of") == 2
    assert "Nothing was deleted; add --yes" in told
    assert told.count("Erased; ") == 2
    assert "version 1 learned from the table" in told
    assert "No row has that unique_key" in told
    assert SUBJECT not in told
    left = json.loads(last)
    assert left["rows"] == 299
    assert "retrain_by" in left["labels"]
    assert len({row["unique_key"] for row in left["hidden"]}) == 300
    assert {row["company"] for row in left["hidden"]} >= {"call [PHONE_NUMBER]"}
    storage = people.folder / "state/storage" / left["bucket"]
    files = [path for path in storage.rglob("*") if path.is_file()]
    assert not [path for path in files if SUBJECT.encode() in path.read_bytes()]
    assert not list(storage.rglob("*.parquet"))
    (tombstone,) = (storage / "privacy/erasures").iterdir()
    assert re.fullmatch(r"[0-9a-f]{64}\.json", tombstone.name)
    assert json.loads(tombstone.read_text())["erased_at"]

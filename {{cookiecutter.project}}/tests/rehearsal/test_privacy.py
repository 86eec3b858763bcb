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
from google.cloud import aiplatform, bigquery, dlp_v2, storage
from mlops.cli import app
from mlops.errors import UserError
from mlops.privacy.erasure import erase
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
trips = settings.features.table
hidden = f"{settings.project}.people.hidden"
app(["privacy", "deidentify", hidden], standalone_mode=False)
app(["privacy", "k-anonymity"], standalone_mode=False)

# what is made of the rows: predictions, Vertex AI's own table of them, a sample for monitoring
client, files = bigquery.Client(project=settings.project), storage.Client(project=settings.project)
bucket = files.bucket(settings.bucket)
bucket.blob(f"monitoring/{settings.name}/baselines/rows.jsonl").upload_from_string("{}")
dataset = f"{settings.project}.{settings.batch_prediction.dataset}"
published, working = f"{dataset}.people", f"{dataset}_runs.predictions_people"
made = {published: "unique_key, 0.5 AS prediction", working: "unique_key AS key"}
for table, columns in made.items():
    client.create_dataset(table.rpartition(".")[0], exists_ok=True)
    client.query(f"CREATE TABLE `{table}` AS SELECT {columns} FROM `{trips}`").result()

app(["privacy", "erase", "subject-0007"], standalone_mode=False)
for _ in range(2):  # again, as if the first had been interrupted
    app(["privacy", "erase", "subject-0007", "--yes"], standalone_mode=False)

# the subject comes back, and is extracted again
client.query(
    f"INSERT INTO `{trips}` SELECT * REPLACE ('subject-0007' AS unique_key) FROM `{trips}` LIMIT 1"
).result()
late = f"gs://{settings.bucket}/pipelines/late"
aiplatform.Artifact.create(schema_title="system.Dataset", uri=late)
bucket.blob("pipelines/late/train/0.parquet").upload_from_string("subject-0007")
app(["privacy", "erase", "subject-0007", "--yes"], standalone_mode=False)

def erase_by(subject, column="unique_key", table=trips):
    privacy = settings.privacy.model_copy(update={"subject": column})
    features = settings.features.model_copy(update={"table": table})
    own = settings.model_copy(update={"privacy": privacy, "features": features})
    try:
        for line in erase(own, subject, client, files, dlp_v2.DlpServiceClient(), really=True):
            print(line)
    except UserError as error:
        print(error)

erase_by("call (206) 555-0123", "company")  # whose predictions have its trips' keys alone
erase_by("nobody")
erase_by("nobody", "nothing")
client.query(f"CREATE VIEW `{trips}_seen` AS SELECT * FROM `{trips}`").result()
erase_by("nobody", table=f"{trips}_seen")

def count(table):
    (row,) = client.query(f"SELECT COUNT(*) FROM `{table}`").result()
    return row[0]

left = {
    "bucket": settings.bucket,
    "hidden": [dict(row) for row in client.list_rows(hidden)],
    "rows": [count(trips), count(published)],
    "working": [table.table_id for table in client.list_tables(f"{dataset}_runs")],
    "labels": aiplatform.Model(model.resource_name).labels,
}
client.delete_table(published)
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
    assert re.findall(r"(\d) rows of \S+\.(\w+)", told) == [
        *2 * [("1", "people"), ("1", "trips")],  # told, then done; again there were none
        ("1", "trips"),  # of the subject that came back
        ("4", "people"),
        ("4", "trips"),
    ]
    assert "Nothing was deleted; add --yes" in told
    assert told.count("Erased; ") == 4
    assert "version 1 learned from the table" in told
    assert "No row has that unique_key" in told
    assert "people.trips has no column nothing, which tells whose row it is" in told
    assert "people.trips_seen is a view, from which nothing can be deleted" in told
    left = json.loads(last)
    assert left["rows"] == [295, 295]
    assert left["working"] == []
    assert "retrain_by" in left["labels"]
    assert len({row["unique_key"] for row in left["hidden"]}) == 300
    assert {row["company"] for row in left["hidden"]} >= {"call [PHONE_NUMBER]"}
    storage = people.folder / "state/storage" / left["bucket"]
    files = [path for path in storage.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in {".parquet", ".jsonl"}]
    stones = [json.loads(path.read_text()) for path in (storage / "privacy/erasures").iterdir()]
    assert sorted(stone["rows"] for stone in stones) == [3, 8]
    assert all(stone["erased_at"] for stone in stones)
    assert all(re.fullmatch(r"[0-9a-f]{64}", stone["subject"]) for stone in stones)
    assert SUBJECT not in told
    assert PHONE not in told
    assert not [path for path in files if SUBJECT.encode() in path.read_bytes()]

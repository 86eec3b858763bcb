"""What batch prediction jobs read and write, through the unmodified SDK.

The model is the toy server, which answers each instance with itself, or misbehaves if told to.
"""

import base64
import gzip
import json
import struct
from typing import Any

import pytest
from google.cloud import aiplatform, bigquery, storage

from tests.jobs.batch_client import ROWS, create, failures, files, lines, predict, results, upload
from tests.jobs.job_client import MACHINE
from tests.vertex import PROJECT, unique


def test_fields_are_chosen_for_the_model(bucket: storage.Bucket, model: aiplatform.Model) -> None:
    source = upload(bucket, lines(ROWS[:2]))

    def predicted(**config: Any) -> list[Any]:
        return results(
            bucket, create(bucket, source, model=model.resource_name, instance_config=config)
        )

    assert predicted(key_field="id") == [
        {"key": row["id"], "prediction": {"name": row["name"], "size": row["size"]}}
        for row in ROWS[:2]
    ]
    assert predicted(excluded_fields=["name", "size"]) == [
        {"instance": row, "prediction": {"id": row["id"]}} for row in ROWS[:2]
    ]
    assert predicted(included_fields=["size", "id"], instance_type="array") == [
        {"instance": row, "prediction": [row["size"], row["id"]]} for row in ROWS[:2]
    ]


def test_csv_is_read_and_written(bucket: storage.Bucket, model: aiplatform.Model) -> None:
    text = 'id,name,size\n1,"a, ""b""",0.5\n2,"7",3\n3,bare,1\n4,"x"\n'
    source = upload(bucket, text)
    job = predict(model, source, f"gs://{bucket.name}/out", instances_format="csv")
    predictions = [each["prediction"] for each in results(bucket, job)]
    assert predictions == [[1, 'a, "b"', 0.5], [2, "7", 3]]
    messages = [each["error"]["message"] for each in failures(bucket, job)]
    assert "line 4 has a value that is no number" in messages[0]
    assert "line 5 has 2 values for 3 columns" in messages[1]

    source = upload(bucket, lines(ROWS[:2]))
    job = predict(model, source, f"gs://{bucket.name}/out", predictions_format="csv")
    written = files(bucket, job, "prediction.results-")
    assert written[0] == "id,name,size,prediction"
    assert written[2] == '1,é1,0.5,"{""id"": 1, ""name"": ""é1"", ""size"": 0.5}"'


@pytest.mark.parametrize("file_format", ["file-list", "tf-record", "tf-record-gzip"])
def test_binary_instances_are_sent_in_base64(
    bucket: storage.Bucket, model: aiplatform.Model, file_format: str
) -> None:
    contents = [b"\x00\xff", b"", b"abc"]
    if file_format == "file-list":
        uris = [upload(bucket, content) for content in contents]
        source = "\n".join(uris).encode()
    else:
        source = b"".join(
            struct.pack("<QI", len(content), 0) + content + b"\0\0\0\0" for content in contents
        )
    if file_format.endswith("gzip"):
        source = gzip.compress(source)
    job = predict(
        model,
        upload(bucket, source),
        f"gs://{bucket.name}/out",
        instances_format=file_format,
    )
    found = [base64.b64decode(each["prediction"]["b64"]) for each in results(bucket, job)]
    assert found == contents


def test_a_bigquery_table_is_read_and_tables_are_written(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    warehouse = bigquery.Client(project=PROJECT)
    dataset = unique()
    warehouse.create_dataset(dataset)
    table = f"{PROJECT}.{dataset}.input"
    schema = [
        bigquery.SchemaField(name, kind)
        for name, kind in (("id", "INTEGER"), ("name", "STRING"), ("size", "FLOAT"))
    ]
    warehouse.load_table_from_json(
        [*ROWS, *({"id": number} for number in range(150, 2100))],
        table,
        job_config=bigquery.LoadJobConfig(schema=schema),
    ).result()

    job = model.batch_predict(
        job_display_name=unique(),
        bigquery_source=f"bq://{table}",
        bigquery_destination_prefix=f"bq://{PROJECT}.{dataset}",
        machine_type=MACHINE["machine_type"],
    )
    assert job.output_info.bigquery_output_dataset == f"bq://{PROJECT}.{dataset}"
    output = f"{PROJECT}.{dataset}.{job.output_info.bigquery_output_table}"
    written = sorted(
        (dict(row) for row in warehouse.list_rows(output)), key=lambda row: int(row["id"])
    )
    assert [row["id"] for row in written] == list(range(2100))  # more than a page
    assert {**written[1], "prediction": json.loads(written[1]["prediction"])} == {
        **ROWS[1],
        "prediction": [1, "é1", 0.5],
    }
    assert (written[150]["name"], written[150]["prediction"]) == (None, "[150, null, null]")
    errors = output.replace("predictions_", "errors_")
    assert list(warehouse.list_rows(errors)) == []
    assert len(list(job.iter_outputs(bq_max_results=10))) == 10


def test_a_bigquery_table_is_written_from_files(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    source = upload(bucket, lines([{"fail": 400}, {"a": 1}]))
    job = model.batch_predict(
        job_display_name=unique(),
        gcs_source=source,
        bigquery_destination_prefix=PROJECT,
        machine_type=MACHINE["machine_type"],
    )
    dataset = job.output_info.bigquery_output_dataset.removeprefix("bq://")
    assert dataset.startswith(f"{PROJECT}.prediction_toy_")
    warehouse = bigquery.Client(project=PROJECT)
    table = f"{dataset}.{job.output_info.bigquery_output_table}"
    assert [dict(row) for row in warehouse.list_rows(table)] == [
        {"instance": '{"a": 1}', "prediction": '{"a": 1}'}
    ]
    [failed] = warehouse.list_rows(table.replace("predictions_", "errors_"))
    assert failed["instance"] == '{"fail": 400}'
    assert failed["errors"]["code"] == 3

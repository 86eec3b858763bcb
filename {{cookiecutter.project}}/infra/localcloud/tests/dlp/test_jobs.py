"""Jobs of DLP: inspections of a table and of objects, and k-anonymity."""

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, MethodNotImplemented
from google.cloud import bigquery
from google.cloud.dlp_v2 import DlpJob, DlpServiceClient, Value

from tests.conftest import Localcloud
from tests.dlp.conftest import PARENT, ended
from tests.vertex import refuses, unique

CLOUD_STORAGE = {"cloud_storage_options": {"file_set": {"url": "gs://b/*"}}}
TABLE = {"project_id": "p", "dataset_id": "d", "table_id": "t"}
DONE, FAILED = DlpJob.JobState.DONE, DlpJob.JobState.FAILED


def inspection(storage: dict[str, object], **more: object) -> dict[str, object]:
    config = {"info_types": [{"name": "PHONE_NUMBER"}], "include_quote": True}
    return {
        "parent": PARENT,
        "inspect_job": {"storage_config": storage, "inspect_config": config, **more},
    }


def test_a_table_is_inspected_and_its_findings_saved(
    dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    saved = {**people, "table_id": f"findings_{unique()}"}
    actions = [{"save_findings": {"output_config": {"table": saved}}}]
    keys = {"identifying_fields": [{"name": "id"}]}
    storage = {"big_query_options": {"table_reference": people, **keys}}
    job = ended(dlp, dlp.create_dlp_job(request=inspection(storage, actions=actions)))
    assert job.state == DONE, job.errors
    (stats,) = job.inspect_details.result.info_type_stats
    assert (stats.info_type.name, stats.count) == ("PHONE_NUMBER", 3)
    rows = bigquery.Client(project="demo-project").query(
        "SELECT quote, info_type.name, place.record_location.field_id.name AS field,"  # noqa: S608
        " place.record_location.record_key.id_values[OFFSET(0)] AS id"
        f" FROM `demo-project.{saved['dataset_id']}.{saved['table_id']}`,"
        " UNNEST(location.content_locations) AS place ORDER BY id"
    )
    expected = ("(206) 555-0123", "PHONE_NUMBER", "note")
    assert [tuple(row.values()) for row in rows] == [(*expected, f"p{n}") for n in range(3)]
    for filter_, is_listed in (
        ("state=DONE", True),
        ("inspected_storage = bigquery AND (state = done OR state = canceled)", True),
        ('state=finished start_time > "2017-12-12T00:00:00+00:00"', True),
        ("inspected_storage = cloud_storage", False),
        ("state != done", False),
    ):
        listed = dlp.list_dlp_jobs(request={"parent": PARENT, "filter": filter_})
        assert (job.name in {each.name for each in listed}) == is_listed
    with refuses(FailedPrecondition, match="ended"):
        dlp.cancel_dlp_job(request={"name": job.name})
    dlp.delete_dlp_job(name=job.name)
    assert job.name not in {each.name for each in dlp.list_dlp_jobs(parent=PARENT)}


def test_columns_and_rows_can_be_left_out(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    for more, count in (
        ({"rows_limit": 2}, 2),
        ({"rows_limit_percent": 37}, 2),  # of eight rows, rounded down
        ({"rows_limit_percent": 100}, 3),
        ({"excluded_fields": [{"name": "note"}]}, 0),
    ):
        storage = {"big_query_options": {"table_reference": people, **more}}
        job = ended(grpc_dlp, grpc_dlp.create_dlp_job(request=inspection(storage)))
        assert sum(each.count for each in job.inspect_details.result.info_type_stats) == count


def test_objects_are_inspected(grpc_dlp: DlpServiceClient, cloud_environment: Localcloud) -> None:
    folder = cloud_environment.home / "storage" / "scanned" / unique()
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("id,phone\n1,(206) 555-0123\n2,none\n")
    (folder / "deep" / "b.txt").write_text("call (206) 555-0124")
    for end, count in (("*", 1), ("**", 2)):
        url = f"gs://scanned/{folder.name}/{end}"
        storage = {"cloud_storage_options": {"file_set": {"url": url}}}
        job = ended(grpc_dlp, grpc_dlp.create_dlp_job(request=inspection(storage)))
        (stats,) = job.inspect_details.result.info_type_stats
        assert stats.count == count


def test_k_anonymity_counts_rows_of_equal_quasi_identifiers(
    dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    metric = {"k_anonymity_config": {"quasi_ids": [{"name": "sex"}, {"name": "age"}]}}
    risk = {"privacy_metric": metric, "source_table": people}
    job = ended(dlp, dlp.create_dlp_job(request={"parent": PARENT, "risk_job": risk}))
    assert job.state == DONE, job.errors
    assert job.name.rpartition("/")[2].startswith("r-")
    buckets = job.risk_details.k_anonymity_result.equivalence_class_histogram_buckets
    classes = {
        (each.quasi_ids_values[0].string_value, each.quasi_ids_values[1].integer_value): (
            each.equivalence_class_size
        )
        for bucket in buckets
        for each in bucket.bucket_values
    }
    assert classes == {("M", 0): 4, ("M", 1): 3, ("F", 1): 1}
    assert [bucket.equivalence_class_size_upper_bound for bucket in buckets] == [1, 3, 7]
    listed = dlp.list_dlp_jobs(request={"parent": PARENT, "type_": "RISK_ANALYSIS_JOB"})
    assert job.name in {each.name for each in listed}


def test_findings_are_limited_by_object(
    grpc_dlp: DlpServiceClient, cloud_environment: Localcloud
) -> None:
    folder = cloud_environment.home / "storage" / "scanned" / unique()
    folder.mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("(206) 555-0123 (206) 555-0124 jo@b.org")
    storage = {"cloud_storage_options": {"file_set": {"url": f"gs://scanned/{folder.name}/*"}}}
    one_email = [{"info_type": {"name": "EMAIL_ADDRESS"}, "max_findings": 1}]
    for limits, phones, emails in (
        ({"max_findings_per_item": 1}, 2, 0),
        ({"max_findings_per_info_type": one_email}, 4, 1),
        ({"max_findings_per_request": 3}, 2, 1),
    ):
        config = {"limits": limits}
        job = {"storage_config": storage, "inspect_config": config}
        made = grpc_dlp.create_dlp_job(request={"parent": PARENT, "inspect_job": job})
        stats = ended(grpc_dlp, made).inspect_details.result.info_type_stats
        counts = {each.info_type.name: each.count for each in stats}
        found = (counts.get("PHONE_NUMBER", 0), counts.get("EMAIL_ADDRESS", 0))
        assert found == (phones, emails), limits


def test_what_cannot_be_saved_is_told_without_the_finding(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    saved = {**people, "table_id": f"findings_{unique()}"}
    table = bigquery.Table(
        f"demo-project.{saved['dataset_id']}.{saved['table_id']}",
        [bigquery.SchemaField("quote", "INTEGER")],
    )
    bigquery.Client(project="demo-project").create_table(table)
    actions = [{"save_findings": {"output_config": {"table": saved}}}]
    storage = {"big_query_options": {"table_reference": people}}
    job = ended(grpc_dlp, grpc_dlp.create_dlp_job(request=inspection(storage, actions=actions)))
    assert job.state == FAILED
    assert saved["table_id"] in job.errors[0].details.message
    assert "555" not in str(job.errors)


def test_nothing_is_a_value_of_a_quasi_identifier(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    metric = {"k_anonymity_config": {"quasi_ids": [{"name": "zone"}]}}
    risk = {"privacy_metric": metric, "source_table": people}
    made = grpc_dlp.create_dlp_job(request={"parent": PARENT, "risk_job": risk})
    result = ended(grpc_dlp, made).risk_details.k_anonymity_result
    classes = [
        (each.quasi_ids_values[0], each.equivalence_class_size)
        for bucket in result.equivalence_class_histogram_buckets
        for each in bucket.bucket_values
    ]
    assert classes == [(Value(), 1), (Value(string_value="north"), 7)]


def test_columns_that_are_not_there_are_told(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    options = {"table_reference": people, "included_fields": [{"name": "notes"}]}
    made = grpc_dlp.create_dlp_job(request=inspection({"big_query_options": options}))
    job = ended(grpc_dlp, made)
    assert job.state == FAILED
    assert "no column notes" in job.errors[0].details.message


def test_jobs_are_listed_in_the_order_that_is_asked_for(grpc_dlp: DlpServiceClient) -> None:
    parent = f"projects/{unique()}/locations/global"
    for name in ("b", "a"):
        job = {"storage_config": CLOUD_STORAGE}
        grpc_dlp.create_dlp_job(request={"parent": parent, "inspect_job": job, "job_id": name})
    for order, ids in (("name", ["i-a", "i-b"]), ("create_time ASC,  name DESC", ["i-b", "i-a"])):
        request = {"parent": parent, "order_by": order, "page_size": 1}
        listed = [each.name for each in grpc_dlp.list_dlp_jobs(request=request)]
        assert [name.rpartition("/")[2] for name in listed] == ids


def test_entities_with_the_same_rows_are_alike(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    """Each age is an entity; with both sexes it is unlike the one that has males only."""
    metric = {
        "k_anonymity_config": {
            "quasi_ids": [{"name": "sex"}],
            "entity_id": {"field": {"name": "age"}},
        }
    }
    risk = {"privacy_metric": metric, "source_table": people}
    made = grpc_dlp.create_dlp_job(request={"parent": PARENT, "risk_job": risk})
    result = ended(grpc_dlp, made).risk_details.k_anonymity_result
    (bucket,) = result.equivalence_class_histogram_buckets
    assert (bucket.equivalence_class_size_upper_bound, bucket.bucket_size) == (1, 2)


@pytest.mark.parametrize("url", ["gs://scanned/x**y", "gs://scanned/../*"])
def test_objects_that_are_not_there_are_told(grpc_dlp: DlpServiceClient, url: str) -> None:
    storage = {"cloud_storage_options": {"file_set": {"url": url}}}
    job = ended(grpc_dlp, grpc_dlp.create_dlp_job(request=inspection(storage)))
    assert job.state == FAILED
    assert "names no file" in job.errors[0].details.message


def test_a_job_on_nothing_fails_and_says_why(
    grpc_dlp: DlpServiceClient, people: dict[str, str]
) -> None:
    table = {**people, "table_id": "absent"}
    storage = {"big_query_options": {"table_reference": table}}
    job = ended(grpc_dlp, grpc_dlp.create_dlp_job(request=inspection(storage)))
    assert job.state == FAILED
    assert "absent" in job.errors[0].details.message


@pytest.mark.parametrize(
    ("request_", "error", "told"),
    [
        ({}, InvalidArgument, "inspect_job"),
        ({"inspect_job": {}}, InvalidArgument, "storage_config"),
        (
            {"inspect_job": {"storage_config": {"datastore_options": {}}}},
            MethodNotImplemented,
            "datastore_options",
        ),
        (
            {"inspect_job": {"storage_config": {**CLOUD_STORAGE, "timespan_config": {}}}},
            MethodNotImplemented,
            "timespan_config",
        ),
        (
            {
                "inspect_job": {
                    "storage_config": {
                        "cloud_storage_options": {"file_set": {"url": "gs:///etc/*"}}
                    }
                }
            },
            InvalidArgument,
            "file_set.url",
        ),
        (
            {
                "inspect_job": {
                    "storage_config": {
                        "cloud_storage_options": {
                            "file_set": {"url": "gs://b/*"},
                            "files_limit_percent": 5,
                        }
                    }
                }
            },
            MethodNotImplemented,
            "files_limit_percent",
        ),
        (
            {
                "inspect_job": {
                    "storage_config": {
                        "big_query_options": {"table_reference": TABLE, "rows_limit_percent": 101}
                    }
                }
            },
            InvalidArgument,
            "rows_limit_percent",
        ),
        (
            {
                "inspect_job": {
                    "storage_config": {
                        "big_query_options": {
                            "table_reference": TABLE,
                            "rows_limit": 1,
                            "rows_limit_percent": 1,
                        }
                    }
                }
            },
            InvalidArgument,
            "rows_limit",
        ),
        (
            {"inspect_job": {"storage_config": CLOUD_STORAGE, "actions": [{}]}},
            InvalidArgument,
            "action",
        ),
        ({"risk_job": {}}, InvalidArgument, "privacy_metric"),
        (
            {"risk_job": {"privacy_metric": {"l_diversity_config": {}}}},
            MethodNotImplemented,
            "l_diversity_config",
        ),
    ],
)
def test_what_cannot_be_run_is_told(
    grpc_dlp: DlpServiceClient, request_: dict[str, object], error: type, told: str
) -> None:
    with refuses(error, match=told):
        grpc_dlp.create_dlp_job(request={"parent": PARENT, **request_})

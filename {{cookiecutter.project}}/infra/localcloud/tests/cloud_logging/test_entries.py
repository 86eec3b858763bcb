"""Log entries, written and listed through Google's own client over gRPC and REST."""

from datetime import UTC, datetime, timedelta

import pytest
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud import logging
from google.cloud.logging_v2.types import LogEntry

from tests.vertex import refuses


def _payloads(client: logging.Client, filter_: str, **more: object) -> list[object]:
    return [entry.payload for entry in client.list_entries(filter_=filter_ or None, **more)]


def test_a_structured_entry_comes_back_as_it_was(client: logging.Client) -> None:
    logger = client.logger("train%2Fsteps", labels={"team": "a"})
    content = {"step": 3, "loss": 0.25, "names": ["x", "y"], "nested": {"ok": True}}
    logger.log_struct(content, severity="WARNING", labels={"run": "7"})
    # the client's first entry in a process tells of itself
    [entry] = logger.list_entries(filter_='NOT jsonPayload."logging.googleapis.com/diagnostic":*')
    assert entry.payload == content
    assert entry.severity == "WARNING"
    assert entry.labels == {
        "run": "7"
    }  # the client sends the labels of the entry or else of the log
    assert entry.log_name == f"projects/{client.project}/logs/train%2Fsteps"
    assert entry.resource.type == "global"
    assert entry.insert_id
    assert abs(datetime.now(UTC) - entry.timestamp) < timedelta(minutes=1)


@pytest.fixture
def orders(client: logging.Client) -> logging.Client:
    """Three entries in one log, and one in another."""
    logger = client.logger("orders")
    logger.log_struct({"id": 1, "who": "Ann", "items": [{"sku": "a"}]}, severity="INFO")
    logger.log_struct({"id": 2, "who": "Bob", "items": [{"sku": "b"}]}, severity="ERROR")
    logger.log_text("order 3 was lost", severity="CRITICAL", labels={"k.8s/x": "y"})
    client.logger("other").log_struct({"id": 4}, severity="DEBUG")
    return client


@pytest.mark.parametrize(
    ("filter_", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("severity >= ERROR", [2, 3]),
        ("severity = (INFO OR DEBUG)", [1, 4]),
        ("jsonPayload.id > 1", [2, 4]),
        ('jsonPayload.who = "ann"', [1]),
        ('jsonPayload.who != "ann"', [2, 3, 4]),
        ("jsonPayload.who:*", [1, 2]),
        ("NOT jsonPayload.who:*", [3, 4]),
        ('jsonPayload.who =~ "^[AB]"', [1, 2]),
        ("jsonPayload.items.sku = b", [2]),
        ("textPayload : LOST", [3]),
        ('labels."k.8s/x" = y', [3]),
        ('log_id("other")', [4]),
        ("bob OR lost", [2, 3]),
        ("severity < ERROR AND -jsonPayload.id = 4", [1]),
        ('timestamp > "2199-01-01T00:00:00Z"', []),
    ],
)
def test_a_filter_selects(orders: logging.Client, filter_: str, ids: list[int]) -> None:
    found = [
        payload["id"] if isinstance(payload, dict) else 3 for payload in _payloads(orders, filter_)
    ]
    assert found == ids


def test_entries_come_by_time_in_pages(client: logging.Client) -> None:
    logger = client.logger("times")
    now = datetime.now(UTC)
    for seconds in (-10, -30, -20):
        logger.log_struct({"at": seconds}, timestamp=now + timedelta(seconds=seconds))
    pages = client.list_entries(page_size=2, order_by=logging.DESCENDING)
    assert [entry.payload["at"] for entry in pages] == [-10, -20, -30]
    assert _payloads(client, "", order_by=logging.ASCENDING, max_results=1) == [{"at": -30}]


def test_entries_of_one_id_and_time_are_one(client: logging.Client) -> None:
    logger, now = client.logger("same"), datetime.now(UTC)
    for _ in range(2):
        logger.log_text("a", insert_id="x", timestamp=now)
    assert len(list(logger.list_entries())) == 1


def test_a_log_is_listed_until_it_is_deleted(orders: logging.Client) -> None:
    api = orders.logging_api._gapic_api if orders._use_grpc else None
    if api is None:
        pytest.skip("the client lists logs over gRPC alone")
    parent = f"projects/{orders.project}"
    names = [f"{parent}/logs/{log}" for log in ("orders", "other")]
    assert list(api.list_logs(parent=parent).log_names) == names
    orders.logger("orders").delete()
    assert list(api.list_logs(parent=parent).log_names) == names[1:]
    with refuses(NotFound):
        api.delete_log(log_name=names[0])


def test_what_cannot_be_used_is_refused(client: logging.Client) -> None:
    if not client._use_grpc:
        pytest.skip("the same handlers; over gRPC the client lets requests be wrong")
    api, project = client.logging_api._gapic_api, f"projects/{client.project}"
    for filter_, problem in (
        ("colour = red", "no field"),
        ("severity >= LOUD", "no severity"),
        ("timestamp > yesterday", "no time"),
        ('textPayload =~ "("', "regular expression"),
        ("sample(insertId, 0.1)", "cannot be read"),
        ("severity >=", "cannot be read"),
    ):
        with refuses(InvalidArgument, match=problem):
            api.list_log_entries({"resource_names": [project], "filter": filter_})
    with refuses(InvalidArgument, match="order_by"):
        api.list_log_entries({"resource_names": [project], "order_by": "severity"})
    with refuses(InvalidArgument, match="resource_names"):
        api.list_log_entries({"resource_names": ["folders/1"]})
    entry = LogEntry(log_name=f"{project}/logs/a", text_payload="kept")
    resource = {"type": "global"}
    bad = LogEntry(log_name="a", text_payload="wrong")
    for partial in (False, True):
        with refuses(InvalidArgument, match="log_name"):
            api.write_log_entries(
                {"entries": [bad, entry], "resource": resource, "partial_success": partial}
            )
        assert _payloads(client, "") == (["kept"] if partial else [])
    with refuses(InvalidArgument, match="resource"):
        api.write_log_entries({"entries": [entry]})

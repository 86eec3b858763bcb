"""The little of BigQuery that Vertex AI needs: reading a table, making one, filling it."""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx
from google.api_core.exceptions import FailedPrecondition, InvalidArgument

Json: TypeAlias = Any

_URL = "https://bigquery.googleapis.com/bigquery/v2/projects"
_SECONDS = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 1000  # rows that are read or written at once
_TABLE = re.compile(r"bq://(?P<project>[^.]+)\.(?P<dataset>[^.]+)\.(?P<table>[^.]+)")

Field = Mapping[str, Any]  # of a schema, as BigQuery's REST API writes it


@dataclass(frozen=True)
class Table:
    """A table's full name."""

    project: str
    dataset: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> "Table":
        """The table that `bq://PROJECT.DATASET.TABLE` names.

        Raises:
            InvalidArgument: it is not such a URI.
        """
        match = _TABLE.fullmatch(uri)
        if match is None:
            raise InvalidArgument(f"{uri!r} is not a table; write bq://PROJECT.DATASET.TABLE.")
        return cls(match["project"], match["dataset"], match["table"])

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.name}"


class BigQuery:
    """The BigQuery that a process with these variables reaches: localcloud's own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._client = httpx.Client(
            proxy=environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(capath=environment["REQUESTS_CA_BUNDLE"]),
            trust_env=False,
            timeout=_SECONDS,
        )

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def schema(self, table: Table) -> list[Field]:
        """The fields of a table or a view.

        Raises:
            FailedPrecondition: there is no such table.
        """
        problem = f"{table} cannot be read"
        answer = self._call("GET", f"{_path(table)}", problem)
        if "schema" not in answer:  # the emulator knows a view's only once it is queried
            statement = f"select * from `{table}` limit 0"  # noqa: S608 - a parsed name
            body = {"query": statement, "useLegacySql": False}
            answer = self._call("POST", f"{table.project}/queries", problem, json=body)
        fields: list[Field] = answer["schema"]["fields"]
        return fields

    def is_view(self, table: Table) -> bool:
        """Whether it is a view, whose rows only a query finds.

        Raises:
            FailedPrecondition: there is no such table.
        """
        answer = self._call("GET", f"{_path(table)}", f"{table} cannot be read")
        return bool(answer.get("type", "TABLE") != "TABLE")

    def rows(self, table: Table) -> Iterator[dict[str, Json]]:
        """The rows of a table, as objects with its columns in order.

        Raises:
            FailedPrecondition: there is no such table.
        """
        fields = self.schema(table)
        page: dict[str, str | int] = {"maxResults": _PAGE}
        while True:
            answer = self._call(
                "GET", f"{_path(table)}/data", f"{table} cannot be read", params=page
            )
            for row in answer.get("rows", []):
                yield _object(fields, row)
            if not answer.get("pageToken"):
                return
            page["pageToken"] = answer["pageToken"]

    def query(self, project: str, statement: str) -> Iterator[dict[str, Json]]:
        """The rows that a query of GoogleSQL finds, as objects with its columns in order.

        Raises:
            FailedPrecondition: BigQuery refuses the query.
        """
        problem = f"A query in {project} failed"
        body = {"query": statement, "useLegacySql": False, "maxResults": _PAGE}
        answer = self._call("POST", f"{project}/queries", problem, json=body)
        while True:
            for row in answer.get("rows", []):
                yield _object(answer["schema"]["fields"], row)
            if answer.get("jobComplete") and not answer.get("pageToken"):
                return
            path = f"{project}/queries/{answer['jobReference']['jobId']}"
            page = {"maxResults": _PAGE, **_token(answer)}
            answer = self._call("GET", path, problem, params=page)

    def create_dataset(self, project: str, dataset: str) -> None:
        """Make a dataset unless it is there."""
        reference = {"projectId": project, "datasetId": dataset}
        answer = self._client.post(
            f"{_URL}/{project}/datasets", json={"datasetReference": reference}
        )
        if answer.status_code != httpx.codes.CONFLICT:
            _check(answer, f"Dataset {project}.{dataset} cannot be created")

    def exists(self, table: Table) -> bool:
        """Whether there is such a table.

        Raises:
            FailedPrecondition: BigQuery cannot tell.
        """
        answer = self._client.get(f"{_URL}/{_path(table)}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        _check(answer, f"{table} cannot be read")
        return True

    def delete(self, table: Table) -> None:
        """Remove a table.

        Raises:
            FailedPrecondition: there is no such table.
        """
        answer = self._client.delete(f"{_URL}/{_path(table)}")
        if answer.status_code != httpx.codes.NO_CONTENT:
            _check(answer, f"{table} cannot be deleted")

    def create(self, table: Table, fields: Sequence[Field]) -> None:
        """Make a table.

        Raises:
            FailedPrecondition: there is no such dataset, or BigQuery refuses the schema.
        """
        reference = {"projectId": table.project, "datasetId": table.dataset, "tableId": table.name}
        self._call(
            "POST",
            _path(table).rpartition("/")[0],
            f"{table} cannot be created",
            json={"tableReference": reference, "schema": {"fields": list(fields)}},
        )

    def insert(self, table: Table, rows: Sequence[Mapping[str, Json]]) -> None:
        """Append rows to a table.

        Raises:
            FailedPrecondition: BigQuery refuses a row.
        """
        for start in range(0, len(rows), _PAGE):
            body = {"rows": [{"json": row} for row in rows[start : start + _PAGE]]}
            problem = f"Rows cannot be written to {table}"
            answer = self._call("POST", f"{_path(table)}/insertAll", problem, json=body)
            if answer.get("insertErrors"):
                raise FailedPrecondition(f"{problem}: {answer['insertErrors'][0]}.")

    def _call(self, method: str, path: str, problem: str, **arguments: Any) -> Any:
        answer = self._client.request(method, f"{_URL}/{path}", **arguments)
        return _check(answer, problem)


def _token(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"pageToken": answer["pageToken"]} if answer.get("pageToken") else {}


def _path(table: Table) -> str:
    return f"{table.project}/datasets/{table.dataset}/tables/{table.name}"


def _check(answer: httpx.Response, problem: str) -> Any:
    if answer.status_code == httpx.codes.OK:
        return answer.json()
    try:
        reason = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        reason = answer.text[:1000]
    raise FailedPrecondition(f"{problem}: {reason}")


def _object(fields: Sequence[Field], row: Mapping[str, Any]) -> dict[str, Json]:
    """A row as an object; REST sends `{"f": [{"v": "text"}]}`."""
    cells = zip(fields, row["f"], strict=True)
    return {field["name"]: _value(field, cell["v"]) for field, cell in cells}


def _value(field: Field, value: Any) -> Json:
    if value is None:
        return None
    if field.get("mode") == "REPEATED":
        single = {**field, "mode": "NULLABLE"}
        return [_value(single, each["v"]) for each in value]
    match field["type"]:
        case "INTEGER" | "INT64":
            return int(value)
        case "FLOAT" | "FLOAT64":
            return float(value)
        case "BOOLEAN" | "BOOL":
            return value == "true"
        case "RECORD" | "STRUCT":
            return _object(field["fields"], value)
        case "TIMESTAMP":
            return _time(value).isoformat()
    return value


def _time(text: str) -> datetime:
    """Rows of a table have seconds, with a point; those of a query whole microseconds."""
    if text.lstrip("-").isdigit():
        return _EPOCH + timedelta(microseconds=int(text))
    return datetime.fromtimestamp(float(text), UTC)

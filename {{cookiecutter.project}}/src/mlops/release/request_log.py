"""Requests and predictions of deployed models, by the request-response log in BigQuery."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops.features import Problem
from mlops.release.prediction import read_score

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud import bigquery

MINUTE = 60


@dataclass(frozen=True)
class Logged:
    """One prediction that was made for a user.

    Attributes:
        minute: index of the minute, from the time that was asked for.
        deployed_model: that predicted.
        instance: what was asked, as canonical JSON; it may be personal, so it is never written.
        prediction: None when the answer is no valid prediction.
    """

    minute: int
    deployed_model: str
    instance: str
    prediction: float | None


@dataclass(frozen=True)
class RequestLog:
    """The log of an endpoint, and what is known of its outcomes.

    Attributes:
        client: of BigQuery.
        table: of requests and responses, `PROJECT.DATASET.TABLE`; nothing when none are logged.
        endpoint: its id.
        problem: what a valid prediction is.
        labels: table of outcomes, if there is one.
    """

    client: bigquery.Client
    table: str
    endpoint: str
    problem: Problem
    labels: str | None = None

    def read(self, begin: int, minutes: int) -> list[Logged]:
        """The predictions of some minutes from a time on, in seconds since 1970."""
        rows = self._query(
            f"SELECT deployed_model_id, logging_time, request_payload, response_payload"  # noqa: S608
            f" FROM `{self.table}` WHERE endpoint = @endpoint"
            " AND logging_time >= @begin AND logging_time < @end",
            begin,
            minutes,
        )
        return [one for row in rows for one in self._read_row(row, begin)]

    def read_labels(self, begin: int, minutes: int) -> list[tuple[int, str, float]]:
        """Outcomes that became known in some minutes: minute, instance and label."""
        if not self.labels:
            return []
        rows = self._query(
            f"SELECT instance, label, labelled_at FROM `{self.labels}`"  # noqa: S608
            " WHERE labelled_at >= @begin AND labelled_at < @end",
            begin,
            minutes,
        )
        return [
            (_minute(row.labelled_at, begin), canonical(row.instance), float(row.label))
            for row in rows
        ]

    def latest_instances(self, count: int) -> list[str]:
        """The latest requests' instances, as JSON."""
        rows = self._query(
            f"SELECT instance FROM `{self.table}`, UNNEST(request_payload) AS instance"  # noqa: S608
            f" WHERE endpoint = @endpoint ORDER BY logging_time DESC LIMIT {count:d}",
        )
        return [row.instance for row in rows]

    def _read_row(self, row: Any, begin: int) -> Iterator[Logged]:
        minute = _minute(row.logging_time, begin)
        answers = list(row.response_payload)
        for index, instance in enumerate(row.request_payload):
            answer = answers[index] if index < len(answers) else None
            yield Logged(
                minute,
                row.deployed_model_id,
                canonical(instance),
                read_prediction(answer, self.problem),
            )

    def _query(self, query: str, begin: int = 0, minutes: int = 0) -> Any:
        from google.cloud import bigquery

        if not self.table:
            return []
        end = begin + minutes * MINUTE
        parameters = [
            bigquery.ScalarQueryParameter("endpoint", "STRING", self.endpoint),
            bigquery.ScalarQueryParameter("begin", "TIMESTAMP", datetime.fromtimestamp(begin, UTC)),
            bigquery.ScalarQueryParameter("end", "TIMESTAMP", datetime.fromtimestamp(end, UTC)),
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        return self.client.query_and_wait(query, job_config=config)


def read_prediction(answer: str | None, problem: Problem) -> float | None:
    """The number that a logged answer holds; None when it is no valid prediction."""
    try:
        value = json.loads(answer or "null")
        if isinstance(value, dict):
            value = read_score(value)
    except (KeyError, TypeError, ValueError):
        return None
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if problem is Problem.CLASSIFICATION and not 0 <= value <= 1:
        return None
    return float(value)


def canonical(instance: str) -> str:
    """An instance's JSON in the one form that is compared: to Vertex AI, 3 and 3.0 are the same."""
    try:
        return json.dumps(json.loads(instance, parse_int=float), sort_keys=True)
    except ValueError:
        return instance


def _minute(time: datetime, begin: int) -> int:
    return int((time.timestamp() - begin) // MINUTE)

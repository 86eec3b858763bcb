"""Logs a sample of an endpoint's requests and responses; predictions do not wait for it."""

import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from functools import cached_property

from google.api_core.exceptions import FailedPrecondition
from google.cloud.aiplatform_v1.types import Endpoint

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.request_logging import tables
from localcloud.request_logging.outbox import Entry, Outbox

_DELAY = 1.0  # seconds in which rows gather before they are written together
_LOG = logging.getLogger(__name__)


class RequestLogs:
    """Keeps rows on disk at once, and writes them to BigQuery from a thread of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._outbox = Outbox(cloud.home.root / "request_logs.sqlite")
        self._samplings: dict[tuple[str, str], float] = {}
        self._listeners: dict[str, Callable[[], None]] = {}
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="request logs", daemon=True)

    def recover(self) -> None:
        """Write from now on, first what an earlier server has left."""
        self._due.set()
        self._thread.start()

    def create_table(self, endpoint: Endpoint) -> None:
        """Make the table that an endpoint is to log into, unless it is there or none is wanted.

        Raises:
            FailedPrecondition: BigQuery refuses to.
        """
        config = endpoint.predict_request_response_logging_config
        if config.enabled:
            tables.create(self._bigquery, config.bigquery_destination.output_uri)

    def sample(
        self,
        endpoint: str,
        destination: str,
        rate: float,
        written: Callable[[], None] | None = None,
    ) -> None:
        """Log an endpoint's requests into a further table, whatever the endpoint's own logging is.

        It is not kept over a restart: who wants it calls it again then.

        Args:
            endpoint: its resource name.
            destination: the table, as `bq://PROJECT.DATASET.TABLE`; it is made when missing.
            rate: the share of the requests to log, above 0 and up to 1.
            written: is called each time that rows have come into the table.
        """
        self._samplings[endpoint, destination] = rate
        if written:
            self._listeners[destination] = written

    def stop_sampling(self, endpoint: str, destination: str) -> None:
        """Take back what `sample` was told; what has been logged stays."""
        self._samplings.pop((endpoint, destination), None)
        self._listeners.pop(destination, None)

    def record(
        self, endpoint: Endpoint, deployed_model_id: str, request: bytes, response: bytes
    ) -> None:
        """Log a request and its response, if the endpoint's sampling draws it.

        Args:
            endpoint: that was asked.
            deployed_model_id: that answered.
            request: the body that the model was sent.
            response: the body that it answered.
        """
        destinations = self._drawn(endpoint)
        if not destinations:
            return
        row = json.dumps(
            {
                "endpoint": endpoint.name.rpartition("/")[2],
                "deployed_model_id": deployed_model_id,
                "logging_time": self._cloud.clock.now().isoformat(),
                "request_id": str(random.getrandbits(63)),
                "request_payload": _payload(request, "instances"),
                "response_payload": _payload(response, "predictions"),
            }
        )
        try:
            for destination in destinations:
                self._outbox.add(endpoint.name, destination, row)
            self._due.set()
        except Exception:  # what cannot be logged is predicted all the same
            _LOG.exception("a request to %s is not logged", endpoint.name)

    def flush(self, endpoint: str = "") -> None:
        """Write what has been logged so far, of one endpoint or of all; return when it is there.

        Raises:
            httpx.TransportError: BigQuery cannot be reached; the rows are kept.
        """
        with self._writing:
            while entries := self._outbox.oldest(endpoint):
                self._write(entries)
                self._outbox.remove(entries)

    def stop(self) -> None:
        """Write no more; what is left is written after the next start."""
        self._stopped.set()
        self._due.set()
        if self._thread.is_alive():
            self._thread.join()
        self._outbox.close()

    def _drawn(self, endpoint: Endpoint) -> list[str]:
        """The tables for which one request of an endpoint is drawn."""
        config = endpoint.predict_request_response_logging_config
        rates = {
            destination: rate
            for (name, destination), rate in list(self._samplings.items())
            if name == endpoint.name
        }
        if config.enabled:
            rates[config.bigquery_destination.output_uri] = config.sampling_rate
        return [
            destination
            for destination, rate in rates.items()
            if random.random() < rate  # noqa: S311 - not a secret
        ]

    @cached_property
    def _bigquery(self) -> BigQuery:
        return BigQuery(self._cloud.environment)

    def _run(self) -> None:
        while self._due.wait() and not self._stopped.wait(_DELAY):
            self._due.clear()
            try:
                self.flush()
            except Exception as error:
                _LOG.warning("requests cannot be logged now (%s); they are kept", error)
                self._due.set()

    def _write(self, entries: Sequence[Entry]) -> None:
        """Write rows of one table; those that BigQuery refuses are dropped, and the log says so."""
        destination = entries[0].destination
        rows = [json.loads(entry.row) for entry in entries]
        try:
            tables.create(self._bigquery, destination)
            self._bigquery.insert(Table.parse(destination), rows)
            if destination in self._listeners:
                self._listeners[destination]()
        except FailedPrecondition as error:
            _LOG.warning("%d requests are not logged: %s", len(rows), error.message)


def _payload(body: bytes, key: str) -> list[str]:
    """The instances or predictions of a body, each as JSON; a body without them as it is."""
    try:
        items = json.loads(body)[key]
    except (ValueError, TypeError, LookupError):
        items = None
    if not isinstance(items, list):
        return [body.decode(errors="replace")]
    return [json.dumps(item, ensure_ascii=False) for item in items]

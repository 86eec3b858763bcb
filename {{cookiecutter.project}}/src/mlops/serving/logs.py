"""Logs as Cloud Logging reads them: a line of JSON each, never with a value of a request."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

TRACE = "logging.googleapis.com/trace"  # by which Cloud Logging shows a line beside its trace


def write_log(severity: str, message: str, **fields: Any) -> None:
    """Writes a line to the standard output, at once."""
    entry = {
        "severity": severity,
        "time": datetime.now(UTC).isoformat(),
        "message": message,
        **fields,
    }
    sys.stdout.buffer.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


class JsonHandler(logging.Handler):
    """Writes what libraries log in the same form; of an exception its type, never its message.

    A message of TensorFlow may quote the values that it could not take.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        error = record.exc_info and record.exc_info[0]
        fields = {"error": error.__name__} if error else {}
        write_log(record.levelname, record.getMessage(), logger=record.name, **fields)


def configure_logs() -> None:
    """Sends all that libraries log, from warnings on, through the handler."""
    logging.basicConfig(handlers=[JsonHandler()], level=logging.WARNING, force=True)

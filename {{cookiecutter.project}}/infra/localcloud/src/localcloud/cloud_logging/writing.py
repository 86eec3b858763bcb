"""Entries as they are written: completed from the request, and checked."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from google.api_core.exceptions import InvalidArgument
from google.cloud.logging_v2.types import WriteLogEntriesRequest

from localcloud.cloud_logging.entries import Entry
from localcloud.field_checks import refusal
from localcloud.rpc import raw

LOG_NAME = re.compile(r"projects/(?P<project>[^/]+)/logs/[\w.%-]{1,511}", re.ASCII)
_LARGEST = 256 * 1024  # bytes of an entry
_LATEST = timedelta(days=1)


def complete(request: WriteLogEntriesRequest, now: datetime) -> list[Entry | InvalidArgument]:
    """The request's entries with all that they leave to it, or what is wrong with them.

    Entries without an insert id get ones that keep their order.
    """
    message = raw(request)
    mark = secrets.token_hex(6)
    made: list[Entry | InvalidArgument] = []
    for position, entry in enumerate(message.entries):
        entry.log_name = entry.log_name or message.log_name
        if not entry.resource.type:
            entry.resource.CopyFrom(message.resource)
        for key, value in message.labels.items():
            if key not in entry.labels:
                entry.labels[key] = value
        if not entry.HasField("timestamp"):
            entry.timestamp.FromDatetime(now)
        entry.receive_timestamp.FromDatetime(now)
        entry.insert_id = entry.insert_id or f"{mark}{position:06}"
        mistake = _mistake(entry, now)
        made.append(mistake or entry)
    return made


def project(entry: Entry) -> str:
    """The id or number of the project whose log an entry is in."""
    match = LOG_NAME.fullmatch(entry.log_name)
    return match["project"] if match else ""


def mistakes(made: Sequence[Entry | InvalidArgument]) -> list[InvalidArgument]:
    """What is wrong with some entries."""
    return [each for each in made if isinstance(each, InvalidArgument)]


def _mistake(entry: Entry, now: datetime) -> InvalidArgument | None:
    if not LOG_NAME.fullmatch(entry.log_name):
        return refusal(
            "log_name", f"is {entry.log_name!r}, expected projects/PROJECT/logs/LOG_ID, encoded"
        )
    if not entry.resource.type:
        return refusal("resource", f"is missing in an entry of {entry.log_name}")
    if entry.ByteSize() > _LARGEST:
        return refusal("entries", f"holds one of {entry.ByteSize()} bytes; up to 256 KiB go")
    if entry.timestamp.ToNanoseconds() > (now + _LATEST).timestamp() * 10**9:
        return refusal("timestamp", "is more than a day in the future")
    return None

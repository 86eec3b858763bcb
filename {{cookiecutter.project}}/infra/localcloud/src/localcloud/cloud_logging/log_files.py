"""The log files of jobs, tasks and deployed models, whose lines become log entries."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from google.cloud.logging_v2.types import LogEntry
from google.logging.type.log_severity_pb2 import LogSeverity

from localcloud.cloud import Cloud
from localcloud.cloud_logging.entries import Entry, LogFile
from localcloud.repeater import Repeater
from localcloud.resource_manager.projects import project_number

_MOST = 4 * 1024 * 1024  # bytes that are read of a file at once
_LONGEST = 200 * 1024  # bytes of a line; what is longer is cut
_SPECIAL = "logging.googleapis.com/"


class LogFiles:
    """Reads the files from a thread of its own; whoever writes them does not wait for it.

    A line's time is the one that it tells itself, as JSON, or else when it was read.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ended: set[Path] = set()
        self._collecting = threading.Lock()
        self._repeater = Repeater("log files", self.collect)

    def follow(
        self,
        path: Path,
        log: str,
        resource_type: str,
        resource_labels: Mapping[str, str],
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Take the lines of a file, which may not be there yet, as entries.

        Args:
            path: of the file.
            log: the log's name, as `projects/PROJECT/logs/ID` with an ID that is not encoded.
            resource_type: of the monitored resource that writes the file.
            resource_labels: that tell which one it is.
            labels: further ones of each entry.
        """
        project, _, log_id = log.partition("/logs/")
        template = LogEntry.pb()(log_name=f"{project}/logs/{quote(log_id, safe='')}")
        template.resource.type = resource_type
        template.resource.labels.update(resource_labels)
        template.labels.update(labels or {})
        self._ended.discard(path)
        self._cloud.log_store.follow(path, template)

    def end(self, path: Path) -> None:
        """Nothing more is written to a file; what it holds is still taken."""
        self._ended.add(path)

    def collect(self) -> None:
        """Take what the files hold by now."""
        with self._collecting:
            for file in self._cloud.log_store.open_files():
                self._take(file)

    def recover(self) -> None:
        """Read from now on, first what an earlier server has left."""
        self._repeater.start()

    def stop(self) -> None:
        """Take what is left, and read no more."""
        self._repeater.stop()

    def _take(self, file: LogFile) -> None:
        has_ended = file.path in self._ended
        try:
            with file.path.open("rb") as log:
                log.seek(file.offset)
                content = log.read(_MOST)
        except FileNotFoundError:
            content = b""
        if not has_ended and len(content) < _MOST:  # the last line may not be complete yet
            content = content[: content.rfind(b"\n") + 1]
        is_last = has_ended and len(content) < _MOST
        if content or is_last:
            project = str(project_number(file.template.log_name.split("/")[1]))
            entries = list(self._entries(file, content))
            offset = file.offset + len(content)
            self._cloud.log_store.take(file, project, entries, offset, last=is_last)
        if is_last:
            self._ended.discard(file.path)

    def _entries(self, file: LogFile, content: bytes) -> Iterator[Entry]:
        now = self._cloud.clock.now()
        mark = hashlib.sha256(str(file.path).encode()).hexdigest()[:12]
        offset = file.offset
        for line in content.splitlines(keepends=True):
            text = line[:_LONGEST].decode(errors="replace").rstrip()
            if text:
                entry = LogEntry.pb()()
                entry.CopyFrom(file.template)
                entry.timestamp.FromDatetime(now)
                entry.receive_timestamp.FromDatetime(now)
                entry.insert_id = f"{mark}{offset:012}"
                _fill(entry, text)
                yield entry
            offset += len(line)


def _fill(entry: Entry, text: str) -> None:
    """Give an entry a line's payload: a JSON object as such, whose special fields are taken.

    These are as of https://cloud.google.com/logging/docs/structured-logging.
    """
    content = _object(text)
    if content is None:
        entry.text_payload = text
        return
    severity = str(content.get("severity", "")).upper()
    if severity in LogSeverity.DESCRIPTOR.values_by_name:
        entry.severity = LogSeverity.Value(severity)
        del content["severity"]
    for key in ("timestamp", "time"):
        if isinstance(content.get(key), str) and _set_time(entry, content[key]):
            del content[key]
            break
    for key, field in (("trace", "trace"), ("spanId", "span_id")):
        if isinstance(value := content.get(_SPECIAL + key), str):
            setattr(entry, field, value)
            del content[_SPECIAL + key]
    if isinstance(labels := content.pop(_SPECIAL + "labels", None), dict):
        entry.labels.update({key: str(value) for key, value in labels.items()})
    entry.json_payload.update(content)


def _object(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        content = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _set_time(entry: Entry, text: str) -> bool:
    try:
        entry.timestamp.FromJsonString(text)
    except ValueError:
        return False
    return True

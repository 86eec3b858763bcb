"""LoggingServiceV2: log entries."""

from itertools import islice

from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.logging_v2.types import (
    DeleteLogRequest,
    ListLogEntriesRequest,
    ListLogEntriesResponse,
    ListLogsRequest,
    ListLogsResponse,
    WriteLogEntriesRequest,
    WriteLogEntriesResponse,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.cloud_logging import writing
from localcloud.cloud_logging.filters import LogFilter
from localcloud.field_checks import refusal
from localcloud.page_tokens import make_token, read_offset
from localcloud.resource_manager.projects import project_number
from localcloud.rpc import raw
from localcloud.vertex.listing import page

_PAGE, _LARGEST_PAGE = 50, 1000
_LONGEST_FILTER = 20_000  # characters


def write_log_entries(cloud: Cloud, request: WriteLogEntriesRequest) -> WriteLogEntriesResponse:
    """Write entries: all, or with partial_success those without mistakes.

    Partly: of projects only; entries are kept until their log is deleted.
    """
    made = writing.complete(request, cloud.clock.now())
    mistakes = writing.mistakes(made)
    if not request.dry_run and (request.partial_success or not mistakes):
        for entry in made:
            if not isinstance(entry, InvalidArgument):
                cloud.log_store.write(_key(f"projects/{writing.project(entry)}"), [entry])
    if mistakes:
        raise mistakes[0]
    return WriteLogEntriesResponse()


def list_log_entries(cloud: Cloud, request: ListLogEntriesRequest) -> ListLogEntriesResponse:
    """The entries of projects that a filter selects, by time.

    Partly: all views of a project show all its entries; of the functions, log_id.
    """
    if not 0 <= request.page_size <= _LARGEST_PAGE:
        raise refusal("page_size", f"is {request.page_size}; give up to {_LARGEST_PAGE}")
    if request.order_by not in ("", "timestamp asc", "timestamp desc"):
        raise refusal("order_by", 'must be "timestamp asc" or "timestamp desc"')
    if len(request.filter) > _LONGEST_FILTER:
        raise refusal("filter", f"is longer than {_LONGEST_FILTER} characters")
    projects = list(dict.fromkeys(_key(name) for name in request.resource_names))
    log_filter = LogFilter(request.filter)
    offset, size = _offset(request), request.page_size or _PAGE
    cloud.log_files.collect()
    newest_first = request.order_by == "timestamp desc"
    found = [
        entry
        for project in projects
        for entry in islice(
            filter(
                log_filter.selects,
                cloud.log_store.between(
                    project, log_filter.first, log_filter.last, newest_first=newest_first
                ),
            ),
            offset + size + 1,
        )
    ]
    if len(projects) > 1:
        found.sort(key=lambda entry: entry.insert_id)
        found.sort(key=lambda entry: int(entry.timestamp.ToNanoseconds()), reverse=newest_first)
    response = ListLogEntriesResponse()
    raw(response).entries.extend(found[offset : offset + size])
    if len(found) > offset + size:
        response.next_page_token = make_token(offset + size, _selection(request))
    return response


def list_logs(cloud: Cloud, request: ListLogsRequest) -> ListLogsResponse:
    """The names of a project's logs that have entries."""
    cloud.log_files.collect()
    names = cloud.log_store.logs(_key(request.parent))
    found, token = page(names, request, sizes=(_PAGE, _LARGEST_PAGE))
    return ListLogsResponse(log_names=found, next_page_token=token)


def delete_log(cloud: Cloud, request: DeleteLogRequest) -> Empty:
    """Forget all entries of a log."""
    cloud.log_files.collect()
    project = "/".join(request.log_name.split("/")[:2])
    if not cloud.log_store.delete_log(_key(project), request.log_name):
        raise NotFound(f"Log {request.log_name} was not found.")
    return Empty()


def _key(name: str) -> str:
    """The number of the project that a name begins with.

    Raises:
        InvalidArgument: it begins with none.
    """
    collection, _, rest = name.partition("/")
    project = rest.partition("/")[0]
    if collection != "projects" or not project:
        raise refusal("resource_names", f"holds {name!r}; localcloud has projects/PROJECT only")
    return str(project_number(project))


def _offset(request: ListLogEntriesRequest) -> int:
    offset = read_offset(request.page_token, _selection(request))
    if offset is None:
        raise refusal("page_token", "does not belong to this request")
    return offset


def _selection(request: ListLogEntriesRequest) -> bytes:
    names = " ".join(request.resource_names)
    return f"{names}\0{request.filter}\0{request.order_by}".encode()

"""google.longrunning.Operations: how clients follow what takes long."""

from google.api_core.exceptions import FailedPrecondition
from google.longrunning import operations_pb2
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.vertex import filters
from localcloud.vertex.listing import page

_LONGEST_WAIT = 30.0  # seconds; a client that wants more asks again
_SOON = 2.0  # seconds, in which most operations end here
_FIELDS: filters.Fields = {"done": lambda operation: operation.done}


def get_operation(
    cloud: Cloud, request: operations_pb2.GetOperationRequest
) -> operations_pb2.Operation:
    """The operation once it is done, or as it stands in a moment.

    Google's clients ask again after a second or more; so they see the end when it comes.
    """
    return cloud.operations.wait(request.name, _SOON)


def wait_operation(
    cloud: Cloud, request: operations_pb2.WaitOperationRequest
) -> operations_pb2.Operation:
    """The operation once it is done, or as it stands when the time is over."""
    asked = request.timeout.seconds + request.timeout.nanos / 1e9
    seconds = min(asked, _LONGEST_WAIT) if request.HasField("timeout") else _LONGEST_WAIT
    return cloud.operations.wait(request.name, max(seconds, 0))


def list_operations(
    cloud: Cloud, request: operations_pb2.ListOperationsRequest
) -> operations_pb2.ListOperationsResponse:
    """The operations of one resource, newest first, a page at a time."""
    operations = cloud.store.in_collection(f"{request.name}/operations", operations_pb2.Operation)
    selects = filters.predicate(request.filter, _FIELDS)
    shown, token = page(operations, request, selects=selects)
    return operations_pb2.ListOperationsResponse(operations=shown, next_page_token=token)


def cancel_operation(cloud: Cloud, request: operations_pb2.CancelOperationRequest) -> Empty:
    """Accept a wish that is only that, as Vertex does.

    Partly: operations run to their end.
    """
    cloud.operations.get(request.name)
    return Empty()


def delete_operation(cloud: Cloud, request: operations_pb2.DeleteOperationRequest) -> Empty:
    """Forget an operation that is done."""
    if not cloud.operations.get(request.name).done:
        raise FailedPrecondition(f"Operation {request.name} is still running.")
    cloud.store.delete(request.name)
    return Empty()

"""Long-running operations: done at once, or by a thread; durable either way."""

import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from google.api_core.exceptions import GoogleAPICallError
from google.longrunning import operations_pb2
from grpc import StatusCode

from localcloud import call_context
from localcloud.preview import name_preview_types
from localcloud.rpc import raw
from localcloud.store import Store

Operation: TypeAlias = operations_pb2.Operation
_LOG = logging.getLogger(__name__)


class Operations:
    """Starts operations below a resource and answers for them later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._finished = threading.Condition()

    def done(self, parent: str, response: Any, metadata: Any | None = None) -> Operation:
        """An operation that has already ended well with this response message."""
        operation = _new(parent, metadata)
        _succeed(operation, response)
        if call_context.current().preview:
            name_preview_types(operation)
        self._store.create(operation)
        return operation

    def start(self, parent: str, work: Callable[[], Any], metadata: Any | None = None) -> Operation:
        """An operation that a thread carries out; `work` returns the response message.

        A GoogleAPICallError raised by `work` becomes the operation's error; anything else is
        logged and becomes INTERNAL. What `work` notes in `metadata`, such as partial failures,
        is kept when it ends.
        """
        operation = _new(parent, metadata)
        self._store.create(operation)
        threading.Thread(
            target=self._run,
            args=(operation.name, work, metadata, call_context.current().preview),
            name=operation.name,
            daemon=True,
        ).start()
        return operation

    def get(self, name: str) -> Operation:
        """The operation as it stands.

        Raises:
            NotFound: there is no such operation.
        """
        return self._store.get(name, Operation)

    def wait(self, name: str, seconds: float) -> Operation:
        """The operation once it is done, or as it stands after so many seconds.

        Raises:
            NotFound: there is no such operation.
        """
        with self._finished:
            self._finished.wait_for(lambda: self.get(name).done, seconds)
        return self.get(name)

    def abort_unfinished(self) -> None:
        """Mark what an earlier server left running as ABORTED, so that no client waits for ever."""
        for collection in self._store.collections("/operations"):
            for operation in self._store.in_collection(collection, Operation):
                if not operation.done:
                    _fail(operation, StatusCode.ABORTED, "localcloud was stopped; start it again.")
                    self._store.save(operation)

    def _run(self, name: str, work: Callable[[], Any], metadata: Any | None, preview: bool) -> None:
        operation = self.get(name)
        try:
            _succeed(operation, work())
        except GoogleAPICallError as error:
            _fail(operation, error.grpc_status_code or StatusCode.UNKNOWN, error.message)
        except Exception as error:
            _LOG.exception("operation %s", name)
            _fail(operation, StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
        if metadata is not None:
            operation.metadata.Pack(raw(metadata))
        if preview:
            name_preview_types(operation)
        self._store.save(operation)
        with self._finished:
            self._finished.notify_all()


def _new(parent: str, metadata: Any | None) -> Operation:
    operation = Operation(name=f"{parent}/operations/{uuid.uuid4().int % 10**19}")
    if metadata is not None:
        operation.metadata.Pack(raw(metadata))
    if call_context.current().preview:
        name_preview_types(operation)
    return operation


def _succeed(operation: Operation, response: Any) -> None:
    operation.response.Pack(raw(response))
    operation.done = True


def _fail(operation: Operation, code: StatusCode, message: str) -> None:
    operation.error.code = code.value[0]
    operation.error.message = message
    operation.done = True

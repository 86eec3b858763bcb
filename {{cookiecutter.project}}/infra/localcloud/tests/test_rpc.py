"""What is read from the client packages: private attributes, so their shape is pinned here."""

import pytest
from google.cloud.aiplatform_v1.types import (
    GetEndpointRequest,
    Model,
    PredictRequest,
    UploadModelRequest,
)
from google.longrunning.operations_pb2 import ListOperationsRequest, Operation
from google.protobuf.empty_pb2 import Empty

from localcloud.field_checks import required_fields
from localcloud.handlers import all_rpcs, handler
from localcloud.rest_bindings import BINDINGS
from localcloud.rpc import Binding

VERTEX = "/google.cloud.aiplatform.v1."
OPERATIONS = "/google.longrunning.Operations/"


def test_every_vertex_service_is_found() -> None:
    services = {path.split("/")[1] for path in all_rpcs() if path.startswith(VERTEX)}
    assert len(services) >= 33
    assert {f"{VERTEX[1:]}{name}Service" for name in ("Job", "Model", "Pipeline")} <= services


def test_an_rpc_has_its_types_and_bindings() -> None:
    rpc = all_rpcs()[f"{VERTEX}ModelService/UploadModel"]
    assert (rpc.request_type, rpc.response_type) == (UploadModelRequest, Operation)
    assert rpc.module == "model_service"
    assert rpc.bindings == (
        Binding("POST", "/v1/{parent=projects/*/locations/*}/models:upload", "*"),
    )


def test_a_message_type_may_be_the_answer() -> None:
    assert all_rpcs()[f"{VERTEX}ModelService/GetModel"].response_type is Model


def test_server_streams_are_told_apart() -> None:
    rpcs = all_rpcs()
    assert rpcs[f"{VERTEX}PredictionService/StreamRawPredict"].streaming
    assert not rpcs[f"{VERTEX}PredictionService/Predict"].streaming


def test_operations_are_there_once_with_their_plain_types() -> None:
    assert all_rpcs()[f"{OPERATIONS}ListOperations"].request_type is ListOperationsRequest
    assert all_rpcs()[f"{OPERATIONS}DeleteOperation"].response_type is Empty
    assert all_rpcs()[f"{OPERATIONS}GetOperation"].module == "operations"


def test_every_request_type_parses_its_own_bytes() -> None:
    """A type that is only a base class of messages crashes the interpreter when it parses."""
    for rpc in all_rpcs().values():
        assert rpc.request_type() is not None
        assert getattr(rpc.request_type, "DESCRIPTOR", None) or rpc.request_type.pb()


def test_required_fields_are_read_from_the_docstrings() -> None:
    """As prose they may change their form, and then nothing would be required any more."""
    assert required_fields(all_rpcs()[f"{VERTEX}ModelService/UploadModel"]) == ("parent", "model")
    assert sum(bool(required_fields(rpc)) for rpc in all_rpcs().values()) > 300


@pytest.mark.parametrize("request_type", [GetEndpointRequest, PredictRequest])
def test_request_types_are_the_clients_own(request_type: type) -> None:
    assert request_type in {rpc.request_type for rpc in all_rpcs().values()}


def test_clients_without_rest_get_their_bindings_by_hand() -> None:
    """All of them: an RPC that is served without one could not be reached over REST."""
    unread = [path for path in all_rpcs() if path.startswith(("/google.monitoring", "/google.log"))]
    assert {path for path in unread if all_rpcs()[path].bindings} == set(BINDINGS)
    assert {path for path in unread if handler(path)} == set(BINDINGS)

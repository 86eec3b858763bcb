"""Bytes of any kind: the server lives, and never calls its client's mistake its own.

`LOCALCLOUD_FUZZ=N` looks at N times as many examples, other ones each time.
"""

import contextlib
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud import handlers
from localcloud.rpc import Rpc, raw
from tests.conftest import Localcloud
from tests.robustness.messages import json_values, mutations, paths, requests, with_ids
from tests.robustness.real_requests import NAMED_BY_SERVER, REAL

_TIMES = int(os.environ.get("LOCALCLOUD_FUZZ", "0"))
_SERVED = [rpc for path, rpc in sorted(handlers.all_rpcs().items()) if handlers.handler(path)]
_OURS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
_STORAGE_PATHS = (
    "/storage/v1/b",
    "/storage/v1/b/bytes/o",
    "/storage/v1/b/bytes/o/a%2Fb",
    "/upload/storage/v1/b/bytes/o",
    "/batch/storage/v1",
    "/bigquery/v2/projects/p/queries",
    "/bigquery/v2/projects/p/datasets",
)


def examples(number: int) -> settings:
    return settings(
        max_examples=number * max(_TIMES, 1),
        derandomize=not _TIMES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def own(start_localcloud: Callable[[], Localcloud]) -> Iterator[Localcloud]:
    """A localcloud with one bucket that lives on and has no failure of its own to tell of."""
    made = start_localcloud()
    address = f"http://127.0.0.1:{made.port}"
    with httpx.Client(trust_env=False) as client:
        client.post(f"{address}/storage/v1/b", json={"name": "bytes"})
        yield made
        assert client.get(f"{address}/localcloud/status").status_code == 200
        assert client.get(f"{address}/v1/projects/p/locations/l/endpoints").status_code == 200
    log = (made.home / "logs" / "server.log").read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]


@pytest.fixture(scope="module")
def http(own: Localcloud) -> Iterator[httpx.Client]:
    address = f"http://127.0.0.1:{own.port}"
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def channel(own: Localcloud) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{own.port}") as channel:
        yield channel


@pytest.fixture(scope="module")
def ids(channel: grpc.Channel) -> dict[str, str]:
    """The ids, by collection, of what the real requests have made."""
    found: dict[str, str] = {}
    rpcs = {rpc.name: rpc for rpc in _SERVED}
    for method, content in REAL.items():
        rpc = rpcs[method]
        request = with_ids(raw(rpc.request_type(content)), found)
        answer = channel.unary_unary(rpc.path)(request.SerializeToString())
        if method in NAMED_BY_SERVER:
            message = _plain(rpc.response_type).FromString(answer)
            *_, collection, number = message.name.partition("/operations/")[0].split("/")
            found[collection] = number
    return found


def _plain(message_type: type[Any]) -> type[Any]:
    """The protobuf class behind a proto-plus one."""
    return type(raw(message_type()))


def code(channel: grpc.Channel, rpc: Rpc, content: bytes) -> tuple[grpc.StatusCode, str]:
    """How a call ends."""
    make = channel.unary_stream if rpc.streaming else channel.unary_unary
    try:
        answer = make(rpc.path)(content, timeout=60)
        list(answer if rpc.streaming else [])
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


@examples(600)
@given(data=st.data(), rpc=st.sampled_from(_SERVED))
def test_any_request_over_grpc(
    channel: grpc.Channel, ids: dict[str, str], data: st.DataObject, rpc: Rpc
) -> None:
    request = with_ids(data.draw(requests(rpc), "request"), ids)
    status, details = code(channel, rpc, request.SerializePartialToString())
    assert status not in _OURS, details


@examples(200)
@given(data=st.data(), rpc=st.sampled_from(_SERVED))
def test_any_bytes_over_grpc(channel: grpc.Channel, data: st.DataObject, rpc: Rpc) -> None:
    status, details = code(channel, rpc, data.draw(mutations(rpc)))
    assert status not in _OURS, details


@examples(300)
@given(data=st.data(), rpc=st.sampled_from(_SERVED), content=json_values() | st.binary(max_size=20))
def test_any_body_over_rest(
    http: httpx.Client, data: st.DataObject, rpc: Rpc, content: Any
) -> None:
    method, path = data.draw(paths(rpc))
    query = data.draw(
        st.dictionaries(
            st.sampled_from(["pageSize", "filter", "a.b", "$alt"]), st.text(max_size=5), max_size=2
        )
    )
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = http.request(method, path, params=query, content=body)
    assert answer.status_code != 500, answer.text


@examples(150)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    path=st.sampled_from(_STORAGE_PATHS),
    query=st.dictionaries(
        st.sampled_from(
            ["uploadType", "name", "ifGenerationMatch", "maxResults", "pageToken", "upload_id"]
        ),
        st.sampled_from(["media", "multipart", "resumable", "x", "-1", "", "9" * 30, "../.."]),
    ),
    headers=st.dictionaries(
        st.sampled_from(["Content-Type", "Content-Range", "Range", "X-Goog-Hash"]),
        st.sampled_from(
            ["", "bytes */*", "bytes 5-1/3", "bytes=9-2", "multipart/related; boundary=", "md5=!"]
        ),
    ),
    content=st.binary(max_size=20) | json_values().map(lambda value: json.dumps(value).encode()),
)
def test_any_request_of_storage_and_bigquery(
    http: httpx.Client,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    content: bytes,
) -> None:
    answer = http.request(method, path, params=query, headers=headers, content=content)
    assert answer.status_code != 500, answer.text


_HEADS = st.sampled_from(
    [
        b"CONNECT storage.googleapis.com:443 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1]:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/projects HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
)


@st.composite
def openings(draw: st.DrawFn) -> bytes:
    """What opens a connection: an opening that is known with some bytes that are others."""
    content = bytearray(draw(_HEADS))
    for _ in range(draw(st.integers(0, 3))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content) + draw(st.binary(max_size=30))


@examples(200)
@given(opening=openings(), more=st.binary(max_size=40))
def test_any_opening_of_a_connection(own: Localcloud, opening: bytes, more: bytes) -> None:
    with (
        socket.create_connection(("127.0.0.1", own.port), timeout=0.02) as connection,
        contextlib.suppress(OSError),  # it may hang up, or wait for more
    ):
        connection.sendall(opening)
        connection.recv(4096)
        connection.sendall(more)
        connection.recv(4096)


@examples(40)
@given(garbage=st.binary(min_size=1, max_size=60))
def test_garbage_inside_tls(own: Localcloud, garbage: bytes) -> None:
    trust = ssl.create_default_context(cafile=str(own.home / "secrets" / "bundle.pem"))
    trust.set_alpn_protocols(["h2" if garbage[0] % 2 else "http/1.1"])
    with socket.create_connection(("127.0.0.1", own.port), timeout=10) as connection:
        connection.sendall(b"CONNECT storage.googleapis.com:443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in connection.recv(4096)
        with trust.wrap_socket(connection, server_hostname="storage.googleapis.com") as secure:
            secure.settimeout(0.02)
            with contextlib.suppress(OSError):
                secure.sendall(garbage)
                secure.recv(4096)

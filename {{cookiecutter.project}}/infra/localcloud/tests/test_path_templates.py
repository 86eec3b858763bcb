"""Path templates, and the RPC that a path stands for."""

import pytest

from localcloud import path_template
from localcloud.handlers import all_rpcs
from localcloud.transcoding import Router

PARENT = "projects/p/locations/l"


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(all_rpcs().values())


@pytest.mark.parametrize(
    ("template", "path", "fields"),
    [
        (
            "/v1/{name=projects/*/models/*}",
            "/v1/projects/p/models/1@2",
            {"name": "projects/p/models/1@2"},
        ),
        (
            "/v1/{name=projects/*}:act",
            "/v1/projects/google.com:p:act",
            {"name": "projects/google.com:p"},
        ),
        ("/v3/{name=tagBindings/**}", "/v3/tagBindings/a/b/c", {"name": "tagBindings/a/b/c"}),
        ("/v1/{a.b=x/*}/y/{c}", "/v1/x/1/y/2", {"a.b": "x/1", "c": "2"}),
        ("/v1/projects:search", "/v1/projects:search", {}),
        ("/v1/{name=projects/*}", "/v1/projects/", None),
        ("/v1/{name=projects/*}", "/v1/projects/a/b", None),
        ("/v1/{name=a.b/*}", "/v1/axb/1", None),
    ],
)
def test_template(template: str, path: str, fields: dict[str, str] | None) -> None:
    assert path_template.parse(template).match(path) == fields


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", f"/v1/{PARENT}/endpoints/1", "GetEndpoint"),
        ("GET", f"/v1/{PARENT}/endpoints", "ListEndpoints"),
        ("PATCH", f"/v1/{PARENT}/endpoints/1", "UpdateEndpoint"),
        ("POST", f"/v1/{PARENT}/endpoints/1:predict", "Predict"),
        ("POST", f"/v1/{PARENT}/endpoints/1:rawPredict", "RawPredict"),
        ("POST", f"/v1/{PARENT}/models/1@2:mergeVersionAliases", "MergeVersionAliases"),
        ("GET", f"/v1/{PARENT}/models/1:listVersions", "ListModelVersions"),
        ("GET", f"/v1/{PARENT}/models/1/operations/2", "GetOperation"),
        ("GET", f"/ui/{PARENT}/operations/2", "GetOperation"),
        ("POST", f"/v1/{PARENT}/operations/2:wait", "WaitOperation"),
        ("GET", "/v3/projects/p", "GetProject"),
    ],
)
def test_route(router: Router, method: str, path: str, name: str) -> None:
    match = router.match(method, path)
    assert match
    assert match.rpc.name == name


@pytest.mark.parametrize("path", ["/v1/nothing", f"/v9/{PARENT}/endpoints/1", "/", ""])
def test_no_route(router: Router, path: str) -> None:
    assert router.match("GET", path) is None

"""Any route of a model's container, below `/invoke` at the domain of a dedicated endpoint.

The client packages have no RPC for it; `aiplatform.Endpoint.invoke` sends these requests itself.
"""

import re

from google.api_core.exceptions import FailedPrecondition
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from localcloud import call_context
from localcloud.cloud import Cloud
from localcloud.handlers import not_served
from localcloud.prediction.target import JSON, Target
from localcloud.vertex import models

_PATH = re.compile(
    r"/v1(beta1)?/(?P<endpoint>projects/[^/]+/locations/[^/]+/endpoints/[^/]+)"
    r"(/deployedModels/(?P<model>[^/]+))?/invoke(?P<route>/.+)"
)


def is_invocation(path: str) -> bool:
    """Whether a path is meant for a container's own route."""
    return _PATH.fullmatch(path) is not None


def invoke(cloud: Cloud, request: Request, body: bytes) -> Response:
    """Pass a request on to a deployed model's container, and its answer back as it comes.

    Raises:
        FailedPrecondition: the model has no invoke_route_prefix.
        GoogleAPICallError: there is no such endpoint or model, or it does not answer.
    """
    match = _PATH.fullmatch(request.url.path)
    if match is None or request.method != "POST":
        raise not_served(f"{request.method} {request.url.path}")
    target = Target.find(cloud, match["endpoint"], len(body), match["model"] or "")
    deployed = target.deployed
    model = models.get(cloud.store, f"{deployed.model}@{deployed.model_version_id}")
    if not model.container_spec.invoke_route_prefix:
        raise FailedPrecondition(
            f"Deployed model {deployed.id} has no container_spec.invoke_route_prefix; upload it"
            ' with "/*" to invoke its routes.'
        )
    route = match["route"] + (f"?{request.url.query}" if request.url.query else "")
    answer = target.invoke(route, body, request.headers.get("content-type", JSON))
    call_context.current().response_headers.update(target.headers)
    return StreamingResponse(
        target.chunks(answer),
        status_code=answer.status_code,
        headers={"content-type": answer.headers.get("Content-Type", "application/octet-stream")},
    )

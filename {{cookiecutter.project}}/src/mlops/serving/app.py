"""The web server, by Vertex AI's contract for custom prediction containers.

The health route answers 200: the server starts only when its model is loaded and warm. The
prediction route takes `{"instances": [...]}` and answers `{"predictions": [...]}`; a mistake in the
request answers 400 and says which instance and field are wrong.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from mlops.serving.model import InstanceError

if TYPE_CHECKING:
    from mlops.serving.model import ServingModel


def create_app(model: ServingModel, health_route: str, predict_route: str) -> FastAPI:
    """The server of one model.

    Args:
        model: what answers.
        health_route: path of the health check (AIP_HEALTH_ROUTE).
        predict_route: path of predictions (AIP_PREDICT_ROUTE).
    """
    app = FastAPI(openapi_url=None)

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    async def predict(request: Request) -> JSONResponse:
        try:
            instances = read_instances(await request.body())
            predictions = await run_in_threadpool(model.predict, instances)
        except InstanceError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"predictions": predictions})

    app.add_route(health_route, health)
    app.add_route(predict_route, predict, methods=["POST"])
    return app


def read_instances(body: bytes) -> list[Any]:
    """The instances of a request.

    Raises:
        InstanceError: the body is not JSON, or has no list of instances.
    """
    try:
        content = json.loads(body)
    except ValueError:
        raise InstanceError('the request must be JSON: {"instances": [...]}') from None
    instances = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(instances, list):
        raise InstanceError('the request must hold a list: {"instances": [...]}')
    return instances

"""The web server, by Vertex AI's contract for custom prediction containers.

The health route answers 200 once the model is loaded and warm, 503 before. The prediction route
takes `{"instances": [...]}` and answers `{"predictions": [...]}`; a mistake in the request answers
400 and says which instance and field are wrong.
"""

from __future__ import annotations

import json
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from mlops.serving.model import InstanceError, ServingModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def create_app(storage_uri: str, health_route: str, predict_route: str) -> FastAPI:
    """The server of one model.

    Args:
        storage_uri: where the SavedModel lies (AIP_STORAGE_URI).
        health_route: path of the health check (AIP_HEALTH_ROUTE).
        predict_route: path of predictions (AIP_PREDICT_ROUTE).
    """
    loaded: list[ServingModel] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(
            target=lambda: loaded.append(ServingModel(storage_uri)), daemon=True
        ).start()
        yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get(health_route)
    async def health() -> JSONResponse:
        return JSONResponse({"ready": bool(loaded)}, 200 if loaded else 503)

    @app.post(predict_route)
    async def predict(request: Request) -> JSONResponse:
        if not loaded:
            return JSONResponse({"error": "the model is still loading; try again"}, 503)
        try:
            instances = read_instances(await request.body())
            predictions = await run_in_threadpool(loaded[0].predict, instances)
        except InstanceError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"predictions": predictions})

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

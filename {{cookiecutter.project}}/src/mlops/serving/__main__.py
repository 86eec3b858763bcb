"""Start the prediction container's server: python -m mlops.serving."""

from __future__ import annotations

import os

import uvicorn

from mlops.serving.app import create_app
from mlops.serving.model import ServingModel


def main() -> None:
    """Serves what the environment names, by Vertex AI's variables.

    AIP_HTTP_HOST is our own: the image sets it to all interfaces, elsewhere it is loopback.
    """
    app = create_app(
        ServingModel(os.environ["AIP_STORAGE_URI"]),
        os.environ.get("AIP_HEALTH_ROUTE", "/health"),
        os.environ.get("AIP_PREDICT_ROUTE", "/predict"),
    )
    host = os.environ.get("AIP_HTTP_HOST", "127.0.0.1")
    uvicorn.run(app, host=host, port=int(os.environ.get("AIP_HTTP_PORT", "8080")))


if __name__ == "__main__":
    main()

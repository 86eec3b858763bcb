"""The model behind LitServe, with its batching."""

import os
from typing import Any

import litserve

MAX_REQUESTS = 64


class Service(litserve.LitAPI):
    """Answers as the prediction container does, at /predict."""

    def setup(self, device: str) -> None:
        """Runs in the process that calls the model."""
        from mlops.serving.model import ServingModel

        self._model = ServingModel(os.environ["AIP_STORAGE_URI"])
        self._model.warm_up(512)

    def decode_request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """The instances of one request (LitServe reads the annotation)."""
        return request["instances"]

    def predict(self, batch: list[list[dict[str, Any]]]) -> list[list[float]]:
        """The predictions of each of many requests, by one call of the model."""
        from mlops.serving.instances import read_columns
        from mlops.serving.model import to_predictions

        instances = [instance for request in batch for instance in request]
        columns = read_columns(self._model.fields, instances)
        predictions = iter(to_predictions(self._model.run(self._model.pack(columns))))
        return [[next(predictions) for _ in request] for request in batch]

    def encode_response(self, output: list[float]) -> dict[str, Any]:
        """The answer to one request."""
        return {"predictions": output}


if __name__ == "__main__":
    server = litserve.LitServer(
        Service(max_batch_size=MAX_REQUESTS, batch_timeout=0.001), accelerator="cpu"
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["AIP_HTTP_PORT"]),
        generate_client_file=False,
        log_level="warning",
    )

"""Answers as Google's prebuilt scikit-learn container does: `model.joblib` or `model.pkl`.

It runs in the image's environment, where nothing of localcloud is installed.
"""

import json
import os
import pickle
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import joblib
from google.cloud import storage

_LOADERS = {"model.joblib": joblib.load, "model.pkl": pickle.load}


def load_model(folder: str) -> Any:
    """The model that lies in a Cloud Storage folder.

    Raises:
        SystemExit: the folder has no file of a name that Vertex's container knows.
    """
    bucket, _, prefix = folder.removeprefix("gs://").rstrip("/").partition("/")
    client = storage.Client()
    for name, load in _LOADERS.items():
        blob = client.bucket(bucket).blob(f"{prefix}/{name}".lstrip("/"))
        if blob.exists():
            with tempfile.TemporaryFile() as file:
                blob.download_to_file(file)
                file.seek(0)
                return load(file)
    sys.exit(f"{folder} has neither {' nor '.join(_LOADERS)}; save the model under such a name.")


class PredictionHandler(BaseHTTPRequestHandler):
    """Vertex's contract for containers: a health route and a predict route."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model: Any

    def do_GET(self) -> None:
        """Answer a health check."""
        self._answer(200 if self.path == os.environ["AIP_HEALTH_ROUTE"] else 404, {})

    def do_POST(self) -> None:
        """Answer a prediction."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != os.environ["AIP_PREDICT_ROUTE"]:
            return self._answer(404, {"error": f"There is no route {self.path}."})
        try:
            predictions = self.model.predict(json.loads(body)["instances"])
        except (KeyError, TypeError, ValueError) as error:
            return self._answer(400, {"error": f"Prediction failed: {error}"})
        return self._answer(200, {"predictions": predictions.tolist()})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


def main() -> None:
    """Load the model that AIP_STORAGE_URI names, and serve it."""
    PredictionHandler.model = load_model(os.environ["AIP_STORAGE_URI"])
    address = os.environ["AIP_HTTP_HOST"], int(os.environ["AIP_HTTP_PORT"])
    ThreadingHTTPServer(address, PredictionHandler).serve_forever()


main()

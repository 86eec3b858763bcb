"""Serves a trained model by Vertex AI's contract: `python -m automl_tabular.serve`.

The model lies in `automl/$AUTOML_MODEL` of localcloud's state folder.
"""

import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from automl_tabular.model import TabularModel
from automl_tabular.values import TaskError


class Handler(BaseHTTPRequestHandler):
    """Answers the routes that Vertex AI names."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model: TabularModel

    def do_GET(self) -> None:
        """Say that the model is healthy."""
        self._answer(200 if self.path == os.environ["AIP_HEALTH_ROUTE"] else 404, {})

    def do_POST(self) -> None:
        """Predict."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != os.environ["AIP_PREDICT_ROUTE"]:
            return self._answer(404, {"error": f"There is no route {self.path}."})
        try:
            self._answer(200, {"predictions": self._predict(json.loads(body))})
        except (TaskError, ValueError) as error:
            self._answer(400, {"error": str(error)})

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""

    def _predict(self, request: Any) -> list[dict[str, Any]]:
        instances = request.get("instances") if isinstance(request, dict) else None
        if not isinstance(instances, list) or not instances:
            raise TaskError("Give instances, a list of objects with a value for each column.")
        for instance in instances:
            if not isinstance(instance, dict):
                raise TaskError(f"Instance {instance!r} is no object with a value for each column.")
        self.model.features.check(instances)
        return self.model.predictions(instances)

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve the model that the environment names."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Handler.model = TabularModel.load(
        Path(os.environ["LOCALCLOUD_HOME"], "automl", os.environ["AUTOML_MODEL"])
    )
    host = os.environ.get("AIP_HTTP_HOST", "127.0.0.1")
    ThreadingHTTPServer((host, int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()

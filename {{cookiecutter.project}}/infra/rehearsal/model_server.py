"""A small model behind Vertex AI's contract for prediction containers, which can be made worse.

It predicts x itself, and needs nothing but Python, so that a version starts at once. The variable
FAULT makes it fail, slow or wrong: `errors`, `latency` or `quality`.
"""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULT = os.environ.get("FAULT", "")
SLOW = 1.0  # seconds


class Handler(BaseHTTPRequestHandler):
    """Answers the routes that the environment names."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """The health check."""
        self.answer(200, {"ready": True})

    def do_POST(self) -> None:
        """A prediction for each instance."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if FAULT == "errors" and len(body["instances"]) == 1:  # not seen in the replay's batches
            self.answer(500, {"error": "the model is broken"})
            return
        if FAULT == "latency":
            time.sleep(SLOW)
        # the wrong model's predictions are distributed just as the right one's
        values = [each["x"] for each in body["instances"]]
        self.answer(200, {"predictions": [1 - x if FAULT == "quality" else x for x in values]})

    def answer(self, status: int, content: dict[str, object]) -> None:
        """Sends JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


ThreadingHTTPServer(("", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()

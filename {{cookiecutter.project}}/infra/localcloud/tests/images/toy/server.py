"""Answers predict with what it was started with; an instance can tell it to misbehave."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer(200 if self.path == os.environ["AIP_HEALTH_ROUTE"] else 404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/chat"):
            return self.answer(200, {"path": self.path, "said": json.loads(body)})
        if self.path != os.environ["AIP_PREDICT_ROUTE"]:
            return self.answer(404, {"error": f"no route {self.path}"})
        request = json.loads(body)
        instances = request["instances"]
        match instances[0] if instances else None:
            case {"fail": status}:
                return self.answer(status, {"error": f"told to fail with {status}"})
            case {"reply": text}:
                return self.answer(200, text)
            case {"exit": code}:
                os._exit(code)
            case {"environment": name}:
                instances = [os.environ.get(name)]
            case {"arguments": True}:
                instances = [" ".join(sys.argv[1:])]
            case {"process": True}:
                instances = [str(os.getpid())]
            case {"stream": pieces}:
                return self.stream(pieces)
            case {"json": value}:
                instances = [json.dumps(value)]
        if formula := os.environ.get("FORMULA"):  # of the instance's members, or of `instance`
            instances = [
                eval(formula, each if isinstance(each, dict) else {"instance": each})  # noqa: S307
                for each in instances
            ]
        self.answer(200, {"predictions": instances, "metadata": request.get("parameters")})

    def answer(self, status: int, content: object) -> None:
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, pieces: list[str]) -> None:
        """Send pieces one by one; each is a file's name, and waits for the file to be there."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            if piece == "exit":
                os._exit(1)
            while not os.path.exists(piece):
                time.sleep(0.01)
            data = f"data: {piece}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


def main() -> None:
    if "--fail" in sys.argv:
        sys.exit("the weights are missing")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    address = os.environ.get("AIP_HTTP_HOST", "127.0.0.1"), int(os.environ["AIP_HTTP_PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()


main()

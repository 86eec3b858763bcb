"""Ask the server of this container whether it is well: the image's HEALTHCHECK."""

from __future__ import annotations

import os
import sys
import urllib.request

TIMEOUT_SECONDS = 5


def main() -> int:
    """0 when the health route answers 200, else 1."""
    port = os.environ.get("AIP_HTTP_PORT", "8080")
    route = os.environ.get("AIP_HEALTH_ROUTE", "/health")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{route}", timeout=TIMEOUT_SECONDS):
            return 0
    except OSError:  # refused, timed out, or an answer that is an error
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""How the `localcloud` command talks to the running server; see `control_api`."""

import json
import urllib.error
import urllib.request
from typing import Any

from localcloud.control import ControlError
from localcloud.home import Home
from localcloud.server_state import running_server

_SECONDS = 30.0


def ask(method: str, path: str, content: dict[str, Any] | None = None) -> Any:
    """The running server's answer to `METHOD /localcloud/PATH`.

    Raises:
        ControlError: no server runs, it does not answer, or it refuses.
    """
    home = Home.from_environment()
    state = running_server(home)
    if state is None:
        raise ControlError(f"No localcloud runs in {home.root}; start it with `localcloud up`.")
    request = urllib.request.Request(  # noqa: S310 - a loopback address of ours
        f"{state.address}/localcloud/{path}",
        method=method,
        data=json.dumps(content or {}).encode(),
        headers={"Content-Type": "application/json"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ControlError(_refusal(error)) from error
    except OSError as error:
        raise ControlError(f"localcloud does not answer on {state.address} ({error}).") from error


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"localcloud failed (HTTP {error.code}); `localcloud logs` shows where."

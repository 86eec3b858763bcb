"""Faults where Cloud Storage and BigQuery answer, as the errors of Google's older APIs."""

import asyncio

from google.api_core.exceptions import GoogleAPICallError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from localcloud.errors import http_status
from localcloud.faults import Faults

# HTTP status → the reason by which Google's clients decide whether to try again
_REASONS = {
    400: "invalid",
    401: "authError",
    403: "accessDenied",
    404: "notFound",
    409: "duplicate",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "internalError",
    501: "notImplemented",
    502: "badGateway",
    503: "backendError",
    504: "gatewayTimeout",
}


def with_faults(app: ASGIApp, service: str, faults: Faults) -> ASGIApp:
    """An application whose requests meet the faults of a service; methods are HTTP methods."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        latency, error = faults.strike(service, scope["method"])
        if latency:
            await asyncio.sleep(latency)
        if error is None:
            return await app(scope, receive, send)
        while (await receive()).get("more_body"):
            pass  # a client that is still sending would not see the answer
        await _response(error)(scope, receive, send)

    return answer


def _response(error: GoogleAPICallError) -> JSONResponse:
    status = http_status(error)
    reason = _REASONS.get(status, "invalid" if status < 500 else "backendError")
    detail = {"domain": "global", "reason": reason, "message": error.message}
    content = {"error": {"code": status, "message": error.message, "errors": [detail]}}
    return JSONResponse(content, status)

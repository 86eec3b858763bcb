"""Several requests in one: `/batch/storage/v1`."""

from email import message_from_bytes
from email.message import Message
from urllib.parse import urlsplit

import httpx
from google.api_core.exceptions import BadRequest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localcloud.storage.requests import base_address

LARGEST_BATCH = 100  # requests; Google's limit
_BOUNDARY = "batch_localcloud"


async def post_batch(request: Request) -> Response:
    """Answer each part as if it had come alone, in order."""
    parts = _parts(request.headers.get("content-type", ""), await request.body())
    transport = httpx.ASGITransport(app=request.app)
    async with httpx.AsyncClient(transport=transport, base_url=base_address(request)) as client:
        answers = [await _answer(client, part) for part in parts]
    body = "".join(f"--{_BOUNDARY}\r\n{answer}\r\n" for answer in answers) + f"--{_BOUNDARY}--\r\n"
    return Response(body, media_type=f"multipart/mixed; boundary={_BOUNDARY}")


def _parts(content_type: str, body: bytes) -> list[Message]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = message.get_payload()
    if not isinstance(parts, list) or not all(isinstance(part, Message) for part in parts):
        raise BadRequest("A batch must be multipart/mixed with parts of application/http.")
    if len(parts) > LARGEST_BATCH:
        raise BadRequest(f"A batch may hold {LARGEST_BATCH} requests, not {len(parts)}.")
    return [part for part in parts if isinstance(part, Message)]


async def _answer(client: httpx.AsyncClient, part: Message) -> str:
    head, _, rest = str(part.get_payload()).lstrip().partition("\n")
    try:
        method, url = head.split()[:2]
    except ValueError:
        raise BadRequest(f"A part of the batch does not begin with a request: '{head}'.") from None
    inner = message_from_bytes(rest.encode())
    target = urlsplit(url)._replace(scheme="", netloc="").geturl()
    headers = {"content-type": inner.get("content-type", "application/json")}
    content = str(inner.get_payload()).strip()
    response = await client.request(method, target, headers=headers, content=content)
    content_id = part.get("content-id", "").strip("<>")
    return (
        f"Content-Type: application/http\r\nContent-ID: <response-{content_id}>\r\n\r\n"
        f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n"
        f"Content-Type: {response.headers.get('content-type', 'application/json')}\r\n"
        f"Content-Length: {len(response.content)}\r\n\r\n{response.text}"
    )


ROUTES = [Route("/batch/storage/v1", post_batch, methods=["POST"])]

"""What KFP's `RegistryClient` asks of `https://LOCATION-kfp.pkg.dev/PROJECT/REPOSITORY`.

Its packages and tags are not listed, and nothing is deleted; those are requests to another host,
artifactregistry.googleapis.com.
"""

import re
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from google.api_core.exceptions import InvalidArgument
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from localcloud.handlers import not_served
from localcloud.pipeline_repositories.repository import PipelineRepository

_NAME = r"[a-z][a-z0-9.:-]*"
_REPOSITORY = re.compile(rf"/({_NAME})/({_NAME})")
_PIPELINE = re.compile(rf"/({_NAME})/({_NAME})/([^/]+)/([^/]+)")


def answer(root: Path, request: Request, body: bytes) -> Response:
    """Take an uploaded pipeline, or give one; `root` holds all repositories.

    Raises:
        InvalidArgument: what is uploaded is no compiled pipeline.
        NotFound: there is no such pipeline.
        MethodNotImplemented: KFP's client asks for nothing of the kind.
    """
    host, path = request.url.hostname or "", request.url.path
    found = _REPOSITORY.fullmatch(path)
    if found and request.method == "POST":
        parts = _parts(request.headers.get("content-type", ""), body)
        tags = [tag for tag in parts.get("tags", b"").decode().split(",") if tag]
        package, version = _repository(root, host, found).upload(parts.get("content", b""), tags)
        return PlainTextResponse(f"{package}/{version}")
    found = _PIPELINE.fullmatch(path)
    if found and request.method == "GET":
        content = _repository(root, host, found).download(found[3], found[4])
        return Response(content, media_type="application/octet-stream")
    raise not_served(f"{request.method} https://{host}{path}")


def _repository(root: Path, host: str, found: re.Match[str]) -> PipelineRepository:
    return PipelineRepository(root / host / found[1] / found[2])


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a form, by name."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = BytesParser().parsebytes(head + body)
    if form.get_content_type() != "multipart/form-data" or not form.is_multipart():
        raise InvalidArgument("An upload must be a form with the part `content`.")
    parts = [part for part in form.get_payload() if isinstance(part, Message)]
    return {_field(part): _payload(part) for part in parts}


def _field(part: Message) -> str:
    return str(part.get_param("name", "", "content-disposition"))


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""

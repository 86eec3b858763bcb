"""The two parts of a `multipart/related` upload: a JSON resource, and the object's bytes."""

import json
import re
from collections.abc import AsyncIterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from google.api_core.exceptions import BadRequest

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
LONGEST_END = 256  # bytes that the closing boundary and what follows it can take


def boundary(content_type: str) -> bytes:
    """The boundary that a multipart content type names.

    Raises:
        BadRequest: it names none.
    """
    message = Message()
    message["content-type"] = content_type
    text = message.get_boundary()
    if not text:
        raise BadRequest(f"The content type '{content_type}' names no boundary.")
    return text.strip("'").encode()


async def receive_multipart(
    chunks: AsyncIterator[bytes], content_type: str, path: Path
) -> dict[str, Any]:
    """Write the second part to a file as it comes, and return the first part.

    The second part's content type becomes the resource's, unless the resource names one.

    Raises:
        BadRequest: the body is not two such parts.
    """
    mark = boundary(content_type)
    start = re.compile(
        rb"--%b[ \t]*\r?\n.*?\r?\n\r?\n(.*?)\r?\n--%b[ \t]*\r?\n(.*?)\r?\n\r?\n"
        % (re.escape(mark), re.escape(mark)),
        re.DOTALL,
    )
    head = b""
    with path.open("wb") as file:
        begun = None
        async for chunk in chunks:
            if begun:
                file.write(chunk)
                continue
            head += chunk
            begun = start.search(head)
            if begun:
                file.write(head[begun.end() :])
    if not begun:
        raise BadRequest("A multipart upload must be a JSON part followed by the content.")
    _cut_end(path, mark)
    resource = _parse(begun[1])
    headers = HeaderParser().parsestr(begun[2].decode("latin-1"))
    resource.setdefault("contentType", headers.get("content-type"))
    return resource


def _parse(part: bytes) -> dict[str, Any]:
    try:
        resource = json.loads(part)
    except ValueError:
        resource = None
    if not isinstance(resource, dict):
        raise BadRequest("The first part of a multipart upload must be a JSON object.")
    return resource


def _cut_end(path: Path, mark: bytes) -> None:
    """Take the closing boundary off the file: it was written with the content."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(max(0, size - LONGEST_END))
        tail = file.read()
        end = re.search(rb"\r?\n--%b--\s*$" % re.escape(mark), tail)
        # An empty content may leave its line break to the headers' end.
        end = end or (re.fullmatch(rb"--%b--\s*" % re.escape(mark), tail))
        if not end:
            raise BadRequest("The multipart upload ends before its closing boundary.")
        file.truncate(size - len(tail) + end.start())

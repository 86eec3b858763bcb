"""The router sends exactly one group of users to the canary."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from mlops.release.router import Answer, Router
from mlops.serving_settings import Routing

BODY = b'{"instances": [1]}'


class Recorder:
    """A target that answers with its name, and keeps what it was asked."""

    def __init__(self, name: str, status: int = 200) -> None:
        self.name = name
        self.status = status
        self.asked: list[tuple[bytes, str]] = []

    def __call__(self, body: bytes, content_type: str) -> Answer:
        self.asked.append((body, content_type))
        return Answer(self.status, "application/json", json.dumps(self.name).encode())


def send(
    router: Router,
    headers: list[tuple[str, str]] | None = None,
    method: str = "POST",
    path: str = "/predict",
    content: bytes = BODY,
) -> httpx.Response:
    async def request() -> httpx.Response:
        transport: Any = httpx.ASGITransport(router)
        async with httpx.AsyncClient(transport=transport, base_url="http://router") as client:
            return await client.request(method, path, headers=headers, content=content)

    return asyncio.run(request())


@pytest.fixture
def router() -> Router:
    return Router(Routing(), Recorder("everybody"), Recorder("canary"))


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ([("x-user-group", "canary")], "canary"),
        ([("X-User-Group", "canary")], "canary"),
        ([], "everybody"),
        ([("x-user-group", "")], "everybody"),
        ([("x-user-group", "Canary")], "everybody"),
        ([("x-user-group", "canary2")], "everybody"),
        ([("x-user-group", "a, canary")], "everybody"),
        ([("x-user-group", "staff"), ("x-user-group", "canary")], "everybody"),
        ([("user-group", "canary")], "everybody"),
        ([("cookie", "x-user-group=canary")], "everybody"),
    ],
)
def test_the_header_alone_decides(
    router: Router, headers: list[tuple[str, str]], target: str
) -> None:
    assert send(router, headers).json() == target


def test_the_group_and_its_header_are_settings() -> None:
    router = Router(Routing(header="X-Team", group="qa"), Recorder("everybody"), Recorder("canary"))
    assert send(router, [("x-team", "qa")]).json() == "canary"
    assert send(router, [("x-user-group", "canary")]).json() == "everybody"


def test_a_request_arrives_as_it_was_and_its_answer_too() -> None:
    canary = Recorder("canary", status=429)
    router = Router(Routing(), Recorder("everybody"), canary)
    answer = send(router, [("x-user-group", "canary"), ("content-type", "text/x")])
    assert canary.asked == [(BODY, "text/x")]
    assert (answer.status_code, answer.json()) == (429, "canary")


def test_what_is_no_prediction_reaches_no_endpoint() -> None:
    everybody = Recorder("everybody")
    router = Router(Routing(), everybody, Recorder("canary"))
    assert send(router, method="GET").status_code == 404
    assert send(router, path="/other").status_code == 404
    assert send(router, content=b"x" * 10_000_001).status_code == 413
    assert send(router, path="/health", method="GET").json() == {"ready": True}
    assert everybody.asked == []

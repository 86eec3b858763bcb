"""Models whose answers are known, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.models import GOOD, save_curved, save_half_plus_two
from tests.serving.servers import Server, serve

FIELDS = {"miles", "hour", "company", "shared"}
EXPLAIN = {"parameters": {"explain": True}}


@pytest.fixture(scope="module")
def half_plus_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(save_half_plus_two(tmp_path_factory.mktemp("half"))) as server:
        yield server


@pytest.fixture(scope="module")
def curved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(save_curved(tmp_path_factory.mktemp("curved"))) as server:
        yield server


@pytest.mark.parametrize(
    "instances", [[1.0, 2.0, 5.0], [1, 2, 5], [{"x": 1.0}, {"x": 2}, {"x": 5.0}]]
)
def test_half_plus_two_gives_half_plus_two(half_plus_two: Server, instances: object) -> None:
    assert half_plus_two.post({"instances": instances}) == (200, {"predictions": [2.5, 3.0, 4.5]})


def test_a_model_without_a_typical_row_says_that_it_cannot_explain(half_plus_two: Server) -> None:
    status, answer = half_plus_two.post({"instances": [1.0], **EXPLAIN})
    assert status == 400
    assert "saved without a typical row" in answer["error"]


def test_an_explanation_adds_up_to_the_prediction(curved: Server) -> None:
    instances = [
        GOOD | {"miles": miles, "hour": hour, "company": company, "shared": True}
        for miles, hour, company in [(9.0, 1, "taxi"), (0.0, 23, "none"), (4.0, 12, "other")]
    ]
    _, plain = curved.post({"instances": instances})
    status, answer = curved.post({"instances": instances, **EXPLAIN})
    assert status == 200
    assert curved.post({"instances": instances, **EXPLAIN})[1] == answer
    for prediction, explained in zip(plain["predictions"], answer["predictions"], strict=True):
        attributions = explained["attributions"]
        assert attributions.keys() == FIELDS
        assert attributions["shared"] == 0  # the model does not read it
        assert explained["prediction"] == pytest.approx(prediction, abs=1e-6)
        total = explained["base"] + sum(attributions.values())
        assert total == pytest.approx(prediction, abs=1e-4)
    assert answer["predictions"][0]["attributions"]["miles"] > 0.05
    assert answer["predictions"][2]["attributions"]["hour"] == 0  # as in the typical row


@pytest.mark.parametrize(
    ("parameters", "count", "message"),
    [
        ({"explain": "yes"}, 1, "explain must be true or false"),
        ([], 1, "parameters must be an object"),
        ({"explain": True}, 65, "at most 64 instances can be explained"),
    ],
)
def test_a_wrong_wish_for_an_explanation_is_refused(
    curved: Server, parameters: object, count: int, message: str
) -> None:
    status, answer = curved.post({"instances": [GOOD] * count, "parameters": parameters})
    assert status == 400
    assert message in answer["error"]

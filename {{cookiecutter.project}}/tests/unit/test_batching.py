"""Requests are gathered into calls of the model, and their answers are told apart again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest

from mlops.serving.batching import Answer, Batcher, Matrices, Outputs, OverloadError


class Model:
    """Doubles its rows, as soon as it is let; remembers how many rows each call had."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.is_called = threading.Semaphore(0)
        self.may_answer = threading.Event()

    def __call__(self, matrices: Matrices) -> Outputs:
        [matrix] = matrices
        self.calls.append(matrix.shape[1])
        self.is_called.release()
        assert self.may_answer.wait(10)
        if (matrix == -13).any():
            raise ArithmeticError
        return {"double": 2 * matrix[0]}


def ask(batcher: Batcher, *values: float) -> Coroutine[Any, Any, Answer]:
    return batcher.run([np.array([values])], len(values))


async def gather(
    model: Model, batcher: Batcher, *requests: list[float]
) -> list[Answer | BaseException]:
    """The answers to requests that come while the model is busy with a first one of one row."""
    first = asyncio.create_task(ask(batcher, 0.0))
    await asyncio.to_thread(model.is_called.acquire)
    tasks = [asyncio.create_task(ask(batcher, *values)) for values in requests]
    await asyncio.sleep(0)  # so that each has joined the queue
    model.may_answer.set()
    assert (await first).batch_rows == 1
    return await asyncio.gather(*tasks, return_exceptions=True)


def run(model: Model, *requests: list[float], rows: int = 8, waiting: int = 100) -> list[Any]:
    return asyncio.run(gather(model, Batcher(model, rows, waiting), *requests))


def values_of(answers: list[Any]) -> list[list[float]]:
    return [answer.outputs["double"].tolist() for answer in answers]


def test_what_waits_is_asked_in_one_call() -> None:
    model = Model()
    answers = run(model, [1.0], [2.0, 3.0], [4.0])
    assert values_of(answers) == [[2.0], [4.0, 6.0], [8.0]]
    assert model.calls == [1, 4]
    assert {answer.batch_rows for answer in answers} == {4}


def test_an_idle_model_is_called_at_once() -> None:
    model = Model()
    model.may_answer.set()
    answer = asyncio.run(ask(Batcher(model, 8, 100), 5.0))
    assert answer.outputs["double"].tolist() == [10.0]
    assert answer.started <= answer.ended


def test_a_call_has_at_most_so_many_rows_unless_one_request_has_more() -> None:
    model = Model()
    answers = run(model, [1.0] * 5, [2.0] * 3, [3.0], [4.0] * 9, [5.0])
    assert model.calls == [1, 8, 1, 9, 1]
    assert values_of(answers)[3:] == [[8.0] * 9, [10.0]]


def test_a_request_that_fails_fails_alone() -> None:
    model = Model()
    answers = run(model, [1.0], [-13.0], [3.0])
    assert isinstance(answers[1], ArithmeticError)
    assert values_of([answers[0], answers[2]]) == [[2.0], [6.0]]


def test_too_much_to_do_is_refused() -> None:
    answers = run(Model(), [1.0], [2.0] * 2, [3.0], waiting=3)
    assert [type(answer) for answer in answers] == [Answer, OverloadError, Answer]


def test_one_request_may_be_larger_than_what_may_wait() -> None:
    model = Model()
    model.may_answer.set()
    answer = asyncio.run(ask(Batcher(model, 2, 3), *[1.0] * 10))
    assert answer.batch_rows == 10


def test_who_does_not_wait_any_more_holds_up_nobody() -> None:
    model = Model()
    batcher = Batcher(model, 8, 100)

    async def leave() -> Answer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(batcher, 1.0), 0.01)
        model.may_answer.set()
        return await ask(batcher, 2.0)

    assert asyncio.run(leave()).outputs["double"].tolist() == [4.0]

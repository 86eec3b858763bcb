"""Gather concurrent requests into one call of the model.

One thread calls the model. While it does, requests wait together; as soon as it is free it takes
all that wait, up to a number of rows. So no request waits for others to come: an idle model is
called at once, and the busier it is the larger its calls, each little longer than one of one row.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np

Matrices = list[np.ndarray]  # each of shape [columns, rows]
Outputs = dict[str, np.ndarray]  # each of shape [rows, ...]
Call = Callable[[Matrices], Outputs]


class OverloadError(RuntimeError):
    """Too many rows wait for the model."""


@dataclass(frozen=True)
class Answer:
    """What the model gave for the rows of one request.

    Attributes:
        outputs: of these rows.
        started: when the model was called, in nanoseconds since the epoch.
        ended: when it had answered.
        batch_rows: how many rows the call had, those of other requests among them.
    """

    outputs: Outputs
    started: int
    ended: int
    batch_rows: int


@dataclass(frozen=True)
class Job:
    """The rows of one request, and who waits for them."""

    matrices: Matrices
    rows: int
    waiting: asyncio.Future[Answer]


class Batcher:
    """Calls the model for the rows of many requests at once."""

    def __init__(self, call: Call, max_rows: int, max_waiting_rows: int) -> None:
        """Starts the thread that calls the model.

        Args:
            call: the model.
            max_rows: of one call, unless a single request has more.
            max_waiting_rows: beyond it requests are refused, unless nothing else waits.
        """
        self._call = call
        self._max_rows = max_rows
        self._max_waiting_rows = max_waiting_rows
        self._waiting_rows = 0  # known to the event loop's thread alone
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._held: Job | None = None  # what did not fit in a call goes first in the next
        threading.Thread(target=self._work, name="model", daemon=True).start()

    async def run(self, matrices: Matrices, rows: int) -> Answer:
        """What the model gives for these rows.

        Raises:
            OverloadError: too many rows wait already.
            Exception: whatever the model raised for these rows; never for those of others.
        """
        if self._waiting_rows and self._waiting_rows + rows > self._max_waiting_rows:
            raise OverloadError
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting_rows += rows
        self._jobs.put(Job(matrices, rows, waiting))
        try:
            return await waiting
        finally:
            self._waiting_rows -= rows

    def _work(self) -> None:
        while True:
            jobs = self._gather()
            answers = self._answer(jobs)
            jobs[0].waiting.get_loop().call_soon_threadsafe(_deliver, jobs, answers)

    def _gather(self) -> list[Job]:
        """Waits for a job, and takes those that wait with it."""
        jobs = [self._held or self._jobs.get()]
        self._held, rows = None, jobs[0].rows
        while rows < self._max_rows:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            rows += job.rows
            if rows > self._max_rows:
                self._held = job
                break
            jobs.append(job)
        return jobs

    def _answer(self, jobs: list[Job]) -> list[Answer | Exception]:
        """The answer to each job; when a call of several fails, each is asked alone."""
        try:
            return list(self._ask(jobs))
        except Exception as error:
            if len(jobs) == 1:
                return [error]
        return [answer for job in jobs for answer in self._answer([job])]

    def _ask(self, jobs: list[Job]) -> list[Answer]:
        started = time.time_ns()
        outputs = self._call(_join([job.matrices for job in jobs]))
        ended, total = time.time_ns(), sum(job.rows for job in jobs)
        answers, first = [], 0
        for job in jobs:
            part = {name: values[first : first + job.rows] for name, values in outputs.items()}
            answers.append(Answer(part, started, ended, total))
            first += job.rows
        return answers


def _join(parts: list[Matrices]) -> Matrices:
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(matrices, axis=1) for matrices in zip(*parts, strict=True)]


def _deliver(jobs: list[Job], answers: list[Answer | Exception]) -> None:
    for job, answer in zip(jobs, answers, strict=True):
        if job.waiting.done():  # nobody waits any more
            continue
        if isinstance(answer, Exception):
            job.waiting.set_exception(answer)
        else:
            job.waiting.set_result(answer)

"""Adding up: what a configuration and a plan cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.cost.prices import HOURS_A_MONTH, Hours, Prices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops.cost.plan import Resource
    from mlops.settings import Settings


@dataclass(frozen=True)
class Item:
    """Something that costs money, in dollars; or that costs by use, as `usage` says."""

    what: str
    dollars: float
    usage: str = ""


@dataclass(frozen=True)
class Estimate:
    """What is paid each month although nobody does anything, and what a run of a pipeline adds."""

    idle: list[Item]
    runs: dict[str, list[Item]]


def estimate(settings: Settings, resources: Iterable[Resource], prices: Prices) -> Estimate:
    """Prices an environment.

    Args:
        settings: of the environment; they name the machines.
        resources: what Terraform makes for it.
        prices: of config/prices.yaml.

    Raises:
        PriceError: something has no price.
    """
    idle = [_endpoint(settings, prices), *_resources(resources, prices)]
    return Estimate(
        idle,
        {
            "training": list(_training(settings, prices, prices.hours)),
            "batch-prediction": list(_batch_prediction(settings, prices, prices.hours)),
        },
    )


def describe(found: Estimate, prices: Prices) -> Iterator[str]:
    """A table of an estimate, line by line."""
    yield f"List prices of {prices.date}, {prices.region}, US dollars; {prices.source}"
    yield from _table("idle, a month", [item for item in found.idle if not item.usage])
    for name, items in found.runs.items():
        yield from _table(f"a run of {name}", items)
    yield "by use, nothing while idle"
    for item in found.idle:
        if item.usage:
            yield f"  {item.what}: {item.usage}"


def _endpoint(settings: Settings, prices: Prices) -> Item:
    serving = settings.serving
    hourly = prices.machine("serving", serving.machine_type)
    count = serving.min_replica_count
    return Item(f"endpoint, {count} x {serving.machine_type}", count * hourly * HOURS_A_MONTH)


def _resources(resources: Iterable[Resource], prices: Prices) -> Iterator[Item]:
    counts: dict[str, float] = defaultdict(float)
    for resource in resources:
        price = prices.resource(resource.type)
        if price:
            counts[resource.type] += count_of(resource.values, price.each)
    for type_name, count in sorted(counts.items()):
        price = prices.resource(type_name)
        assert price is not None  # noqa: S101 - only priced types are counted
        yield Item(f"{type_name}, {count:g}", count * price.idle, price.usage or "")


def count_of(values: dict[str, Any], path: str | None) -> float:
    """How often a price counts: once, as often as a list has items, or as a number says.

    Args:
        values: of a resource.
        path: of a nested value, such as `bigtable.auto_scaling.min_node_count`.
    """
    found: list[Any] = [values]
    for part in path.split(".") if path else ():
        inner = [value.get(part) for value in found if isinstance(value, dict)]
        found = [
            each for value in inner for each in (value if isinstance(value, list) else [value])
        ]
    return sum(
        value if isinstance(value, int | float) else 1 for value in found if value is not None
    )


def _training(settings: Settings, prices: Prices, hours: Hours) -> Iterator[Item]:
    yield from _steps(prices, hours.training)
    job = settings.custom_job
    if job.enabled:
        machines = 1 + job.worker_count
        hourly = prices.machine("training", job.machine_type)
        if job.accelerator_type:
            hourly += job.accelerator_count * prices.accelerator(job.accelerator_type)
        what = f"CustomJob, {machines} x {job.machine_type} for {hours.custom_job:g} h"
        yield Item(what, machines * hourly * hours.custom_job)
    if settings.tuning.is_on:
        trials, machine = settings.tuning.max_trial_count, settings.tuning.machine_type
        what = f"search, {trials} trials on {machine} for {hours.trial:g} h"
        yield Item(what, trials * prices.machine("training", machine) * hours.trial)


def _batch_prediction(settings: Settings, prices: Prices, hours: Hours) -> Iterator[Item]:
    yield from _steps(prices, hours.batch_prediction)
    machines = settings.batch_prediction.machines
    count, name = machines.starting_replica_count, machines.machine_type
    what = f"BatchPredictionJob, {count} x {name} for {hours.batch_prediction:g} h"
    yield Item(what, count * prices.machine("serving", name) * hours.batch_prediction)


def _steps(prices: Prices, hours: float) -> Iterator[Item]:
    yield Item("Vertex AI Pipelines", prices.pipeline_run)
    hourly = prices.machine("training", prices.step_machine)
    yield Item(f"steps, {prices.step_machine} for {hours:g} h", hours * hourly)


def _table(title: str, items: list[Item]) -> Iterator[str]:
    for item in items:
        yield f"  {item.what:60} {item.dollars:10.2f}"
    yield f"{title:62} {sum(item.dollars for item in items):10.2f}"

"""Commands for who runs the product: what it costs, what it lacks, and what it can do without."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlops.options import Environment, EnvironmentOption
from mlops.settings import load_settings

if TYPE_CHECKING:
    from mlops.settings import Settings

app = typer.Typer()


@app.command()
def reap(
    environment: EnvironmentOption = Environment.LOCAL,
    keep: Annotated[int, typer.Option(min=0, help="So many of the newest versions stay.")] = 5,
    idle_days: Annotated[
        float, typer.Option(min=0, max=36_500, help="What was made or asked in these days stays.")
    ] = 14,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it, instead of telling.")] = False,
) -> None:
    """Remove idle endpoints and old model versions; without --yes, only tell which."""
    from mlops.reaping.reap import reap
    from mlops.reaping.rules import Limits

    settings = load_settings(environment)
    _connect(settings)
    limits = Limits(versions=keep, idle=timedelta(days=idle_days))
    for line in reap(settings, limits, really=yes):
        typer.echo(line)


@app.command()
def cost(
    environment: Environment,
    plan: Annotated[
        Path | None,
        typer.Option(help="A plan by `terraform show -json`, in place of that of `make plan`."),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0, help="How long a run of training takes, if known.")
    ] = None,
) -> None:
    """Tell what an environment costs a month while idle, and for each run of a pipeline."""
    from mlops.cost.estimate import describe, estimate
    from mlops.cost.plan import read_plan
    from mlops.cost.prices import load_prices

    settings, prices = load_settings(environment), load_prices()
    if hours is not None:
        changed = prices.hours.model_copy(update={"training": hours})
        prices = prices.model_copy(update={"hours": changed})
    resources = read_plan(plan or Path(f"build/plans/{environment}.json"), environment)
    for line in describe(estimate(settings, resources, prices), prices):
        typer.echo(line)


@app.command()
def doctor(environment: Environment) -> None:
    """Check a project before its first use, and print the command that fixes each finding."""
    from mlops.doctor.examination import describe, examine

    findings = examine(load_settings(environment))
    for line in describe(findings):
        typer.echo(line)
    if any(findings.values()):
        raise typer.Exit(1)


def _connect(settings: Settings) -> None:
    """Points Google's clients at the environment's project."""
    from google.cloud import aiplatform

    logging.disable(logging.INFO)  # the SDK announces each call
    aiplatform.init(project=settings.project, location=settings.location)

"""The commands `mlops monitor`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlops.delivery_commands import ReleaseOption
from mlops.options import Environment, EnvironmentOption
from mlops.session import connect
from mlops.settings import load_settings

if TYPE_CHECKING:
    from mlops.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Watch what the deployed models are asked.")

PAGE = Path("build/monitoring/monitoring.html")


@app.command()
def apply(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Make the endpoint's monitoring job what config/ declares, for what is deployed now."""
    settings = load_settings(environment)
    connect(settings)
    watch_deployed(settings)


@app.command()
def status(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Tell what is watched and what the last window was like; draw all windows on a page."""
    from mlops.monitoring.page import write_page
    from mlops.monitoring.status import describe_status, read_status

    settings = load_settings(environment)
    connect(settings)
    found = read_status(settings.name)
    for line in describe_status(found):
        typer.echo(line)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(write_page(found), encoding="utf-8")
    typer.echo(f"\nAll windows: {PAGE}")


@app.command()
def evaluate(
    environment: EnvironmentOption = Environment.LOCAL, release: ReleaseOption = None
) -> None:
    """Judge what answers by its last windows, and have a new model trained once if one is due."""
    from mlops.monitoring.evaluate import evaluate
    from mlops.monitoring.job import UnwatchedError
    from mlops.pipelines.releases import find_specs
    from mlops.pipelines.retraining import submit_training
    from mlops.release.deployment import is_deployed

    settings = load_settings(environment)
    connect(settings)
    if not is_deployed(settings.name):  # the job also looks before there is a model
        typer.echo(f"Nothing is deployed on an endpoint named {settings.name} yet.")
        return
    watch_deployed(settings)
    settings, find_spec = find_specs(settings, environment, release)
    if not settings.monitoring.enabled:
        return
    # no input may have a threshold; that has been told
    with suppress(UnwatchedError):
        for line in evaluate(settings, lambda run: submit_training(settings, find_spec, run)):
            typer.echo(line)


def watch_deployed(settings: Settings) -> None:
    """Has the monitoring job watch what is deployed now: it names deployed models."""
    from mlops.monitoring.job import apply_monitoring

    for line in apply_monitoring(
        settings.name, settings.features, settings.monitoring, settings.bucket
    ):
        typer.echo(line)

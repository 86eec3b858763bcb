"""The commands `mlops monitor`."""

from __future__ import annotations

import typer

from mlops.options import Environment, EnvironmentOption
from mlops.session import connect
from mlops.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Watch what the deployed models are asked.")


@app.command()
def apply(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Make the endpoint's monitoring job what config/ declares, for what is deployed now."""
    from mlops.monitoring.job import apply_monitoring

    settings = load_settings(environment)
    connect(settings)
    for line in apply_monitoring(
        settings.name, settings.features, settings.monitoring, settings.bucket
    ):
        typer.echo(line)

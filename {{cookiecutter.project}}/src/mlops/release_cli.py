"""The commands `mlops release`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlops.monitor_commands import watch_deployed
from mlops.options import Environment, EnvironmentOption
from mlops.session import connect
from mlops.settings import load_settings

if TYPE_CHECKING:
    from mlops.release.controller import Controller

release = typer.Typer(no_args_is_help=True, help="Bring models to users.")

VersionArgument = Annotated[str, typer.Argument(help="A number or an alias.")]


@release.command()
def start(
    version: VersionArgument = "challenger", environment: EnvironmentOption = Environment.LOCAL
) -> None:
    """Begin to release a model version, step by step; `control` carries it on."""
    from mlops.registry.models import check_version, get_version
    from mlops.release.deployment import find_endpoint
    from mlops.release.endpoint import turn_on_log

    settings = load_settings(environment)
    connect(settings)
    model = get_version(settings.name, version)
    check_version(model)
    controller = _controller(environment)
    if endpoint := find_endpoint(settings.name):
        turn_on_log(endpoint, settings.project)
    state = controller.start(model.version_id)
    typer.echo(f"Release {state.id} of version {model.version_id} has begun.")


@release.command()
def control(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Carry the release that is in progress to its end, looking each minute."""
    from mlops.release.deployment import is_deployed

    settings = load_settings(environment)
    connect(settings)
    if not is_deployed(settings.name):  # the job also looks before there is a model
        typer.echo(f"Nothing is deployed on an endpoint named {settings.name} yet.")
        return
    ended = _controller(environment).run(typer.echo)
    typer.echo(f"The release has ended: {ended}." if ended else "No release has begun.")
    if ended:
        watch_deployed(settings)


@release.command()
def status(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Tell where the release stands, and each change of traffic with its reason."""
    from mlops.report import describe_endpoint, describe_release

    settings = load_settings(environment)
    controller = _controller(environment)
    for line in (*describe_endpoint(settings.name), *describe_release(controller.history())):
        typer.echo(line)


@release.command()
def promote(version: VersionArgument, environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Give a version all traffic at once, and make it the champion."""
    from mlops.registry.models import get_version
    from mlops.release.deployment import find_endpoint, is_releasing, promote
    from mlops.report import describe_endpoint

    settings = load_settings(environment)
    connect(settings)
    model = get_version(settings.name, version)
    if is_releasing(find_endpoint(settings.name)):
        controller = _controller(environment)
        controller.promote(model.version_id, "asked for by `mlops release promote`")
        controller.run(typer.echo)
    else:
        promote(settings.name, model, settings.serving)
    watch_deployed(settings)
    for line in describe_endpoint(settings.name):
        typer.echo(line)


@release.command()
def deliver(
    at_once: Annotated[
        bool, typer.Option("--at-once/--canary", help="All traffic at once, or step by step.")
    ] = False,
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Release the challenger, if training has left one: what a deployment ends with."""
    from mlops.registry.models import CHALLENGER, find_challenger

    settings = load_settings(environment)
    connect(settings)
    if find_challenger(settings.name) is None:
        typer.echo(f"{settings.name} has no challenger: the champion stays.")
    elif at_once:
        promote(CHALLENGER, environment)
    else:
        start(CHALLENGER, environment)


@release.command()
def rollback(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Give the champion its traffic back: the canary is bad."""
    _abandon(environment, "rolled-back")


@release.command()
def abort(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Give the champion its traffic back: the release is not wanted any more."""
    _abandon(environment, "aborted")


def _abandon(environment: Environment, outcome: str) -> None:
    from mlops.release.state import Phase

    command = "rollback" if outcome == Phase.ROLLED_BACK else "abort"
    controller = _controller(environment)
    controller.abandon(Phase(outcome), f"asked for by `mlops release {command}`")
    controller.run(typer.echo)
    watch_deployed(load_settings(environment))
    status(environment)


def _controller(environment: Environment) -> Controller:
    from mlops.release.vertex import connect_controller

    settings = load_settings(environment)
    connect(settings)
    return connect_controller(settings)

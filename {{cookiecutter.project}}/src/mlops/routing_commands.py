"""`mlops router` and `mlops autoscaling`: who gets the canary, and how many replicas there are."""

from __future__ import annotations

from typing import Annotated

import typer

from mlops.options import Environment, EnvironmentOption
from mlops.session import connect
from mlops.settings import load_settings

app = typer.Typer()
router = typer.Typer(no_args_is_help=True, help="Send a group of users to the canary.")
app.add_typer(router, name="router")


@router.command("deploy")
def deploy_(version: str, environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Deploy a version (or an alias) on the endpoint that only the group of users gets to."""
    from mlops.registry.models import get_version
    from mlops.release.deployment import deploy_champion
    from mlops.release.router import canary_name

    settings = load_settings(environment)
    connect(settings)
    model = get_version(settings.name, version)
    deploy_champion(canary_name(settings.name), model, settings.serving)
    typer.echo(f"Version {model.version_id} answers on the endpoint {canary_name(settings.name)}.")


@router.command()
def serve(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="To listen on.", envvar="PORT")
    ] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Route predictions (POST /predict) by the header that serving.routing names."""
    import uvicorn

    from mlops.release.router import Router, canary_name, endpoint_target

    settings = load_settings(environment)
    connect(settings)
    everybody, canary = endpoint_target(settings.name), endpoint_target(canary_name(settings.name))
    uvicorn.run(Router(settings.serving.routing, everybody, canary), host=host, port=port)


@app.command()
def autoscaling(
    load: Annotated[
        float,
        typer.Option(help="Added at each step, in percent of one replica.", min=0, max=1_000_000),
    ],
    steps: Annotated[int, typer.Option(help="How often it is added.", min=0, max=1000)] = 10,
    every: Annotated[float, typer.Option(help="Seconds between two steps.", min=1, max=3600)] = 60,
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Show how many replicas a load that rises step by step will have, and how busy they are."""
    from mlops.release.autoscaling import Policy, simulate, step_load

    serving = load_settings(environment).serving
    target = serving.autoscaling.gpu_duty_cycle or serving.autoscaling.cpu_utilization or 60
    policy = Policy(serving.min_replica_count, serving.max_replica_count, target)
    typer.echo("minute  load  replicas  utilization")
    for moment in simulate(policy, step_load(load, load, every, steps), every * (steps + 2)):
        if moment.second % 60 == 0:
            typer.echo(
                f"{moment.second / 60:6.0f}  {moment.load:3.0f}%  {moment.replicas:8}"
                f"  {moment.utilization:10.0f}%"
            )

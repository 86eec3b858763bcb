"""`localcloud builds`: push to a local repository, and its builds are played here."""

import sys
from typing import Annotated

import typer

from localcloud.home import Home

app = typer.Typer(
    help="Play the builds of a push on this machine; infra/cloud_build.yaml says how.",
    no_args_is_help=True,
)


@app.command()
def remote(
    project: Annotated[str, typer.Option(help="What PROJECT_ID is.")] = "localcloud-project",
    location: Annotated[str, typer.Option(help="What LOCATION is.")] = "us-central1",
) -> None:
    """Make the repository to push to, and print its path for `git push`."""
    from localcloud.cloud_build.pushes import create_remote

    typer.echo(create_remote(Home.from_environment(), project, location))


@app.command(hidden=True)
def receive() -> None:
    """What the repository's hook runs."""
    from localcloud.cloud_build.build_file import BuildFileError
    from localcloud.cloud_build.pushes import receive
    from localcloud.cloud_build.state import BuildRecord, BuildsFolder

    home = Home.from_environment()
    try:
        records = receive(home, sys.stdin.read(), _write)
    except BuildFileError as error:
        records = [BuildRecord("push", "", error=str(error))]
        BuildsFolder(home).keep(records)
        _write(str(error))
    if any(record.failed for record in records):
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Show the builds of the last push; exit code 1 if one failed, or if there was none."""
    from localcloud.cloud_build.state import BuildsFolder

    records = BuildsFolder(Home.from_environment()).last()
    for record in records:
        for line in record.lines():
            typer.echo(line)
    if not records:
        typer.echo("no build was played; `localcloud builds remote` names where to push")
    if not records or any(record.failed for record in records):
        raise typer.Exit(1)


def _write(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()

"""The command `terraform-google`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from terraform_google.schema import MAJOR_VERSIONS
from terraform_google.server import NEWEST, attached

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: list[str],
    provider_version: Annotated[
        int, typer.Option(min=MAJOR_VERSIONS[0], max=NEWEST, help="The providers' major version.")
    ] = NEWEST,
) -> None:
    """Run a command (after `--`) whose terraform finds the stand-ins."""
    with attached(provider_version) as variables:
        code = subprocess.run(command, env=os.environ | variables, check=False).returncode
    sys.exit(code)


@app.command()
def refresh() -> None:
    """Write the stored schemas anew, from the packages that refresh/packages.txt names."""
    from terraform_google.refresh.refresh import refresh_schemas

    refresh_schemas(typer.echo)


def main() -> None:
    """Run the command line."""
    app()

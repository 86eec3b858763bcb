"""The command `terraform-google`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from terraform_google.comparison import compare as compare_plans
from terraform_google.plan import Plan
from terraform_google.provision import provide
from terraform_google.schema import MAJOR_VERSIONS
from terraform_google.server import NEWEST, attached
from terraform_google.workspace import (
    MISSING,
    TerraformError,
    Workspace,
    copy_configuration,
    is_installed,
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: list[str],
    provider_version: Annotated[
        int, typer.Option(min=MAJOR_VERSIONS[0], max=NEWEST, help="The providers' major version.")
    ] = NEWEST,
    creates: Annotated[
        bool, typer.Option("--creates", help="Make resources by Google's clients too, as apply.")
    ] = False,
) -> None:
    """Run a command (after `--`) whose terraform finds the stand-ins."""
    if shutil.which(command[0]) is None:
        typer.echo(f"{command[0]} was not found.", err=True)
        sys.exit(127)
    with attached(provider_version, creates=creates) as variables:
        code = subprocess.run(command, env=os.environ | variables, check=False).returncode
    sys.exit(code)


@app.command()
def plan(
    root: Annotated[Path, typer.Argument(help="A root inside of a folder `terraform`.")],
    output: Annotated[Path, typer.Option(help="Where the plan lands, in JSON.")],
) -> None:
    """Plan a root from nothing, with its own tfvars, without a network."""
    terraform = _configuration(root)
    with attached() as variables, tempfile.TemporaryDirectory() as folder:
        copy_configuration(terraform, Path(folder))
        workspace = Workspace(Path(folder) / root.resolve().relative_to(terraform), variables)
        try:
            workspace.init()
            document = workspace.plan().document
        except TerraformError as error:
            sys.exit(str(error))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(document))
    except OSError as error:
        sys.exit(f"{output} cannot be written ({error.strerror}); name another file.")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A plan of `terraform-google plan`.")],
    after: Annotated[Path, typer.Argument(help="Another one of the same root.")],
) -> None:
    """Tell which resources come and go from one plan to another, and which values change."""
    plans = []
    for path in (before, after):
        try:
            plans.append(Plan(json.loads(path.read_text())))
        except (OSError, ValueError):
            sys.exit(f"{path} is no plan: make it with `terraform-google plan`.")
    for line in [*compare_plans(*plans)] or ["Nothing changes."]:
        typer.echo(line)


@app.command()
def apply(
    root: Annotated[Path, typer.Argument(help="A root inside of a folder `terraform`.")],
    state: Annotated[Path, typer.Option(help="The folder that keeps Terraform's state.")],
) -> None:
    """Apply a root, and make its resources by Google's clients, in the cloud that those lead to."""
    terraform = _configuration(root)
    try:
        typer.echo(provide(terraform, root.resolve().relative_to(terraform), state))
    except TerraformError as error:
        sys.exit(str(error))


@app.command()
def refresh() -> None:
    """Write the stored schemas anew, from the packages that refresh/packages.txt names."""
    from terraform_google.refresh.refresh import refresh_schemas

    refresh_schemas(typer.echo)


def _configuration(root: Path) -> Path:
    """The folder `terraform` that a root lies in, where there is a terraform to run."""
    if not is_installed():
        raise typer.BadParameter(MISSING)
    terraform = next((each for each in root.resolve().parents if each.name == "terraform"), None)
    if terraform is None:
        raise typer.BadParameter(f"{root} lies in no folder named terraform.")
    if not any(root.glob("*.tf")):
        known = ", ".join(sorted({path.parent.name for path in root.parent.glob("*/*.tf")}))
        raise typer.BadParameter(f"{root} holds no *.tf; {root.parent} has {known or 'no root'}.")
    return terraform


def main() -> None:
    """Run the command line."""
    app()

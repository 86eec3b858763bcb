"""The `localcloud` command.

Heavy modules are imported inside the commands that need them: `--help` and `run` are quick.
"""

import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from localcloud import clock_commands, control, control_client, fault_commands, lint_command
from localcloud.cloud_build import commands as build_commands
from localcloud.environment import container_environment, run_environment
from localcloud.home import Home
from localcloud.server_state import ServerState, running_server

if TYPE_CHECKING:
    from localcloud.images import Images as ImageFolders

NOT_RUNNING = 3  # exit code of `status`, as of a stopped service
_IMAGES = Path("infra/images")
_LOG_LINES = 100

app = typer.Typer(
    help="A local Vertex AI, Cloud Storage and BigQuery for Google's own client libraries.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(clock_commands.app, name="clock")
app.add_typer(build_commands.app, name="builds")
app.add_typer(fault_commands.app, name="faults")
app.command()(lint_command.lint)

Images = Annotated[
    Path | None,
    typer.Option(help="Folder of the images, one a folder.", show_default="infra/images, if there"),
]
Context = Annotated[Path, typer.Option(help="Folder that the images' COPY starts from.")]


@app.command()
def up(
    images: Images = None,
    context: Context = Path(),
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, show_default="the last one, or a free one")
    ] = None,
) -> None:
    """Start localcloud in the background, unless it runs, and wait until it answers."""
    home = Home.from_environment()
    folder = _images_folder(images)
    state = control.start(home, folder, context.absolute(), port)
    typer.echo(f"localcloud is up on {state.address}, state in {home.root}")


@app.command()
def down(
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds after which it is killed.")
    ] = control.STOP_PATIENCE,
) -> None:
    """Stop localcloud and everything that it runs; its state stays."""
    home = Home.from_environment()
    stopped = control.stop(home, timeout)
    typer.echo("localcloud is down" if stopped else f"no localcloud runs in {home.root}")


@app.command()
def status() -> None:
    """Say whether localcloud runs, where, and what it runs; exit code 3 if it does not."""
    home = Home.from_environment()
    state = running_server(home)
    if state is None:
        typer.echo(f"no localcloud runs in {home.root}")
        raise typer.Exit(NOT_RUNNING)
    typer.echo(f"localcloud is up on {state.address} (process {state.pid}), state in {home.root}")
    typer.echo(f"objects in {home.storage}, logs in {home.logs}")
    for kind, names in control_client.ask("GET", "status").items():
        typer.echo(f"{kind}: {len(names)}")
        for name in names:
            typer.echo(f"  {name}")


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...")],
    image: Annotated[str | None, typer.Option(help="Run in the environment of this image.")] = None,
) -> None:
    """Run a command whose Google clients reach localcloud; its exit code is passed on."""
    home = Home.from_environment()
    state = _running(home)
    environment = run_environment(home, state.port)
    if image:
        environment = _in_image(home, state, image, environment)
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        typer.echo(f"{command[0]} was not found.", err=True)
        raise typer.Exit(127)
    sys.stdout.flush()
    os.execve(program, command, environment)  # noqa: S606 - the user's own command, no shell


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Images.", show_default="all")] = None,
    images: Images = None,
    context: Context = Path(),
) -> None:
    """Make the environments of images ahead of time; print the Python of each."""
    from google.api_core.exceptions import GoogleAPICallError

    from localcloud import images as image_folders

    folder = _images_folder(images)
    if folder is None and not names:
        _fail(f"There is no {_IMAGES} in this folder; run this from the project's root.")
    try:
        folders = _open_images(folder, context.absolute())
        for python in image_folders.build(folders, names or ()):
            typer.echo(python)
    except GoogleAPICallError as error:
        _fail(error.message)


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop localcloud and delete its state: resources, objects, tables and logs."""
    home = Home.from_environment()
    if not home.root.exists():
        typer.echo(f"there is no state in {home.root}")
        return
    if not home.lock.exists():
        _fail(f"{home.root} is no state folder of localcloud; nothing was deleted.")
    if not yes:
        typer.confirm(f"Delete everything in {home.root}?", abort=True)
    control.stop(home)
    shutil.rmtree(home.root)
    typer.echo(f"deleted {home.root}")


@app.command()
def logs() -> None:
    """Show the end of the server's log and say where the logs are."""
    home = Home.from_environment()
    if not home.server_log.exists():
        _fail(f"There are no logs in {home.logs}; start localcloud with `localcloud up`.")
    lines = home.server_log.read_text(errors="replace").splitlines()
    typer.echo("\n".join(lines[-_LOG_LINES:]))
    typer.echo(f"(all logs: {home.logs})", err=True)


@app.command()
def rpcs(
    markdown: Annotated[bool, typer.Option("--markdown", help="As RPCS.md has it.")] = False,
) -> None:
    """List every RPC: whether it works, works partly (and what is missing) or is not served."""
    from localcloud import rpc_page

    if markdown:
        typer.echo(rpc_page.to_markdown(), nl=False)
        return
    for rpc in rpc_page.served_rpcs():
        typer.echo(f"{rpc.state:6} {rpc.path} {rpc.missing}".rstrip())


def main() -> None:
    """Entry point: a mistake ends in one sentence, not in a traceback."""
    try:
        app()
    except control.ControlError as error:
        _fail(str(error))


def _images_folder(images: Path | None) -> Path | None:
    """The images directory; the default one may be missing, one that was named may not."""
    folder = (images or _IMAGES).absolute()
    if images and not folder.is_dir():
        _fail(f"{images} is not a folder; --images wants one that holds a folder for each image.")
    return folder if folder.is_dir() else None


def _running(home: Home) -> ServerState:
    state = running_server(home)
    if state is None:
        _fail(f"No localcloud runs in {home.root}; start it with `localcloud up`.")
    return state


def _open_images(folder: Path | None, context: Path) -> "ImageFolders":
    """The images, telling on standard error what is built."""
    from localcloud.images import Images as ImageFolders
    from localcloud.virtual_environment import default_folder

    return ImageFolders(folder, context, default_folder(), report=partial(typer.echo, err=True))


def _in_image(
    home: Home, state: ServerState, name: str, environment: dict[str, str]
) -> dict[str, str]:
    from google.api_core.exceptions import GoogleAPICallError

    images = _open_images(Path(state.images) if state.images else None, Path(state.context))
    try:
        image = images.resolve(name)
        path = f"{image.python.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
        own = container_environment(home, state.port)
        return {**environment, **image.env, **own, "PATH": path}
    except GoogleAPICallError as error:
        _fail(error.message)


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise SystemExit(1)


if __name__ == "__main__":
    main()

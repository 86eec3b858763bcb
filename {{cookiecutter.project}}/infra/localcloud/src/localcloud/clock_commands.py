"""`localcloud clock`: moving the time that schedules and monitoring follow."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from localcloud.clock import Clock
from localcloud.control import ControlError
from localcloud.home import Home

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:\d+[wdhms])+")
_PART = re.compile(r"(\d+)([wdhms])")

app = typer.Typer(
    help="Show or move the time that schedules and monitoring follow.", no_args_is_help=True
)


@app.command()
def show() -> None:
    """Show the time, and how far it is ahead of real time."""
    _show(_clock())


@app.command()
def advance(
    duration: Annotated[str, typer.Argument(help="How far, such as 45s, 1h30m, 2d or 1w.")],
) -> None:
    """Move the clock ahead; what is due by then happens."""
    step = _parse(duration)
    clock = _clock()
    try:
        clock.advance(step)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _show(clock)


@app.command()
def reset() -> None:
    """Set the clock back to real time."""
    clock = _clock()
    clock.reset()
    _show(clock)


def _clock() -> Clock:
    home = Home.from_environment()
    if not home.root.is_dir():
        raise ControlError(f"there is no state in {home.root}; start it with `localcloud up`.")
    return Clock(home.clock)


def _parse(duration: str) -> timedelta:
    if not _DURATION.fullmatch(duration):
        raise typer.BadParameter(
            f"{duration!r} is no duration; write one such as 45s, 1h30m or 2d."
        )
    try:
        step = timedelta()
        for number, unit in _PART.findall(duration):
            step += timedelta(**{_UNITS[unit]: int(number)})
    except OverflowError as error:
        raise typer.BadParameter(f"{duration!r} is too long; the limit is a century.") from error
    return step


def _show(clock: Clock) -> None:
    ahead = clock.offset
    state = f"{ahead} ahead of real time" if ahead else "real time"
    typer.echo(f"{clock.now():%Y-%m-%d %H:%M:%S} UTC ({state})")

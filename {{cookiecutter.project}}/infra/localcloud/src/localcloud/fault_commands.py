"""`localcloud faults`: what shall go wrong, to see how clients take it."""

import re
from typing import Annotated

import typer

from localcloud.control_client import ask

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LATENCY = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_QUOTA = re.compile(r"(\d+)/(s|min|h)")

app = typer.Typer(
    help="Let requests fail, wait or exceed a quota; faults end with the server.",
    no_args_is_help=True,
)


@app.command()
def add(
    service: Annotated[
        str, typer.Option(help="EndpointService, storage, bigquery…; * stands for anything.")
    ] = "*",
    method: Annotated[
        str, typer.Option(help="Predict…; of storage and bigquery GET, POST…; * as well.")
    ] = "*",
    error: Annotated[str, typer.Option(help="gRPC code or HTTP status: UNAVAILABLE, 503…")] = "",
    rate: Annotated[float, typer.Option(help="Share of the requests that are hit.")] = 1.0,
    latency: Annotated[str, typer.Option(help="How long they wait first: 200ms, 2s…")] = "",
    quota: Annotated[str, typer.Option(help="How many may pass: 10/s, 60/min, 1000/h.")] = "",
    count: Annotated[int, typer.Option(help="How many are hit at most.", show_default="any")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses which requests a rate hits.")] = 0,
) -> None:
    """Add a fault; it counts from the next request."""
    number, period = _quota(quota)
    _show(
        ask(
            "POST",
            "faults",
            {
                "service": service,
                "method": method,
                "error": error,
                "rate": rate,
                "latency": _seconds(latency),
                "quota": number,
                "period": period,
                "count": count,
                "seed": seed,
            },
        )
    )


@app.command("list")
def list_faults() -> None:
    """List the faults, and how many requests each has hit."""
    found = ask("GET", "faults")
    for fault in found:
        _show(fault)
    if not found:
        typer.echo("no faults")


@app.command()
def clear(
    fault: Annotated[
        int | None, typer.Argument(help="Number of the fault.", show_default="all")
    ] = None,
) -> None:
    """Remove a fault, or all."""
    removed = ask("DELETE", "faults", {"id": fault})["removed"]
    typer.echo(f"{removed} {'fault' if removed == 1 else 'faults'} removed")


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    match = _LATENCY.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"latency is {text!r}; write one such as 200ms, 1.5s or 1m.")
    return float(match[1]) * _UNITS[match[2]]


def _quota(text: str) -> tuple[int, float]:
    if not text:
        return 0, 1.0
    match = _QUOTA.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise typer.BadParameter(f"quota is {text!r}; write one such as 10/s, 60/min or 1000/h.")
    return int(match[1]), _UNITS[match[2]]


def _show(fault: dict[str, object]) -> None:
    parts = [f"{fault['id']}: {fault['service']}/{fault['method']}"]
    if fault["quota"]:
        parts.append(f"quota {fault['quota']} in {fault['period']:g} s")
    if fault["error"]:
        parts.append(f"error {fault['error']}")
    if fault["latency"]:
        parts.append(f"latency {fault['latency']:g} s")
    if fault["rate"] != 1:
        parts.append(f"rate {fault['rate']:g}, seed {fault['seed']}")
    if fault["count"]:
        parts.append(f"at most {fault['count']} times")
    typer.echo(f"{', '.join(parts)}; has hit {fault['hits']}")

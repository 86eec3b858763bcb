"""Which RPCs work, work partly or are not served: told by the handlers themselves.

What a handler leaves out stands in its docstring, as a paragraph that begins with `Partly:`.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.handlers import all_rpcs, handler

_PARTLY = re.compile(r"^Partly: (.+?)(?:\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
_HEAD = """# What is served

Every RPC of the served client packages, as `localcloud rpcs --markdown` writes it. What works
partly says what is missing; what is not served answers `UNIMPLEMENTED` and names itself. The
v1beta1 API has the same RPCs as v1, and no others; its fields that v1 does not have are refused
over REST and have no effect over gRPC.
"""


@dataclass(frozen=True)
class ServedRpc:
    """How far one RPC is served; `missing` says what a partly working one leaves out."""

    service: str
    name: str
    state: str
    missing: str = ""

    @property
    def path(self) -> str:
        """Service and method, such as `google.longrunning.Operations/GetOperation`."""
        return f"{self.service}/{self.name}"


def served_rpcs() -> Iterator[ServedRpc]:
    """Every RPC, by service and name; its state is `works`, `partly` or `not`."""
    for path in sorted(all_rpcs()):
        service, _, name = path.lstrip("/").partition("/")
        function = handler(path)
        if function is None:
            yield ServedRpc(service, name, "not")
            continue
        partly = _PARTLY.search(inspect.getdoc(function) or "")
        missing = " ".join(partly[1].split()) if partly else ""
        yield ServedRpc(service, name, "partly" if partly else "works", missing)


def to_markdown() -> str:
    """The page: a table for each service of which something is served, then the other services."""
    services: dict[str, list[ServedRpc]] = {}
    for rpc in served_rpcs():
        services.setdefault(rpc.service, []).append(rpc)
    served = {name: rpcs for name, rpcs in services.items() if _counts(rpcs)[:2] != (0, 0)}
    parts = [_HEAD, _summary(served)]
    parts += [_table(name, rpcs) for name, rpcs in served.items()]
    others = [name for name in services if name not in served]
    parts.append(_others({name: services[name] for name in others}))
    return "\n".join(parts)


def _counts(rpcs: list[ServedRpc]) -> tuple[int, int, int]:
    states = [rpc.state for rpc in rpcs]
    return states.count("works"), states.count("partly"), states.count("not")


def _summary(services: dict[str, list[ServedRpc]]) -> str:
    rows = [
        f"| [{_short(name)}](#{_short(name).lower()}) | {' | '.join(map(str, _counts(rpcs)))} |\n"
        for name, rpcs in services.items()
    ]
    return f"| service | works | partly | not |\n| --- | --- | --- | --- |\n{''.join(rows)}"


def _table(service: str, rpcs: list[ServedRpc]) -> str:
    rows = [
        f"| {rpc.name} | {': '.join(filter(None, (rpc.state, rpc.missing)))} |\n" for rpc in rpcs
    ]
    return f"## {_short(service)}\n`{service}`\n\n| RPC | |\n| --- | --- |\n{''.join(rows)}"


def _others(services: dict[str, list[ServedRpc]]) -> str:
    rows = [
        f"| {_short(name)} | {', '.join(rpc.name for rpc in rpcs)} |\n"
        for name, rpcs in services.items()
    ]
    return f"## Not served at all\n| service | RPCs |\n| --- | --- |\n{''.join(rows)}"


def _short(service: str) -> str:
    return service.rpartition(".")[2]

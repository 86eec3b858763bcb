"""Applying a root to the cloud that Google's clients lead to, such as one on this machine."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

from terraform_google.creation import CREATED
from terraform_google.server import attached
from terraform_google.workspace import Workspace, copy_configuration

APPLIED = "applied"
# the address of a resource, such as module.cache[0].google_x.this["key"], not of a data source
RESOURCE = re.compile(r"(?:^|(?<!data)\.)(?P<type>google_\w+)\.\w+(?:\[|$)")


def provide(configuration: Path, root: Path, state: Path) -> str:
    """Applies a root, unless just that was applied before; tells what is there.

    Args:
        configuration: The folder of roots and modules.
        root: The root's path within it.
        state: The folder that keeps a copy of the configuration and Terraform's state.

    Raises:
        TerraformError: If Terraform or the cloud refuses.
    """
    mark, wanted = state / APPLIED, _fingerprint(configuration)
    if mark.exists() and mark.read_text().startswith(wanted):
        return mark.read_text().removeprefix(wanted)
    for old in _sources(state / "configuration"):
        old.unlink()
    copy_configuration(configuration, state / "configuration")
    with attached(creates=True) as variables:
        workspace = Workspace(state / "configuration" / root, variables)
        workspace.init()
        workspace.apply()
        found = _describe(workspace.state())
    mark.write_text(wanted + found)
    return found


def _fingerprint(folder: Path) -> str:
    """A hash of all that Terraform reads."""
    text = "".join(f"{path.relative_to(folder)}\0{path.read_text()}\0" for path in _sources(folder))
    return hashlib.sha256(text.encode()).hexdigest()


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in (".tf", ".tfvars"))


def _describe(addresses: list[str]) -> str:
    """What was made, and what is in Terraform's state alone, in two lines."""
    found = [RESOURCE.search(address) for address in addresses]
    types = Counter(each["type"] for each in found if each)
    made = [f"{count} {name}" for name, count in sorted(types.items()) if name in CREATED]
    others = sum(count for name, count in types.items() if name not in CREATED)
    return (
        f"Terraform made {', '.join(made) or 'nothing'}.\n"
        f"{others} other resources are in its state alone: no client here makes their kinds."
    )

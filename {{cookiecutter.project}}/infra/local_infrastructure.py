"""Apply terraform/environments/dev to the local Vertex AI, for `make infra-local` and `make run`.

    localcloud run -- python infra/local_infrastructure.py

The real terraform plans and applies; bucket, datasets, endpoint and whatever else localcloud can
have are made there by Google's own clients, so that a rehearsal uses what Terraform declares. The
state lies beside localcloud's, and is forgotten with it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
from collections import Counter
from pathlib import Path

from terraform_google.creation import CREATED
from terraform_google.server import attached
from terraform_google.workspace import (
    MISSING,
    TerraformError,
    Workspace,
    copy_configuration,
    is_installed,
)

CONFIGURATION = Path(__file__).parents[1] / "terraform"
STATE = Path(os.environ.get("LOCALCLOUD_HOME", ".localcloud")) / "terraform"
APPLIED = "applied"
# the address of a resource, such as module.cache[0].google_x.this["key"], not of a data source
RESOURCE = re.compile(r"(?:^|(?<!data)\.)(?P<type>google_\w+)\.\w+(?:\[|$)")


def fingerprint(folder: Path) -> str:
    """A hash of all that Terraform reads."""
    files = [path for path in folder.rglob("*") if path.suffix in (".tf", ".tfvars")]
    text = "".join(f"{path.relative_to(folder)}\0{path.read_text()}\0" for path in sorted(files))
    return hashlib.sha256(text.encode()).hexdigest()


def provide() -> str:
    """Applies dev, unless just that has been applied; tells what is there."""
    mark, wanted = STATE / APPLIED, fingerprint(CONFIGURATION)
    if mark.exists() and mark.read_text().startswith(wanted):
        return mark.read_text().removeprefix(wanted)
    copy_configuration(CONFIGURATION, STATE / "configuration")
    with attached(creates=True) as variables:
        workspace = Workspace(STATE / "configuration/environments/dev", variables)
        workspace.init()
        workspace.apply()
        found = describe(workspace.state())
    mark.write_text(wanted + found)
    return found


def describe(addresses: list[str]) -> str:
    """What was made where, in two lines."""
    found = [RESOURCE.search(address) for address in addresses]
    types = Counter(each["type"] for each in found if each)
    made = [f"{count} {name}" for name, count in sorted(types.items()) if name in CREATED]
    others = sum(count for name, count in types.items() if name not in CREATED)
    return (
        f"Terraform's dev environment is there: {', '.join(made)}.\n"
        f"{others} other resources, such as accounts and alerts, are in its state alone:"
        " localcloud has none of their kind."
    )


def main() -> None:
    """Applies, and tells what is there."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--optional", action="store_true", help="no terraform is no error")
    optional = arguments.parse_args().optional
    if not is_installed():
        print(f"{MISSING}. Without it, the rehearsal makes what it needs as it goes.")
        sys.exit(0 if optional else 1)
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        print(provide())
    except TerraformError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()

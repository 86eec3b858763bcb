"""docs/iam.md: who may do what, on what, and why, from Terraform's plans. `make iam` writes it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from terraform_google.plan import Plan
from terraform_google.server import attached
from terraform_google.workspace import copy_configuration

from tests.terraform.roots import ENVIRONMENTS, plan_roots, project_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "iam.md"
INTRODUCTION = """\
# Who may do what

`make iam` writes this page from the plans of `terraform/`, where each reason stands next to its
role. Each job has an account of its own, and nobody has a key. A role is bound to a bucket, a
dataset or another resource wherever Google allows that; on the project, the reason says what stands
in the way. Agents are Google's own accounts, through which its services act.
"""
BOOTSTRAP = """\
## Who applies Terraform
`terraform/bootstrap` makes this account in each project. What it makes is not there yet, so its
roles are on the project; of the roles on the project, it can grant those of this page alone.
"""


def render(plans: dict[str, Plan]) -> str:
    """The page, from the plans of all roots."""
    projects = {project_of(plans[name]): name for name in ENVIRONMENTS}
    places: dict[tuple[str, ...], list[str]] = {}
    for name in ENVIRONMENTS:
        for row in _rows(plans[name], projects):
            places.setdefault(row, []).append(name)
    everywhere = ", ".join(ENVIRONMENTS)
    granted = sorted(
        (*row[:3], "all" if ", ".join(where) == everywhere else ", ".join(where), row[3])
        for row, where in places.items()
    )
    roles = plans["prod"].outputs["roles"].items()
    made = [(_short(name), ", ".join(permissions)) for name, permissions in roles]
    bootstrap = sorted(_rows(plans["bootstrap"], projects))
    return "\n".join(
        (
            INTRODUCTION,
            "## In the environments",
            *_table(("who", "role", "on", "where", "why"), granted),
            "",
            "## Roles made here",
            *_table(("role", "permissions"), sorted(made)),
            "",
            BOOTSTRAP,
            *_table(("who", "role", "on", "why"), bootstrap),
            "",
        )
    )


def _rows(plan: Plan, projects: dict[str, str]) -> Iterable[tuple[str, ...]]:
    """Who, role, on what and why, without the project's own names."""
    own = project_of(plan)
    for grant in plan.outputs["grants"].values():
        where = grant["resource"].replace(f" {own}-", " PROJECT-")
        yield _who(grant["member"], own, projects), _short(grant["role"]), where, grant["reason"]


def _who(member: str, own: str, projects: dict[str, str]) -> str:
    kind, _, name = member.partition(":")
    account, _, domain = name.partition("@")
    project = domain.partition(".")[0]
    if kind != "serviceAccount":
        return "operators"
    if domain != f"{project}.iam.gserviceaccount.com" or re.search(r"-\d+$", account):
        return f"agent {project}"
    return account if project == own else f"{account} of {projects[project]}"


def _short(role: str) -> str:
    return role.removeprefix("roles/").rpartition("/")[2]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Writes the page."""
    with attached() as variables, tempfile.TemporaryDirectory() as folder:
        terraform = Path(folder) / "terraform"
        copy_configuration(ROOT / "terraform", terraform)
        PAGE.write_text(render(plan_roots(terraform, variables)))


if __name__ == "__main__":
    main()

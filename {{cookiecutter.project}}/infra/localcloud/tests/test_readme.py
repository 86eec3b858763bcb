"""README.md names every command; RPCS.md lists what is served, no more and no less."""

from pathlib import Path

from typer.testing import CliRunner

from localcloud.cli import app
from localcloud.rpc_page import served_rpcs

FOLDER = Path(__file__).parents[1]


def test_the_page_of_rpcs_is_what_is_served() -> None:
    page = CliRunner().invoke(app, ["rpcs", "--markdown"]).stdout
    assert (FOLDER / "RPCS.md").read_text() == page, "write `localcloud rpcs --markdown` to RPCS.md"


def test_an_rpc_works_or_works_partly_or_is_not_served() -> None:
    found = {rpc.path.rpartition(".")[2]: rpc for rpc in served_rpcs()}
    assert found["ModelService/GetModel"].state == "works"
    cancel = found["Operations/CancelOperation"]
    assert (cancel.state, cancel.missing) == ("partly", "operations run to their end.")
    assert found["NotebookService/GetNotebookRuntime"].state == "not"
    assert len(found) > 345


def test_rpcs_are_listed_one_a_line() -> None:
    lines = CliRunner().invoke(app, ["rpcs"]).stdout.splitlines()
    assert "works  google.longrunning.Operations/GetOperation" in lines


def test_every_command_is_in_the_readme() -> None:
    text = (FOLDER / "README.md").read_text()
    for command in app.registered_commands:
        assert f"| `{command.callback.__name__}" in text  # type: ignore[union-attr]
    for group in app.registered_groups:
        assert f"| `{group.name} " in text

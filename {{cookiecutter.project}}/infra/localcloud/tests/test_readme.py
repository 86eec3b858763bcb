"""README.md lists what is served, no more and no less."""

from pathlib import Path

from typer.testing import CliRunner

from localcloud.cli import app

README = Path(__file__).parents[1] / "README.md"


def test_the_table_of_rpcs_is_what_is_served() -> None:
    table = CliRunner().invoke(app, ["rpcs"]).stdout.strip()
    assert "| google.cloud.aiplatform.v1.ModelService |" in table
    text = README.read_text()
    listed = text.partition("<!-- localcloud rpcs -->\n")[2].partition("\n<!-- end -->")[0]
    assert listed == table, "put the output of `localcloud rpcs` into README.md"


def test_every_command_is_in_the_readme() -> None:
    for command in app.registered_commands:
        assert f"| `{command.callback.__name__}" in README.read_text()  # type: ignore[union-attr]

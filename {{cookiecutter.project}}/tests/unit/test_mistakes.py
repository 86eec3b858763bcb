"""The command line tells a mistake in one sentence, and asks nobody when it can know better."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound, RetryError
from google.auth.exceptions import DefaultCredentialsError
from typer.testing import CliRunner

from mlops import cli
from mlops.data.extract import ExtractError, extract, fingerprint
from mlops.registry.models import RegistryError, get_version
from mlops.settings import load_features

TWICE = "Not found: Table a; reason: notFound, message: Not found: Table a\n\nLocation: US\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--rows", "0"],
        ["reap", "--keep", "-1"],
        ["reap", "--idle-days", "1e300"],
        ["autoscaling", "--load", "-1"],
        ["autoscaling", "--load", "nan"],
        ["autoscaling", "--load", "50", "--every", "inf"],
        ["autoscaling", "--load", "50", "--steps", "1000000000"],
        ["router", "serve", "--port", "0"],
        ["router", "serve", "--port", "65536"],
    ],
)
def test_a_number_out_of_its_bounds_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 2, done.output
    assert "Invalid value for" in done.output


@pytest.mark.parametrize("version", ["", " ", "a/b@c", "1.5", "Champion!", "-1"])
def test_what_is_no_version_is_not_looked_up(version: str) -> None:
    with pytest.raises(RegistryError, match="is no version: write a number or an alias"):
        get_version("taxi", version)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotFound(TWICE), "Error: 404 Not found: Table a\n"),
        (RetryError("Timeout of 600s exceeded", None), "Timeout of 600s exceeded"),
        (PermissionError(13, "Not allowed", "build/x"), "Error: build/x: Not allowed.\n"),
        (DefaultCredentialsError("No credentials."), "put `.venv/bin/localcloud run --` before"),
    ],
)
def test_what_google_or_a_file_refuses_is_told_in_one_line(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(environment: str) -> None:
        raise error

    monkeypatch.setattr(cli, "load_settings", refuse)
    monkeypatch.setattr(sys, "argv", ["mlops", "config", "show"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_a_table_that_bigquery_does_not_give_is_named_with_the_way_out(config: Path) -> None:
    class Client:
        def get_table(self, table: str) -> Any:
            raise NotFound(TWICE)

    client: Any = Client()
    features = load_features(config)
    for read in (fingerprint, lambda *given: extract(*given, "gs://b/data", 100)):
        with pytest.raises(ExtractError) as caught:
            read(client, features)
        assert features.table in str(caught.value)
        assert "404 Not found: Table a; correct table, where or sql" in str(caught.value)

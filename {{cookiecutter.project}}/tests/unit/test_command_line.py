"""The command line tells mistakes and refusals in one sentence; a bug keeps its traceback."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import PermissionDenied, RetryError
from google.auth.exceptions import DefaultCredentialsError

from mlops import cli
from mlops.errors import UserError


def fail_by(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def app() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    cli.main()


@pytest.mark.parametrize(
    "error",
    [
        UserError("a mistake"),
        PermissionDenied("a mistake"),
        RetryError("a mistake", None),
        DefaultCredentialsError("a mistake"),
    ],
)
def test_what_is_no_bug_is_told(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        fail_by(monkeypatch, error)
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert "a mistake" in told


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        fail_by(monkeypatch, KeyError("x"))

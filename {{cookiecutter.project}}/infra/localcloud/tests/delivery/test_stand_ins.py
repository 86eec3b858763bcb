"""What the programs of builders refuse here is told in one sentence."""

from pathlib import Path

import pytest

from localcloud.cloud_build.stand_ins import docker, gcloud


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path / "state"))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["push", "r/a:1"], "r/a:1 was not built here."),
        (["tag", "r/a:1", "r/b:1"], "r/a:1 was not built here."),
        (["inspect", "--format", "{{index .RepoDigests 0}}", "r/a:1"], "r/a:1 was not pushed"),
        (["build", "--file", "a/Dockerfile", "--tag", "r/a:1", "."], "Image a is not here"),
    ],
)
def test_docker_tells_what_it_cannot_do(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert docker.main(arguments) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["storage", "cp", "a", "b"], "name one of each"),
        (["storage", "cp", "none/*", "gs://b/a"], "none/* matches no file."),
        (["storage", "cp", "*", "gs://b/a"], "folder is a folder; add --recursive."),
        (["builds", "triggers", "run", "deploy"], "infra/cloud_build.yaml is missing"),
    ],
)
def test_gcloud_tells_what_it_cannot_do(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gcloud.main(arguments) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("program", [docker.main, gcloud.main])
def test_an_unknown_command_is_refused(program: object) -> None:
    with pytest.raises(SystemExit) as ended:
        program(["run", "it"])  # type: ignore[operator]
    assert ended.value.code == 2

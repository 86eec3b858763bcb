"""A push to the local repository plays the builds of its triggers, against localcloud."""

import fcntl
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.conftest import Localcloud

DIGEST = f"sha256:{'a' * 64}"
PYTHON = f"python:3.11@{DIGEST}"
DOCKER = "gcr.io/cloud-builders/docker"
GCLOUD = "gcr.io/google.com/cloudsdktool/google-cloud-cli:stable"
IMAGE = "us-docker.pkg.dev/p/mlops/toy"
LOCAL = {
    "buckets": ["${PROJECT_ID}-releases"],
    "provision": [{"image": "toy", "command": ["python", "-m", "toy.prepare"]}],
    "triggers": {
        "main": {"config": "cloudbuild.yaml", "branch": "main"},
        "deploy": {"config": "deploy.yaml", "substitutions": {"_ENVIRONMENT": "local"}},
        "partly": {
            "config": "cloudbuild.yaml",
            "branch": "partly",
            "missing": {"scan": "nothing scans here"},
        },
    },
    "builders": {
        "python": {},
        DOCKER: {"entrypoint": "docker", "stand_in": "docker"},
        GCLOUD.partition(":")[0]: {"stand_in": "gcloud"},
        "crane": {"missing": "there is no registry"},
        "wrapped": {"wrapper": ["env", "WRAPPED=yes"]},
    },
}
DOCKERFILE = """\
FROM python:3
COPY toy /app/toy
ENV PYTHONPATH=/app
"""


@dataclass(frozen=True)
class Repository:
    """A project under git, whose remote plays builds."""

    folder: Path
    localcloud: Localcloud
    said: list[str] = field(default_factory=list)  # by each push

    def write(self, name: str, content: object) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))

    def push(self, *steps: dict[str, object], branch: str = "main", **keys: object) -> str:
        """Push a build of these steps; what the build and its status say."""
        self.write("cloudbuild.yaml", build(*steps, **keys))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")
        self.said.append(self.git("push", str(self.remote), f"HEAD:refs/heads/{branch}").stderr)
        return self.said[-1]

    @property
    def remote(self) -> Path:
        return self.localcloud.home / "builds/repository.git"

    def status(self) -> subprocess.CompletedProcess[str]:
        return self.localcloud.cli("builds", "status")

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        sources = Path(__file__).parents[2] / "src"
        names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in NAMES}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **names, "PYTHONPATH": str(sources)},
            capture_output=True,
            text=True,
            check=True,
        )


NAMES = ("NAME", "EMAIL")


def build(*steps: dict[str, object], **keys: object) -> dict[str, object]:
    return {
        "steps": [{"name": PYTHON} | step for step in steps],
        "serviceAccount": "projects/${PROJECT_ID}/serviceAccounts/ci",
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
        "timeout": "60s",
    } | keys


@pytest.fixture(scope="module")
def repository(
    start_localcloud: Callable[[], Localcloud], tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """A project with one image; a push starts its localcloud."""
    localcloud = start_localcloud()
    localcloud.cli("down")  # the first push starts it, with the project's own images
    made = Repository(tmp_path_factory.mktemp("a project"), localcloud)
    done = localcloud.cli("builds", "remote", "--project", "acme-dev", "--location", "eu")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(made.remote)
    made.git("init", "--quiet", "--initial-branch=main")
    made.write("infra/cloud_build.yaml", LOCAL)
    made.write("infra/images/toy/Dockerfile", DOCKERFILE)
    made.write("toy/prepare.py", "print('prepared')")
    made.write("toy/test.py", "print('hello from the image')")
    return made


def script(text: str, **more: object) -> dict[str, object]:
    return {"id": "step", "script": text, "automapSubstitutions": True} | more


def test_a_push_releases_from_one_build_to_the_next(repository: Repository) -> None:
    """Tests run in the image, its digest goes through Cloud Storage to a build that it starts."""
    digest = "docker inspect --format '{{index .RepoDigests 0}}' $_IMAGE:$BUILD_ID > digest.txt"
    repository.write(
        "deploy.yaml",
        build(
            {"id": "fetch", "name": GCLOUD, "args": ["gcloud", "storage", "cp", "${_FROM}", "in"]},
            script('cat in/digest.txt; echo "released to $_ENVIRONMENT of $PROJECT_ID"'),
            {"id": "copy", "name": f"crane@{DIGEST}", "args": ["copy"]},
            substitutions={
                "_ENVIRONMENT": "dev",
                "_FROM": "gs://${PROJECT_ID}-releases/${COMMIT_SHA}/*",
            },
        ),
    )
    said = repository.push(
        {
            "id": "build",
            "name": DOCKER,
            "args": ["build", "--file", "infra/images/toy/Dockerfile", "--tag", TAGGED, "."],
        },
        {"id": "test", "name": TAGGED, "args": ["python", "-m", "toy.test"]},
        script(f"docker push $_IMAGE:$BUILD_ID; {digest}", id="push", name=DOCKER),
        {
            "id": "publish",
            "name": GCLOUD,
            "args": [
                "gcloud",
                "storage",
                "cp",
                "digest.txt",
                "gs://${PROJECT_ID}-releases/${COMMIT_SHA}",
            ],
        },
        {"id": "deploy", "name": GCLOUD, "args": ["gcloud", "builds", "triggers", "run", "deploy"]},
        substitutions={"_IMAGE": IMAGE},
    )
    assert "hello from the image" in said
    assert f"{IMAGE}@sha256:" in said.partition("Trigger deploy: deploy.yaml")[2]
    assert "released to local of acme-dev" in said
    status = repository.status()
    assert status.returncode == 0, said
    assert "SUCCESS of what runs here; 1 of 3 steps do not" in status.stdout
    assert "not run here: copy (there is no registry)" in status.stdout


TAGGED = "${_IMAGE}:${BUILD_ID}"


def test_a_step_is_left_out_and_another_is_given_to_a_wrapper(repository: Repository) -> None:
    show = {"id": "show", "name": f"wrapped@{DIGEST}", "args": ["sh", "-c", "echo was $$WRAPPED"]}
    said = repository.push(script("exit 3", id="scan"), show, branch="partly")
    assert "was yes" in said
    status = repository.status()
    assert status.returncode == 0
    assert "1 of 2 steps do not" in status.stdout
    assert "not run here: scan (nothing scans here)" in status.stdout


def test_only_steps_that_are_there_can_be_left_out(repository: Repository) -> None:
    said = repository.push(script("echo started"), branch="partly")
    assert "cloudbuild.yaml has no step scan." in said
    assert "started" not in said
    assert repository.status().returncode == 1


def test_what_builds_need_is_prepared_by_the_first_of_them(repository: Repository) -> None:
    for text in ("echo one", "echo another"):
        repository.push(script(text))
    assert ["prepared" in said for said in repository.said].count(True) == 1
    assert "prepared" in repository.said[0]


def test_a_step_that_fails_ends_the_build(repository: Repository) -> None:
    said = repository.push(script("exit 3"), script("echo never reached", id="after"))
    assert "it ended with code 3" in said
    assert "never reached" not in said
    status = repository.status()
    assert status.returncode == 1
    assert "FAILURE" in status.stdout


@pytest.mark.parametrize("allowed", [{"allowFailure": True}, {"allowExitCodes": [3]}])
def test_a_failure_that_is_allowed_does_not(
    allowed: dict[str, object], repository: Repository
) -> None:
    said = repository.push(script("exit 3", **allowed), script("echo goes on", id="after"))
    assert "goes on" in said
    assert repository.status().returncode == 0


def test_a_step_that_takes_too_long_is_ended(repository: Repository) -> None:
    repository.push(script("sleep 60", timeout="1s"))
    status = repository.status()
    assert status.returncode == 1
    assert "TIMEOUT" in status.stdout


def test_a_step_sees_its_substitutions_and_nothing_of_this_machine(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_OWN_SECRET", "42")
    repository.write("sub/there", "")
    said = repository.push(
        {
            "id": "a",
            "args": ["sh", "-c", "echo $$A-${_B}-$SHORT_SHA-$$MY_OWN_SECRET.; ls . /workspace/sub"],
            "env": ["A=${_C}"],
            "dir": "sub",
        },
        substitutions={"_B": "b", "_C": "c-${_B}"},
    )
    head = repository.git("rev-parse", "--short=7", "HEAD").stdout.strip()
    assert f"c-b-b-{head}-." in said
    assert said.count("there") == 2


def test_the_workspace_is_the_pushed_commit_with_what_git_ignores(repository: Repository) -> None:
    repository.write(".gitignore", "kept\n")
    repository.write("old.txt", "")
    repository.push(script("touch kept new.txt; ls"))
    (repository.folder / "old.txt").unlink()
    said = repository.push(script("ls"))
    assert "kept" in said
    assert "old.txt" not in said
    assert "new.txt" not in said


def test_a_builder_that_nothing_stands_for_ends_the_build(repository: Repository) -> None:
    said = repository.push({"id": "plan", "name": f"terraform@{DIGEST}", "args": ["plan"]})
    assert f"Step plan runs in terraform@{DIGEST}, for which infra/cloud_build.yaml names" in said
    assert repository.status().returncode == 1


def test_a_build_with_mistakes_is_not_started(repository: Repository) -> None:
    said = repository.push(script("echo started"), {"id": "b", "args": ["x"], "waitFor": ["c"]})
    assert "cloudbuild.yaml: step b waits for c, which is no step." in said
    assert "Step 1" not in said
    assert repository.status().returncode == 1


def test_two_builds_do_not_share_the_workspace(repository: Repository) -> None:
    with (repository.localcloud.home / "builds/lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = repository.push(script("echo started"))
    assert "A build is being played; push again when it has ended." in said
    assert "started" not in said


def test_other_branches_trigger_nothing(repository: Repository) -> None:
    assert "A push to idea triggers no build." in repository.push(script("true"), branch="idea")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"triggers": {}}, "infra/cloud_build.yaml: builders: Field required."),
        (LOCAL | {"builders": {"a": {"stand_in": "podman"}}}, "builders.a.stand_in: String should"),
        ("a: [", "infra/cloud_build.yaml: while parsing"),
    ],
)
def test_what_is_wrong_with_the_local_builds_is_told(
    content: object, sentence: str, repository: Repository
) -> None:
    repository.write("infra/cloud_build.yaml", content)
    said = repository.push(script("true"))
    repository.write("infra/cloud_build.yaml", LOCAL)
    assert sentence in said
    assert "Traceback" not in said
    assert repository.status().returncode == 1


def test_without_a_push_there_is_no_status(tmp_path: Path) -> None:
    localcloud = Localcloud(tmp_path / "state")
    done = localcloud.cli("builds", "status")
    assert done.returncode == 1
    assert done.stdout.startswith("no build was played; `localcloud builds remote` names")
    assert localcloud.cli("builds", "remote").returncode == 0
    assert localcloud.cli("reset", "--yes").returncode == 0
    assert not localcloud.home.exists()

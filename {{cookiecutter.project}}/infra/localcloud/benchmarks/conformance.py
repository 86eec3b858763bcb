"""How many of a folder's compiled pipelines end as they should, submitted through PipelineJob.

    git clone --depth 1 https://github.com/kubeflow/pipelines
    python benchmarks/conformance.py pipelines/test_data/sdk_compiled_pipelines/valid

Each `*.yaml` is a pipeline of its own. Its arguments are in `NAME.args.json` beside it, if there
is such a file; what it needs and is not given gets a value of its type, as in KFP's own tests. It
should succeed, or fail where it lies in a folder named `failing` or is one of those whose tasks
fail on purpose. Prints a table in Markdown.

With `--compare`, the same files run under kfp.local's SubprocessRunner too, each in a process and
an environment of its own.
"""

import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from google.cloud import aiplatform, storage
from own_localcloud import PROJECT, localcloud, wait

from localcloud.virtual_environment import creation, python_of, site_packages

_KFP_LOCAL = Path(__file__).with_name("kfp_local.py")
_SUMMARY = re.compile(r"The DAG failed because .*|\d+ of \d+ iterations failed\.")
_FAIL = {  # a task fails, and only what follows it tells what is tested
    "pipeline_as_exit_task",
    "pipeline_with_ignore_upstream_failure",
    "pipeline_with_task_final_status",
    "pipeline_with_task_using_ignore_upstream_failure",
}
# objects that KFP's pipelines import
_PUBLIC = {"ml-pipeline-playground": ["shakespeare1.txt", "shakespeare2.txt"]}
_EXAMPLES = {
    "BOOLEAN": True,
    "LIST": ["text"],
    "NUMBER_DOUBLE": 1.5,
    "NUMBER_INTEGER": 3,
    "STRING": "text",
    "STRUCT": {"key": "text"},
}
_BUCKET = "benchmark"
_WIDEST = 160  # characters of a line


@dataclass(frozen=True)
class Case:
    """One compiled pipeline: a file, and how it should end."""

    name: str
    path: Path
    expected: str

    @property
    def spec(self) -> Any:
        """The pipeline; a second document, with settings for Kubernetes, Vertex has no use for."""
        return next(yaml.safe_load_all(self.path.read_text()))

    @property
    def inputs(self) -> Any:
        """The definitions of its inputs."""
        return self.spec["root"].get("inputDefinitions", {})

    @property
    def arguments(self) -> dict[str, Any]:
        """The values of its parameters: those given, and one of the type for others it needs."""
        file = self.path.with_name(f"{self.path.stem}.args.json")
        given = json.loads(file.read_text()) if file.is_file() else {}
        needed = {
            name: _EXAMPLES.get(parameter["parameterType"])
            for name, parameter in self.inputs.get("parameters", {}).items()
            if "defaultValue" not in parameter and not parameter.get("isOptional")
        }
        return {**needed, **given}


@dataclass(frozen=True)
class Outcome:
    """How a case has ended: SUCCEEDED, FAILED, REFUSED (it was not started) or LATE."""

    state: str
    error: str = ""


Runner = Callable[[Case], Outcome]


def cases(folder: Path) -> list[Case]:
    """The pipelines of a folder and those below it, in order."""
    return [
        Case(
            name=str(path.relative_to(folder).with_suffix("")),
            path=path,
            expected="FAILED" if _should_fail(path.relative_to(folder)) else "SUCCEEDED",
        )
        for path in sorted(folder.rglob("*.yaml"))
    ]


def _should_fail(path: Path) -> bool:
    return "failing" in path.parts or path.stem.removeprefix("local_execution_") in _FAIL


def run_under_localcloud(scratch: Path, seconds: float, case: Case) -> Outcome:
    """Submit it as a job, with caching as it was compiled; a job that is late is cancelled."""
    name = re.sub(r"[^a-z0-9]+", "-", case.name.lower())
    template = scratch / f"{name}.json"
    template.write_text(json.dumps(case.spec))
    job = aiplatform.PipelineJob(
        display_name=name,
        job_id=f"run-{name}"[:120],
        template_path=str(template),
        pipeline_root=f"gs://{_BUCKET}/root",
        parameter_values=case.arguments,
        input_artifacts=_input_artifacts(case),
    )
    job.submit()
    try:
        message = wait(job, seconds)
    except TimeoutError as error:
        job.cancel()
        return Outcome("LATE", str(error))
    state = message.state.name.removeprefix("PIPELINE_STATE_")
    return Outcome(state, _reason(message.error.message))


def _input_artifacts(case: Case) -> dict[str, str]:
    """The ids of new artifacts, with a text behind each, for the ones that the pipeline needs."""
    bucket = storage.Client(PROJECT).bucket(_BUCKET)
    ids = {}
    for name, definition in case.inputs.get("artifacts", {}).items():
        if not definition.get("isOptional"):
            blob = bucket.blob(f"inputs/{case.name}/{name}")
            blob.upload_from_string("text")
            schema = definition["artifactType"]["schemaTitle"]
            artifact = aiplatform.Artifact.create(schema, uri=f"gs://{_BUCKET}/{blob.name}")
            ids[name] = artifact.name
    return ids


def run_under_kfp(scratch: Path, seconds: float, case: Case) -> Outcome:
    """Run it under kfp.local; what it installs by pip stays in an environment of its own."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    environment = folder / "environment"
    subprocess.run(creation(environment, sys.executable), check=True)
    python = python_of(environment)
    below = site_packages(Path(sys.executable))
    layer = site_packages(python) / "benchmark.pth"
    layer.write_text(f"import site; site.addsitedir({str(below)!r})\n")
    arguments = json.dumps(case.arguments)
    try:
        done = subprocess.run(
            [str(python), str(_KFP_LOCAL), str(case.path.absolute()), arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return Outcome("LATE", str(error))
    state = {0: "SUCCEEDED", 1: "FAILED"}.get(done.returncode, "REFUSED")
    return Outcome(state, "" if state == "SUCCEEDED" else done.stderr.strip().splitlines()[-1])


def fill_storage() -> None:
    """Make the buckets, with a text for each public object."""
    client = storage.Client(PROJECT)
    for name, objects in {_BUCKET: [], **_PUBLIC}.items():
        bucket = client.create_bucket(name)
        for each in objects:
            bucket.blob(each).upload_from_string("text")


def run_all(runner: Runner, found: Iterable[Case], at_once: int) -> list[Outcome]:
    """Run the cases, and tell how each has ended as it does."""

    def run(case: Case) -> Outcome:
        started = time.monotonic()
        try:
            outcome = runner(case)
        except Exception as error:  # of the file, the client or the server: the others still run
            outcome = Outcome("REFUSED", _reason(str(error)))
        mark = "ok " if outcome.state == case.expected else "BAD"
        seconds = time.monotonic() - started
        print(f"{mark} {outcome.state:9} {seconds:6.1f} s  {case.name}", file=sys.stderr)
        return outcome

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(run, found))


def report(title: str, found: list[Case], outcomes: list[Outcome]) -> str:
    """A table of the cases that did not end as they should, below the counts."""
    pairs = list(zip(found, outcomes, strict=True))
    bad = [(case, outcome) for case, outcome in pairs if outcome.state != case.expected]
    lines = [f"{title}: {len(found) - len(bad)} of {len(found)} end as they should.", ""]
    counts = Counter((case.expected, outcome.state) for case, outcome in pairs)
    lines += ["| should have | has | pipelines |", "| --- | --- | ---: |"]
    lines += [f"| {should} | {has} | {count} |" for (should, has), count in sorted(counts.items())]
    lines += ["", "| pipeline | has | error |", "| --- | --- | --- |"]
    for case, outcome in bad:
        error = outcome.error.replace("|", r"\|")
        lines.append(f"| {case.name} | {outcome.state} | {error} |")
    return "\n".join(lines) + "\n"


def _reason(error: str) -> str:
    """The first sentence of an error that tells a cause, and the last line of its log."""
    lines = [line for line in error.splitlines() if line and not _SUMMARY.fullmatch(line)]
    if not lines:
        return ""
    first = re.split(r"(?<=\.) ", lines[0])[0][:_WIDEST]
    return first if len(lines) == 1 else f"{first} … {lines[-1].strip()[:_WIDEST]}"


def main(
    folder: Annotated[Path, typer.Argument(help="Compiled pipelines, in it and below it.")],
    only: Annotated[str, typer.Option(help="Those whose name contains this.")] = "",
    seconds: Annotated[float, typer.Option(help="The time limit of each.")] = 900,
    at_once: Annotated[int, typer.Option(help="Pipelines that run at a time.", min=1)] = 4,
    compare: Annotated[bool, typer.Option(help="Run them under kfp.local, too.")] = False,
) -> None:
    """Run a folder's pipelines, and print those that do not end as they should."""
    found = [case for case in cases(folder) if only in case.name]
    if not found:
        raise typer.BadParameter(f"{folder} holds no pipeline (*.yaml).", param_hint="FOLDER")
    logging.disable(logging.WARNING)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        with localcloud(scratch):
            fill_storage()
            ours = run_all(partial(run_under_localcloud, scratch, seconds), found, at_once)
        print(report("localcloud", found, ours))
        if compare:
            theirs = run_all(partial(run_under_kfp, scratch, seconds), found, at_once)
            print(report("kfp.local", found, theirs))


if __name__ == "__main__":
    typer.run(main)

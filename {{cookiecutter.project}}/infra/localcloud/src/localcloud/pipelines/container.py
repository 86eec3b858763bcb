"""Runs the container of one task: its command, in the environment of its image."""

import json
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError

from localcloud import gcs_mount, processes
from localcloud.images import Image
from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.bindings import task_constants
from localcloud.pipelines.placeholders import Placeholders
from localcloud.pipelines.record import State, TaskRecord
from localcloud.pipelines.run import Run, TaskCancelled, TaskFailed, Values
from localcloud.pipelines.spec import Component, Container, InvalidSpec, Json, Task
from localcloud.pipelines.task_process import TaskProcess, ensure_python
from localcloud.pipelines.values import cast

_OUTPUT_FILE = "executor_output.json"


@dataclass
class ContainerTask:
    """One task that runs a container, with its inputs."""

    run: Run
    task: Task
    component: Component
    container: Container
    inputs: Values
    record: TaskRecord

    def execute(self) -> tuple[int, Values]:
        """Run the container, or take its outputs from the cache.

        Returns:
            The task's state, SUCCEEDED or SKIPPED (from the cache), and its outputs.

        Raises:
            TaskFailed: the container has failed as often as the retry policy allows.
            TaskCancelled: the job was cancelled.
        """
        try:
            image = self.run.cloud.images.resolve(self._placeholders().fill(self.container.image))
            key = self._cache_key(image) if self.task.cached else ""
            if key and (cached := self.run.cache.get(key)):
                self.record.start(self.inputs.parameters, self.inputs.artifacts)
                return State.SKIPPED, Values(*cached)
            outputs = self._execute_with_retries(image)
        except (GoogleAPICallError, InvalidSpec) as error:
            raise TaskFailed(f"{self.task.name}: {error}") from error
        if key:
            self.run.cache.put(key, outputs.parameters, outputs.artifacts)
        return State.SUCCEEDED, outputs

    def _cache_key(self, image: Image) -> str:
        scope = {
            "project": self.run.job.name.partition("/pipelineJobs/")[0],
            "pipeline": self.run.pipeline.name,
        }
        if self.task.cache_key:
            return self.run.cache.key({**scope, "key": self.task.cache_key}, {})
        work = {
            **scope,
            "image": image.digest,
            "command": [self.container.command, self.container.args, self.container.env],
            "parameters": self.inputs.parameters,
            "outputs": [
                self.component.output_parameters,
                {key: each.schema for key, each in self.component.output_artifacts.items()},
            ],
        }
        return self.run.cache.key(work, self.inputs.artifacts)

    def _execute_with_retries(self, image: Image) -> Values:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self.run.follow(self._log, ".".join(self.record.path))
        try:
            return self._attempt(image)
        finally:
            self.run.cloud.log_files.end(self._log)

    def _attempt(self, image: Image) -> Values:
        retry, wait = self.task.retry, self.task.retry.backoff
        with self._log.open("ab") as output:  # before the task takes a slot: others need not wait
            python = ensure_python(image, self.container, output)
        for attempt in range(retry.count + 1):
            if attempt and self.run.cancelled.wait(min(wait, retry.longest)):
                raise TaskCancelled
            wait *= retry.factor if attempt else 1
            with self.run.slots:
                if attempt == 0:
                    self.record.start(self.inputs.parameters, self.inputs.artifacts)
                started = time.monotonic()
                exit_code = self._execute_once(image, python)
            if exit_code == 0:
                return self._outputs()
        seconds = time.monotonic() - started
        raise TaskFailed(self._failure(exit_code, retry.count + 1, seconds))

    def _execute_once(self, image: Image, python: Path) -> int:
        shutil.rmtree(self._folder, ignore_errors=True)  # a former attempt's outputs
        self._folder.mkdir(parents=True, exist_ok=True)
        placeholders = self._placeholders()
        with tempfile.TemporaryDirectory(prefix="task-", ignore_cleanup_errors=True) as scratch:
            process = TaskProcess(
                cloud=self.run.cloud,
                image=image,
                python=python,
                container=replace(self.container, env=placeholders.fill(self.container.env)),
                variables=self.run.environment(),
                fill=placeholders.command,
                scratch=Path(scratch),
            )
            return self.run.execute(process.start, self._log)

    def _placeholders(self) -> Placeholders:
        constants = {
            **self.run.constants(),
            **task_constants(self.task.name, self.record.id),
            "outputMetadataUri": str(self._folder / _OUTPUT_FILE),
        }
        return Placeholders(constants, self._executor_input(), self.run.local_path)

    def _executor_input(self) -> Json:
        return {
            "inputs": {
                "parameterValues": self.inputs.parameters,
                "artifacts": _artifact_lists(self.inputs.artifacts),
            },
            "outputs": {
                "parameters": {
                    key: {"outputFile": str(self._folder / key)}
                    for key in self.component.output_parameters
                },
                "artifacts": _artifact_lists(self._output_artifacts),
                "outputFile": str(self._folder / _OUTPUT_FILE),
            },
        }

    @cached_property
    def _output_artifacts(self) -> dict[str, list[Artifact]]:
        name = self.run.record.metadata_name
        return {
            key: [Artifact(name("artifacts"), output.schema, f"{self._folder_uri}/{key}")]
            for key, output in self.component.output_artifacts.items()
        }

    def _outputs(self) -> Values:
        file = self._folder / _OUTPUT_FILE
        written = json.loads(file.read_text()) if file.is_file() else {}
        outputs = Values(artifacts=dict(self._output_artifacts))
        for key, values in written.get("artifacts", {}).items():
            outputs.artifacts[key] = [
                self._written_artifact(key, value) for value in values["artifacts"]
            ]
        for key, kind in self.component.output_parameters.items():
            value = written.get("parameterValues", {}).get(key)
            if value is None and (self._folder / key).is_file():
                value = (self._folder / key).read_text()
            if value is None:
                raise TaskFailed(
                    f"{self.task.name}: output parameter {key} was not written; return it, or write"
                    " it to the file whose path the component is given."
                )
            outputs.parameters[key] = self._typed(key, value, kind)
        return outputs

    def _written_artifact(self, key: str, value: Json) -> Artifact:
        artifact = Artifact(
            name=value["name"],
            schema=self.component.output_artifacts[key].schema,
            uri=value["uri"],
            metadata=value.get("metadata", {}),
            custom_path=value.get("custom_path", ""),
        )
        if artifact.custom_path and artifact.uri.startswith("gs://"):
            _copy(Path(artifact.custom_path), Path(self.run.local_path(artifact.uri)))
        return artifact

    def _typed(self, key: str, value: Json, kind: str) -> Json:
        try:
            return cast(value, kind)
        except ValueError as error:
            raise TaskFailed(
                f"{self.task.name}: output parameter {key} must be of type {kind}; {error}."
            ) from error

    def _failure(self, exit_code: int, attempts: int, seconds: float) -> str:
        ended = (
            f"was killed by signal {-exit_code}" if exit_code < 0 else f"exited with {exit_code}"
        )
        often = f", at the last of {attempts} attempts" if attempts > 1 else ""
        return gcs_mount.explain(
            f"{self.task.name} {ended} after {seconds:.1f} s{often}. Its log is {self._log}; the"
            f" last lines are:\n{processes.tail(self._log)}",
            self.run.cloud.home.storage,
        )

    @property
    def _folder_uri(self) -> str:
        return f"{self.run.folder_uri}/{self.task.name}_{self.record.id}"

    @cached_property
    def _folder(self) -> Path:
        return Path(self.run.local_path(self._folder_uri))

    @property
    def _log(self) -> Path:
        return self.run.logs / f"{'.'.join(self.record.path)}.log"


def _artifact_lists(artifacts: dict[str, list[Artifact]]) -> Json:
    return {
        key: {"artifacts": [artifact.as_runtime() for artifact in values]}
        for key, values in artifacts.items()
    }


def _copy(source: Path, target: Path) -> None:
    """Upload what a component wrote to a path of its own choice, a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copyfile(source, target)

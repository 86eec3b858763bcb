"""Artifacts between tasks: lists, choices, what is not given, and what is imported."""

import json
from pathlib import Path
from typing import NamedTuple, Optional

from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform
from kfp import dsl

from tests.pipelines.components import describe, echo, make, read
from tests.pipelines.pipeline_client import BUCKET, IMAGE, PipelineClient
from tests.vertex import refuses, unique


class Prize(dsl.Artifact):
    schema_title = "google.Prize"
    schema_version = "0.0.2"


def test_collected_artifacts_are_lists_of_components_loops_and_commands(
    pipelines: PipelineClient,
) -> None:
    @dsl.container_component
    def uris(data: dsl.Input[list[dsl.Dataset]], found: dsl.OutputPath(str)):
        return dsl.ContainerSpec(
            image=IMAGE,
            command=["sh", "-c", 'printf %s "$0" > "$1"'],
            args=[data, found],
        )

    @dsl.pipeline
    def makes(texts: list[str]) -> list[dsl.Dataset]:
        with dsl.ParallelFor(texts) as text:
            made = make(text=text)
        return dsl.Collected(made.output)

    @dsl.pipeline(name="artifact-lists")
    def lists() -> list[dsl.Dataset]:
        made = makes(texts=["a", "bb"])
        with dsl.ParallelFor(made.output) as item:
            read(data=item)
        uris(data=made.output)
        return made.output

    result = pipelines.run(lists)
    assert result.error == ""
    reads = [result.output(name) for name in sorted(result.tasks) if name.endswith(".read")]
    assert reads == ["a", "bb"]
    artifacts = result.root.outputs["Output"].artifacts
    assert [each.metadata["length"] for each in artifacts] == [1, 2]
    handed = json.loads(result.output("uris", "found"))
    assert [each["uri"] for each in handed] == [each.uri for each in artifacts]


def test_one_of_several_artifacts_and_named_outputs_of_a_pipeline(
    pipelines: PipelineClient,
) -> None:
    class Outputs(NamedTuple):
        text: str
        data: dsl.Dataset

    @dsl.pipeline
    def choose(flag: bool) -> Outputs:
        with dsl.If(flag == True):  # noqa: E712 - KFP's way
            yes = make(text="yes")
        with dsl.Else():
            no = make(text="no")
        data = dsl.OneOf(yes.output, no.output)
        return Outputs(text=read(data=data).output, data=data)

    @dsl.pipeline(name="choices")
    def choices() -> str:
        chosen = choose(flag=False)
        return echo(
            value=f"{chosen.outputs['text']} {read(data=chosen.outputs['data']).output}"
        ).output

    result = pipelines.run(choices)
    assert result.error == ""
    assert result.root.execution.metadata["output:Output"] == "no no"


def test_inputs_that_are_not_given_are_none_at_every_depth(pipelines: PipelineClient) -> None:
    @dsl.container_component
    def show(said: dsl.OutputPath(str), data: Optional[dsl.Input[dsl.Dataset]] = None):  # noqa: UP045 - KFP's way
        return dsl.ContainerSpec(
            image=IMAGE,
            command=["sh", "-c", 'printf %s "$1" > "$0"', said],
            args=[dsl.IfPresentPlaceholder(input_name="data", then=[data.uri], else_=["none"])],
        )

    @dsl.pipeline
    def inner(
        text: str = None,  # noqa: RUF013
        number: int = None,  # noqa: RUF013
        data: Optional[dsl.Input[dsl.Dataset]] = None,  # noqa: UP045
    ):
        describe(text=text, number=number, data=data)
        show(data=data)

    @dsl.pipeline(name="optional-inputs")
    def optional(number: int = None):  # noqa: RUF013
        inner(number=number)
        inner(text="given", data=make(text="four").output)

    result = pipelines.run(optional)
    assert result.error == ""
    assert result.output("inner.describe") == "None None None"
    assert result.output("inner-2.describe") == "given None 4"
    assert result.output("inner.show", "said") == "none"
    assert result.output("inner-2.show", "said") == result.uri("make", "Output")


def test_an_importer_takes_what_was_imported_before_unless_told_otherwise(
    pipelines: PipelineClient,
) -> None:
    uri, metadata = f"gs://{BUCKET}/{unique()}", {"nested": {"list": [1, "two"]}}

    @dsl.pipeline(name="reimports")
    def reimports(name: str):
        text = echo(value=name).output
        options = {"artifact_uri": uri, "artifact_class": Prize}
        options["metadata"] = {"name": text, **metadata}
        found = dsl.importer(**options, reimport=False)
        dsl.importer(**options, reimport=True).after(found)

    first, second, other = (pipelines.run(reimports, {"name": name}) for name in ("a", "a", "b"))

    def imported(result, task="importer"):
        return result.tasks[task].outputs["artifact"].artifacts[0]

    assert imported(first).schema_title == "google.Prize"
    assert imported(first).metadata["name"] == "a"
    assert imported(first).metadata["nested"]["list"] == [1, "two"]
    same = {imported(first).name, imported(first, "importer-2").name}
    assert imported(second).name in same
    assert imported(second, "importer-2").name not in same
    assert imported(other).name not in same


def test_a_pipeline_takes_artifacts_of_the_metadata_store(
    pipelines: PipelineClient, tmp_path: Path
) -> None:
    @dsl.pipeline(name="given-artifacts")
    def given(data: dsl.Input[dsl.Dataset], other: Optional[dsl.Input[dsl.Dataset]] = None) -> str:  # noqa: UP045
        describe(data=other)
        return describe(data=data).output

    file = pipelines.path(f"gs://{BUCKET}/{unique()}")
    file.write_text("12345")
    artifact = aiplatform.Artifact.create(
        schema_title="system.Dataset", uri=f"gs://{BUCKET}/{file.name}", metadata={"length": 5}
    )
    result = pipelines.run(given, input_artifacts={"data": artifact.name})
    assert result.error == ""
    assert result.root.execution.metadata["output:Output"] == "None None 5"
    assert result.root.inputs["data"].artifacts[0].name == artifact.resource_name
    for artifacts, message in (
        ({}, "input artifact data is required"),
        ({"data": "no-such"}, "there is no artifact .*/artifacts/no-such"),
        ({"data": artifact.name, "more": artifact.name}, "has no input artifact more"),
    ):
        with refuses(InvalidArgument, message):
            pipelines.submit(given, input_artifacts=artifacts)


def test_a_file_can_be_embedded_in_a_component(pipelines: PipelineClient, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("embedded")

    @dsl.component(
        base_image=IMAGE,
        install_kfp_package=False,
        embedded_artifact_path=str(tmp_path / "words.txt"),
    )
    def words(file: dsl.EmbeddedInput[dsl.Dataset]) -> str:
        with open(file.path) as opened:
            return opened.read()

    @dsl.pipeline(name="embedding")
    def embedding():
        words()

    result = pipelines.run(embedding)
    assert (result.error, result.output("words")) == ("", "embedded")


def test_an_artifact_at_a_path_of_its_own_reaches_its_consumer(
    pipelines: PipelineClient, tmp_path: Path
) -> None:
    @dsl.component(base_image=IMAGE)
    def write(file: str, folder: str, data: dsl.Output[dsl.Dataset], model: dsl.Output[dsl.Model]):
        from pathlib import Path

        data.set_path(file)
        Path(data.path).write_text("row")
        model.set_path(folder)
        Path(model.path).mkdir()
        Path(model.path, "weights").write_text("1")

    @dsl.component(base_image=IMAGE)
    def read(data: dsl.Input[dsl.Dataset], model: dsl.Input[dsl.Model]) -> str:
        from pathlib import Path

        return Path(data.path).read_text() + Path(model.path, "weights").read_text()

    @dsl.pipeline(name="custom-paths")
    def custom(file: str, folder: str) -> str:
        task = write(file=file, folder=folder)
        return read(data=task.outputs["data"], model=task.outputs["model"]).output

    paths = {name: str(tmp_path / name) for name in ("file", "folder")}
    result = pipelines.run(custom, paths)
    assert result.state == "SUCCEEDED", result.error
    assert result.root.execution.metadata["output:Output"] == "row1"

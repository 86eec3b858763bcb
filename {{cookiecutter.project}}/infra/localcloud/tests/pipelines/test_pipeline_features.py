"""What else KFP's compiler and PipelineJob can express."""

import ast
import json
from pathlib import Path

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform, storage
from kfp import compiler, dsl

from tests.pipelines.components import component, double, echo
from tests.pipelines.pipeline_client import BUCKET, IMAGE, PipelineClient
from tests.vertex import PARENT, PROJECT, refuses, unique


@component
def total(lists: list[list[int]]) -> int:
    return sum(map(sum, lists))


def test_outputs_of_nested_loops_with_conditions_are_collected(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="nested-loops")
    def nested() -> int:
        loop = dsl.ParallelFor([1, 2, 3])
        with loop as outer, dsl.If(outer >= 2), dsl.ParallelFor([10, 20], parallelism=1):
            doubled = double(number=outer)
        return total(lists=dsl.Collected(doubled.output)).output

    result = pipelines.run(nested)
    assert result.error == ""
    assert result.root.execution.metadata["output:Output"] == 2 * (4 + 6)


def test_placeholders_stand_for_the_job_and_the_task_in_every_position(
    pipelines: PipelineClient,
) -> None:
    here = (
        f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER} {dsl.PIPELINE_JOB_ID_PLACEHOLDER}"
        f" {dsl.PIPELINE_TASK_NAME_PLACEHOLDER} {dsl.PIPELINE_TASK_ID_PLACEHOLDER}"
    )

    root, name = dsl.PIPELINE_ROOT_PLACEHOLDER, dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER

    @dsl.container_component
    def shell(image: str, said: dsl.OutputPath(str)):
        return dsl.ContainerSpec(
            image=f"us-docker.pkg.dev/p/r/{image}",
            command=["sh", "-c", 'printf "%s|$HERE" "$1" > "$0"', said],
            args=[f"{here} {root} {name}"],
        )

    @dsl.pipeline(name="placeholders")
    def placeholders(image: str):
        echo(value=here)
        shell(image=image).set_env_variable("HERE", here)
        dsl.importer(
            artifact_uri=f"gs://{BUCKET}/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}",
            artifact_class=dsl.Dataset,
            metadata={dsl.PIPELINE_TASK_NAME_PLACEHOLDER: [dsl.PIPELINE_TASK_ID_PLACEHOLDER]},
        )

    result = pipelines.run(placeholders, {"image": "steps"}, enable_caching=False)
    assert result.error == ""
    job_name = result.message.name
    job_id = job_name.rpartition("/")[2]

    def expected(task: str) -> str:
        return f"{job_id} {job_id} {task} {result.tasks[task].task_id}"

    assert result.output("echo") == expected("echo")
    shown = expected("shell")
    assert result.output("shell", "said") == f"{shown} {pipelines.root} {job_name}|{shown}"
    imported = result.tasks["importer"].outputs["artifact"].artifacts[0]
    assert imported.uri == f"gs://{BUCKET}/{job_id}"
    assert imported.metadata["importer"] == [str(result.tasks["importer"].task_id)]


def test_defaults_and_structures_hold_placeholders_too(pipelines: PipelineClient) -> None:
    @component
    def show(
        structure: dict,
        location: str = "{{$.pipeline_google_cloud_location}}",
        account: str = "{{$.pipeline_service_account}}",
        resource: str = "{{$.pipeline_persistent_resource_id}}",
    ) -> str:
        return f"{structure} {location} {account!r} {resource!r}"

    @dsl.container_component
    def quote(text: str, said: dsl.OutputPath(str)):
        escaped = str(text).replace("}}", ".json_escape[1]}}")
        return dsl.ContainerSpec(
            image=IMAGE,
            command=["sh", "-c", 'printf %s "$0" > "$1"'],
            args=[f'{{"text": "{escaped}"}}', said],
        )

    @dsl.pipeline(name="defaults")
    def defaults(text: str):
        number = double(number=1).output
        show(structure={"number": number, "text": f"{number} {text}", "list": [number, True]})
        quote(text=text)

    result = pipelines.run(defaults, {"text": 'a "quote"'})
    assert result.error == ""
    structure = {"number": 2, "text": '2 a "quote"', "list": [2, True]}
    shown, _, rest = result.output("show").partition("}")
    assert ast.literal_eval(shown + "}") == structure
    assert rest == " us-central1 '' ''"
    assert json.loads(result.output("quote", "said")) == {"text": 'a "quote"'}


def test_machines_and_accelerators_can_come_from_other_tasks(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="machines")
    def machines(memory: str = "15G"):
        task = double(number=1).set_memory_limit(memory).set_display_name("shown")
        task.set_cpu_limit(echo(value="4000m").output)
        task.set_accelerator_type("NVIDIA_TESLA_T4").set_accelerator_limit("1")

    result = pipelines.run(machines)
    assert (result.error, result.output("double")) == ("", 2)


def test_a_cache_key_says_what_counts_as_the_same_work(pipelines: PipelineClient) -> None:
    key = unique()

    @dsl.pipeline(name="keyed")
    def keyed(value: str):
        echo(value=value).set_caching_options(True, cache_key=key)

    first, second = (pipelines.run(keyed, {"value": value}) for value in ("a", "b"))
    assert first.states() == {"echo": "SUCCEEDED"}
    assert second.states() == {"echo": "SKIPPED"}
    assert second.output("echo") == "a"


def test_an_output_parameter_that_is_not_written_fails_the_task(pipelines: PipelineClient) -> None:
    @dsl.container_component
    def silent(said: dsl.OutputPath(str)):
        return dsl.ContainerSpec(image=IMAGE, command=["true"], args=[said])

    @dsl.pipeline(name="silence")
    def silence():
        silent()

    result = pipelines.run(silence)
    assert result.state == "FAILED"
    assert "silent: output parameter said was not written" in result.error


def test_a_pipeline_as_exit_task_knows_how_the_others_ended(pipelines: PipelineClient) -> None:
    @component
    def state_of(status: dict) -> str:
        return f"{status['state']} {status['pipelineTaskName']} {'code' in status['error']}"

    @component
    def fail():
        raise SystemExit(3)

    @dsl.pipeline
    def notify(user: str, status: dsl.PipelineTaskFinalStatus):
        state = state_of(status=status)
        with dsl.If(state.output != ""):
            echo(value=f"{user}: {state.output}")

    @dsl.pipeline(name="notifying")
    def notifying():
        with dsl.ExitHandler(notify(user="me"), name="all"):
            fail()

    result = pipelines.run(notifying)
    assert result.state == "FAILED"
    assert result.output("notify.condition-1.echo") == "me: FAILED exit-handler-1 True"


def test_plain_images_run_the_commands_of_this_machine(pipelines: PipelineClient) -> None:
    @dsl.container_component
    def say(image: str, command: str, said: dsl.OutputPath(str)):
        return dsl.ContainerSpec(
            image=f"{image}", command=["sh", "-c", '$0 > "$1"', command, said], args=[]
        )

    @dsl.container_component
    def missing():
        return dsl.ContainerSpec(image="alpine", command=["no-such-command"])

    @dsl.pipeline(name="plain-images")
    def plain():
        say(image="alpine:3", command="echo shell")
        say(image="python:3.11", command="python -c print(6*7)")
        say(image="docker.io/any/jq:1.7", command="echo jq")
        missing()

    result = pipelines.run(plain)
    said = [result.output(name, "said") for name in ("say", "say-2", "say-3")]
    assert said == ["shell\n", "42\n", "jq\n"]
    assert result.state == "FAILED"
    assert "no-such-command cannot be started" in result.error


def test_the_shell_of_alpine_knows_what_that_of_busybox_knows(pipelines: PipelineClient) -> None:
    script = """set -e -o pipefail; [ "$1" == "val2" ]; [[ "$1" == val* ]]; echo same > "$0" """

    @dsl.container_component
    def compare(image: str, said: dsl.OutputPath(str)):
        return dsl.ContainerSpec(image=f"{image}", command=["sh", "-c", script, said, "val2"])

    @dsl.pipeline(name="busybox-shells")
    def shells():
        compare(image="alpine")
        compare(image="busybox:1.36")

    result = pipelines.run(shells)
    assert result.state == "SUCCEEDED", result.error
    assert [result.output(name, "said") for name in ("compare", "compare-2")] == ["same\n"] * 2


def test_a_template_can_lie_in_cloud_storage(pipelines: PipelineClient, tmp_path: Path) -> None:
    @dsl.pipeline(name="stored")
    def stored(value: str) -> str:
        return echo(value=value).output

    compiler.Compiler().compile(stored, str(tmp_path / "stored.yaml"))
    blob = storage.Client(project=PROJECT).bucket(BUCKET).blob(f"{unique()}/stored.yaml")
    blob.upload_from_filename(str(tmp_path / "stored.yaml"))
    job = aiplatform.PipelineJob(
        display_name="stored",
        template_path=f"gs://{BUCKET}/{blob.name}",
        pipeline_root=pipelines.root,
        parameter_values={"value": "there"},
    )
    job.submit()
    result = pipelines.wait(job)
    assert result.root.execution.metadata["output:Output"] == "there"


def test_a_literal_parameter_takes_only_its_values(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="literal")
    def literal(value: str):
        echo(value=value)

    spec = pipelines.spec(literal)
    spec["root"]["inputDefinitions"]["parameters"]["value"]["literals"] = ["a", "b"]
    assert pipelines.run(spec, {"value": "b"}).state == "SUCCEEDED"
    with refuses(InvalidArgument, "value must be one of a, b"):
        pipelines.submit(spec, {"value": "c"})


def test_what_is_said_of_a_job_is_kept_and_found(pipelines: PipelineClient) -> None:
    run = unique()

    @dsl.pipeline(name=f"kept-{run}")
    def kept():
        echo(value="a")

    spec = pipelines.spec(kept)
    job = pipelines.prepare(spec, labels={"run": run})
    job.submit(
        service_account="runner@example.iam.gserviceaccount.com",
        network="projects/1/global/networks/n",
        reserved_ip_ranges=["range"],
        enable_preflight_validations=True,
    )
    message = pipelines.wait(job).message
    assert message.service_account == "runner@example.iam.gserviceaccount.com"
    assert message.network == "projects/1/global/networks/n"
    assert message.reserved_ip_ranges == ["range"]
    assert message.preflight_validations
    assert message.labels["run"] == run
    for term in (f'pipeline_name="kept-{run}"', f"labels.run={run}", f'display_name:"kept-{run}"'):
        found = aiplatform.PipelineJob.list(filter=f'{term} AND create_time>"2024-01-01T00:00:00Z"')
        assert [each.resource_name for each in found] == [job.resource_name]
    mask = ["name", "pipeline_spec.pipeline_info", "job_detail.pipeline_run_context"]
    (shown,) = pipelines.service().list_pipeline_jobs(
        request={"parent": PARENT, "filter": f"labels.run={run}", "read_mask": {"paths": mask}}
    )
    assert (shown.name, shown.display_name) == (job.resource_name, "")
    assert dict(shown.pipeline_spec) == {"pipelineInfo": {"name": f"kept-{run}"}}
    assert shown.job_detail.pipeline_run_context.name.endswith(f"/contexts/{job.name}")
    assert not shown.job_detail.task_details


@pytest.mark.parametrize("method", ["batch_cancel_pipeline_jobs", "batch_delete_pipeline_jobs"])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "names is required"),
        ([f"{PARENT}/pipelineJobs/j"] * 33, "names has 33 entries; .* at most 32"),
        (["projects/p/locations/us-east1/pipelineJobs/j"], "not a pipeline job of the parent"),
    ],
)
def test_batches_are_checked(
    pipelines: PipelineClient, method: str, names: list[str], message: str
) -> None:
    with refuses(InvalidArgument, message):
        getattr(pipelines.service(), method)(parent=PARENT, names=names)

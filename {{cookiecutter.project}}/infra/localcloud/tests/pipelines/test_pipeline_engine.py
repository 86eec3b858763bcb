import json
import time
from typing import NamedTuple

from kfp import dsl

from localcloud.resource_manager.projects import project_number
from tests.pipelines.pipeline_client import IMAGE, PipelineClient, State
from tests.vertex import PROJECT

component = dsl.component(base_image=IMAGE, install_kfp_package=False)


@component
def add(a: int, b: int = 1) -> int:
    return a + b


@component
def describe(text: str, number: float, flag: bool, items: list, table: dict) -> NamedTuple(
    "Outputs", [("types", str), ("items", list), ("table", dict), ("flag", bool)]
):
    types = [type(value).__name__ for value in (text, number, flag, items[0], table["n"])]
    return ",".join(types), items, table, flag


@component
def write(text: str, data: dsl.Output[dsl.Dataset], metrics: dsl.Output[dsl.Metrics]):
    from pathlib import Path

    Path(data.path).write_text(text)
    data.metadata["length"] = len(text)
    metrics.log_metric("accuracy", 0.75)


@component
def read(data: dsl.Input[dsl.Dataset]) -> str:
    from pathlib import Path

    return f"{Path(data.path).read_text()} of {int(data.metadata['length'])}"


@component
def read_all(data: dsl.Input[list[dsl.Dataset]]) -> str:
    from pathlib import Path

    return "".join(Path(each.path).read_text() for each in data)


@component
def total(values: list[int]) -> int:
    return sum(values)


@component
def environment(name: str) -> str:
    import os

    return os.environ.get(name, "")


@component
def where() -> NamedTuple("Outputs", [("folder", str), ("python", str), ("group", bool)]):
    import os
    import sys

    return os.getcwd(), sys.executable, os.getpgrp() == os.getpid()


@component
def fail(message: str) -> int:
    raise RuntimeError(message)


@component
def fail_until(path: str, attempts: int) -> int:
    from pathlib import Path

    file = Path(path)
    done = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(done))
    if done < attempts:
        raise RuntimeError(f"attempt {done}")
    return done


@component
def report(status: dsl.PipelineTaskFinalStatus) -> str:
    return f"{status.pipeline_task_name} {status.state}: {status.error_message}"


@component
def span(seconds: float) -> NamedTuple("Outputs", [("start", float), ("end", float)]):
    import time

    start = time.time()
    time.sleep(seconds)
    return start, time.time()


@dsl.container_component
def shell(
    text: str,
    made: dsl.Output[dsl.Artifact],
    said: dsl.OutputPath(str),
    extra: str = None,  # noqa: RUF013 - KFP does not know str | None
):
    return dsl.ContainerSpec(
        image=IMAGE,
        command=["sh", "-c", 'echo "$@" > $0; printf "said $1" > ' + str(said), made.path],
        args=[
            dsl.ConcatPlaceholder(["<", text, ">"]),
            dsl.IfPresentPlaceholder(
                input_name="extra", then=["--extra", extra], else_=["--nothing"]
            ),
            made.uri,
        ],
    )


def test_a_chain_hands_on_parameters(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="chain")
    def chain(start: int = 1) -> int:
        first = add(a=start)
        second = add(a=first.output, b=10)
        return second.output

    result = pipelines.run(chain, {"start": 5})
    assert (result.state, result.error) == ("SUCCEEDED", "")
    assert result.states() == {"add": "SUCCEEDED", "add-2": "SUCCEEDED"}
    assert result.output("add-2") == 16
    assert result.root.execution.metadata["output:Output"] == 16
    assert result.root.task_name == "chain"
    assert result.tasks["add"].parent_task_id == result.root.task_id
    task = result.tasks["add"]
    assert task.create_time <= task.start_time <= task.end_time <= result.message.end_time
    assert [each.state for each in task.pipeline_task_status] == [
        State.PENDING,
        State.RUNNING,
        State.SUCCEEDED,
    ]


def test_values_keep_their_types(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="types")
    def types(items: list = [1], table: dict = {"n": 2.0}):  # noqa: B006 - KFP's way
        first = describe(text="1", number=2.0, flag=True, items=items, table=table)
        describe(
            text=f"{first.outputs['types']} in {dsl.PIPELINE_JOB_NAME_PLACEHOLDER}",
            number=1.5,
            flag=first.outputs["flag"],
            items=first.outputs["items"],
            table=first.outputs["table"],
        )

    result = pipelines.run(types, {"items": [3]}, job_id="types-job")
    assert result.output("describe", "types") == "str,float,bool,int,int"
    assert result.output("describe-2", "items") == [3]
    assert result.output("describe-2", "table") == {"n": 2}
    assert result.output("describe-2", "flag") is True
    text = result.tasks["describe-2"].execution.metadata["input:text"]
    assert text == "str,float,bool,int,int in types-job"


def test_artifacts_lie_in_storage_with_their_metadata(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="artifacts")
    def artifacts():
        read(data=write(text="hello").outputs["data"])

    result = pipelines.run(artifacts, job_id="artifacts-job")
    assert result.output("read") == "hello of 5"
    uri = result.uri("write", "data")
    folder = f"{project_number(PROJECT)}/artifacts-job/write_{result.tasks['write'].task_id}"
    assert uri == f"{pipelines.root}/{folder}/data"
    assert pipelines.path(uri).read_text() == "hello"
    metrics = result.tasks["write"].outputs["metrics"].artifacts[0]
    assert (metrics.schema_title, metrics.metadata["accuracy"]) == ("system.Metrics", 0.75)
    assert result.tasks["read"].inputs["data"].artifacts[0].uri == uri


def test_a_step_gets_the_variables_of_its_image_its_task_and_vertex(
    pipelines: PipelineClient,
) -> None:
    @dsl.pipeline(name="variables")
    def variables():
        environment(name="STEPS_IMAGE")
        environment(name="OWN").set_env_variable("OWN", "task's")
        environment(name="CLOUD_ML_REGION")
        environment(name="HTTPS_PROXY")
        where()

    result = pipelines.run(variables)
    values = [result.output(f"environment{suffix}") for suffix in ("", "-2", "-3", "-4")]
    assert values[:3] == ["yes", "task's", "us-central1"]
    assert values[3].startswith("http://127.0.0.1:")
    assert result.output("where", "folder") not in ("", str(pipelines.storage))
    assert result.output("where", "group") is True


def test_a_container_component_runs_its_own_command(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="containers")
    def containers():
        first = shell(text="a b")
        shell(text=first.outputs["said"], extra="x")

    result = pipelines.run(containers)
    made = [result.uri(name, "made") for name in ("shell", "shell-2")]
    assert pipelines.path(made[0]).read_text() == f"<a b> --nothing {made[0]}\n"
    assert result.output("shell", "said") == "said <a b>"
    assert pipelines.path(made[1]).read_text() == f"<said <a b>> --extra x {made[1]}\n"


@dsl.pipeline(name="branches")
def branches(value: int) -> int:
    with dsl.If(value > 10):
        high = add(a=100)
    with dsl.Elif(value > 5):
        middle = add(a=50)
    with dsl.Else():
        low = add(a=0)
    chosen = dsl.OneOf(high.output, middle.output, low.output)
    return add(a=chosen, b=1000).output


def test_each_branch_is_taken_by_its_condition(pipelines: PipelineClient) -> None:
    for value, output, taken in ((11, 1101, 0), (6, 1051, 1), (5, 1001, 2)):
        result = pipelines.run(branches, {"value": value})
        assert result.root.execution.metadata["output:Output"] == output
        states = [result.states()[f"condition-branches-1.condition-{n}"] for n in (2, 3, 4)]
        assert states == ["SUCCEEDED" if n == taken else "NOT_TRIGGERED" for n in range(3)]
        assert result.states()["add-4"] == "SUCCEEDED"


def test_loops_run_each_item_and_collect_in_order(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="loops")
    def loops(rows: list = [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}, {"n": 3, "t": "c"}]) -> int:  # noqa: B006
        with dsl.ParallelFor(rows, parallelism=2) as row:
            number = add(a=row.n)
            text = write(text=row.t)
        read_all(data=dsl.Collected(text.outputs["data"]))
        with dsl.ParallelFor([10, 20]) as outer, dsl.ParallelFor([1, 2]) as inner:
            add(a=outer, b=inner)
        return total(values=dsl.Collected(number.output)).output

    result = pipelines.run(loops)
    assert result.error == ""
    assert result.root.execution.metadata["output:Output"] == 2 + 3 + 4
    assert result.output("read-all") == "abc"
    nested = [name for name in result.tasks if name.endswith("add-2")]
    assert sorted(result.output(name) for name in nested) == [11, 12, 21, 22]


def test_a_pipeline_is_a_component_of_another(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="inner")
    def inner(a: int) -> int:
        return add(a=add(a=a).output).output

    @dsl.pipeline(name="outer")
    def outer() -> int:
        return inner(a=inner(a=1).output).output

    result = pipelines.run(outer)
    assert result.root.execution.metadata["output:Output"] == 5
    assert result.tasks["inner-2.add-2"].parent_task_id == result.tasks["inner-2"].task_id


def test_an_importer_makes_an_artifact_of_what_is_there(pipelines: PipelineClient) -> None:
    (pipelines.storage / "pipelines-bucket" / "given.txt").write_text("given")

    @dsl.pipeline(name="imports")
    def imports(uri: str, length: int):
        given = dsl.importer(
            artifact_uri=uri, artifact_class=dsl.Dataset, metadata={"length": length}
        )
        read(data=given.output)

    result = pipelines.run(imports, {"uri": "gs://pipelines-bucket/given.txt", "length": 5})
    assert result.output("read") == "given of 5"


def test_a_failure_tells_its_reason_and_stops_what_depends_on_it(
    pipelines: PipelineClient,
) -> None:
    @dsl.pipeline(name="failing")
    def failing():
        bad = fail(message="no such luck")
        add(a=add(a=bad.output).output)
        add(a=1)

    result = pipelines.run(failing, job_id="failing-job")
    assert result.state == "FAILED"
    assert result.states() == {
        "fail": "FAILED",
        "add": "NOT_TRIGGERED",
        "add-2": "NOT_TRIGGERED",
        "add-3": "SUCCEEDED",
    }
    log = pipelines.storage.parent / "logs" / "pipelines" / "failing-job" / "fail.log"
    for message in (result.tasks["fail"].error.message, result.error):
        assert "fail exited with 1" in message
        assert "RuntimeError: no such luck" in message
        assert str(log) in message
    assert "The failed tasks are: [fail]" in result.error
    assert "Traceback" in log.read_text()


def test_fail_fast_starts_nothing_after_a_failure(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="fast")
    def fast():
        fail(message="at once")
        add(a=1).after(span(seconds=1.0))

    slow = pipelines.wait(pipelines.submit(fast, failure_policy="slow"))
    assert (slow.state, slow.states()["add"]) == ("FAILED", "SUCCEEDED")
    quick = pipelines.wait(pipelines.submit(fast, failure_policy="fast", enable_caching=False))
    assert (quick.state, quick.states()["add"]) == ("FAILED", "NOT_TRIGGERED")


def test_an_exit_handler_runs_last_and_learns_how_it_went(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="exits")
    def exits(message: str):
        with dsl.ExitHandler(report(), name="guarded"):
            with dsl.If(message != ""):
                fail(message=message)
            add(a=1)

    good = pipelines.run(exits, {"message": ""})
    assert (good.state, good.output("report")) == ("SUCCEEDED", "exit-handler-1 SUCCEEDED: None")
    bad = pipelines.run(exits, {"message": "kaput"})
    assert (bad.state, bad.states()["report"]) == ("FAILED", "SUCCEEDED")
    assert bad.output("report").startswith("exit-handler-1 FAILED: ")
    assert "RuntimeError: kaput" in bad.output("report")


def test_a_task_can_ignore_that_its_upstream_failed(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="ignoring")
    def ignoring():
        add(a=1, b=fail(message="never mind").output).ignore_upstream_failure()

    result = pipelines.run(ignoring)
    assert result.states() == {"fail": "FAILED", "add": "SUCCEEDED"}
    assert result.output("add") == 2


def test_a_retry_policy_starts_a_failed_task_again(
    pipelines: PipelineClient, tmp_path_factory
) -> None:
    folder = tmp_path_factory.mktemp("attempts")

    @dsl.pipeline(name="retries")
    def retries(path: str, attempts: int):
        task = fail_until(path=path, attempts=attempts)
        task.set_retry(num_retries=2, backoff_duration="0s")

    good = pipelines.run(retries, {"path": str(folder / "good"), "attempts": 3})
    assert good.output("fail-until") == 3
    bad = pipelines.run(retries, {"path": str(folder / "bad"), "attempts": 4})
    assert bad.state == "FAILED"
    assert "at the last of 3 attempts" in bad.error


def test_independent_tasks_run_at_the_same_time(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="parallel")
    def parallel():
        span(seconds=0.7)
        span(seconds=0.7)

    result = pipelines.run(parallel, enable_caching=False)
    starts = [result.output(name, "start") for name in ("span", "span-2")]
    ends = [result.output(name, "end") for name in ("span", "span-2")]
    assert max(starts) < min(ends)


def test_a_large_input_reaches_a_step(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="large")
    def large(values: list):
        total(values=values)

    result = pipelines.run(large, {"values": [1] * 100_000})
    assert result.output("total") == 100_000


def test_cancelling_ends_the_running_step(pipelines: PipelineClient) -> None:
    @dsl.pipeline(name="endless")
    def endless():
        add(a=1).after(span(seconds=600.0))

    job = pipelines.submit(endless)
    pipelines.wait_until(job, lambda each: each.states().get("span") == "RUNNING")
    start = time.monotonic()
    job.cancel()
    result = pipelines.wait(job)
    assert time.monotonic() - start < 15
    assert result.state == "CANCELLED"
    assert result.states() == {"span": "CANCELLED", "add": "CANCELLED"}


def test_a_pipeline_that_needs_an_unknown_image_says_how_to_give_it(
    pipelines: PipelineClient,
) -> None:
    @dsl.pipeline(name="imageless")
    def imageless():
        add(a=1)

    spec = json.loads(json.dumps(pipelines.spec(imageless)).replace(IMAGE, "gcr.io/x/nothing:2"))
    result = pipelines.run(spec)
    assert result.state == "FAILED"
    assert "gcr.io/x/nothing:2" in result.error

"""What a pipeline task costs here and under `kfp.local`, from the same compiled files.

    python benchmarks/task_overhead.py [--tasks 20] [--repeat 3]

Compiles a chain and a fan of trivial tasks, runs each with kfp.local's SubprocessRunner and,
submitted through PipelineJob with caching off, on a localcloud of its own. Prints the best wall
time of each, from the job's creation to its end, in milliseconds a task.
"""

import contextlib
import io
import logging
import tempfile
import time
from pathlib import Path

import typer
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import PipelineState
from kfp import compiler, components, dsl, local
from own_localcloud import localcloud, wait


@dsl.component(base_image="python:3", install_kfp_package=False)
def add_one(number: int) -> int:
    """The trivial task."""
    return number + 1


def compile_pipelines(folder: Path, tasks: int) -> dict[str, Path]:
    """The compiled chain and fan, by shape."""

    @dsl.pipeline(name="chain")
    def chain() -> None:
        number = add_one(number=0)
        for _ in range(tasks - 1):
            number = add_one(number=number.output)

    @dsl.pipeline(name="fan")
    def fan() -> None:
        for index in range(tasks):
            add_one(number=index)

    paths = {}
    for shape, pipeline in (("chain", chain), ("fan", fan)):
        paths[shape] = folder / f"{shape}.yaml"
        compiler.Compiler().compile(pipeline, str(paths[shape]))
    return paths


def run_under_kfp(path: Path, folder: Path) -> float:
    """Seconds that kfp.local takes."""
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "kfp"))
    pipeline = components.load_component_from_file(str(path))
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.perf_counter()
        pipeline()
        return time.perf_counter() - started


def run_under_localcloud(path: Path) -> float:
    """Seconds from the job's creation to its end, by its own times.

    Raises:
        RuntimeError: the job has failed.
    """
    job = aiplatform.PipelineJob(
        display_name=path.stem,
        job_id=f"{path.stem}-{time.time_ns()}",
        template_path=str(path),
        pipeline_root="gs://benchmark/root",
        enable_caching=False,
    )
    job.submit()
    message = wait(job)
    if message.state != PipelineState.PIPELINE_STATE_SUCCEEDED:
        raise RuntimeError(message.error.message)
    return float((message.end_time - message.create_time).total_seconds())


def main(tasks: int = 20, repeat: int = 3) -> None:
    """Print milliseconds a task, and how many times cheaper localcloud's are."""
    logging.disable(logging.INFO)

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = compile_pipelines(folder, tasks)
        with localcloud(folder):
            print(f"{'':8}{'kfp.local':>14}{'localcloud':>14}{'ratio':>8}")
            for shape, path in paths.items():
                # In turns, so that what else the machine does weighs on both.
                times = [
                    (run_under_kfp(path, folder), run_under_localcloud(path)) for _ in range(repeat)
                ]
                kfp, ours = (min(each) / tasks * 1000 for each in zip(*times, strict=True))
                print(f"{shape:8}{kfp:11.1f} ms{ours:11.1f} ms{kfp / ours:7.1f}x")


if __name__ == "__main__":
    typer.run(main)

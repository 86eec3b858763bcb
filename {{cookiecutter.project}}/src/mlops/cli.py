"""The command `mlops`, that Makefile, Cloud Build and people share."""

from __future__ import annotations

import atexit
import gc
import json
import shlex
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from mlops import (
    delivery_commands,
    monitor_commands,
    operations,
    privacy_commands,
    routing_commands,
)
from mlops.delivery_commands import ReleaseOption
from mlops.errors import UserError, summarize
from mlops.options import Environment, EnvironmentOption
from mlops.release_cli import release
from mlops.session import connect as _connect
from mlops.settings import CONFIG, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.cloud import bigquery

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
pipelines = typer.Typer(no_args_is_help=True, help="Compile and run the pipelines.")
training = typer.Typer(no_args_is_help=True, help="Train, by pipelines or one command.")
data = typer.Typer(no_args_is_help=True, help="What data is declared or imported.")
config = typer.Typer(no_args_is_help=True, help="The settings of an environment.")
app.add_typer(pipelines, name="pipelines")
pipelines.add_typer(delivery_commands.app)
app.add_typer(training, name="training")
app.add_typer(data, name="data")
app.add_typer(release, name="release")
app.add_typer(monitor_commands.app, name="monitor")
app.add_typer(privacy_commands.app, name="privacy")
app.add_typer(config, name="config")
app.add_typer(operations.app)
app.add_typer(routing_commands.app)

PATCH = Path("build/features.patch")


@pipelines.command("compile")
def compile_(
    environment: EnvironmentOption = Environment.LOCAL, release: ReleaseOption = None
) -> None:
    """Compile all pipelines to build/pipelines, or into a release."""
    from mlops.pipelines.compiler import BUILD, PIPELINES, compile_pipeline
    from mlops.pipelines.releases import open_release

    settings, output = load_settings(environment), BUILD
    if release is not None:
        made = open_release(release)
        settings, output = made.pin(settings), made.pipelines(environment)
    _write(str(compile_pipeline(name, settings.images, output)) for name in PIPELINES)


@pipelines.command()
def run(
    name: Annotated[str, typer.Argument(help="training, automl, batch-prediction or schema.")],
    parameter: Annotated[
        list[str], typer.Option("--parameter", "-p", help="NAME=VALUE in place of a setting.")
    ] = [],  # noqa: B006 - typer's way to say that there is none
    environment: EnvironmentOption = Environment.LOCAL,
    release: ReleaseOption = None,
) -> None:
    """Compile a pipeline (or take it from a release), run it on Vertex AI Pipelines, and report."""
    from mlops.pipelines.parameters import check_values, read_parameters
    from mlops.pipelines.releases import find_specs
    from mlops.pipelines.runs import follow, parameters_of, submit
    from mlops.report import describe_batch_prediction, describe_steps, describe_training

    settings, find_spec = find_specs(load_settings(environment), environment, release)
    given = read_parameters(parameter)
    check_values(settings, given)
    ignored = (signal.SIGINT, signal.SIG_IGN)  # there: Ctrl-C is told here
    # KFP beside the SDK, whose imports take a second each
    with ProcessPoolExecutor(1, initializer=signal.signal, initargs=ignored) as other:
        compiled = other.submit(find_spec, name)
        _connect(settings)
        spec = compiled.result()
    job = submit(settings, name, spec, parameters_of(name, settings) | given)
    typer.echo(f"Running {job.resource_name}")
    tables = _open_bigquery(settings)  # which takes a second, in which the job runs
    progress = follow(job, typer.echo)
    _write(describe_steps(progress))
    if name in {"training", "automl"}:
        _write(describe_training(settings.name, progress))
        _ask(settings, tables)
    elif name == "batch-prediction":
        _write(describe_batch_prediction(progress))


@pipelines.command()
def diff(
    base: Annotated[str, typer.Option(help="The git revision to compare with.")] = "HEAD",
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Show what the work tree changes in the compiled pipelines."""
    from mlops.pipelines.difference import compare_pipelines

    lines = list(compare_pipelines(base, environment, load_settings(environment).images))
    _write(lines or [f"The compiled pipelines are those of {base}."])


@pipelines.command()
def schedule(
    environment: EnvironmentOption = Environment.LOCAL, release: ReleaseOption = None
) -> None:
    """Make Vertex AI's schedules of pipelines those that config/ declares."""
    from mlops.pipelines.releases import find_specs
    from mlops.pipelines.schedules import apply_schedules

    settings, find_spec = find_specs(load_settings(environment), environment, release)
    _connect(settings)
    _write(apply_schedules(settings, find_spec))


@training.command("run")
def training_run(
    environment: EnvironmentOption = Environment.LOCAL, release: ReleaseOption = None
) -> None:
    """Run the pipelines of the trainer that config/ chooses: custom, AutoML, or both."""
    for name in load_settings(environment).training_pipelines:
        run(name, environment=environment, release=release)


@training.command("command")
def training_command(
    environment: EnvironmentOption = Environment.LOCAL,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Train again without each feature, instead.")
    ] = False,
) -> None:
    """Print the command that trains on what the newest run of the pipeline has transformed.

    It is the command of the pipeline's CustomJob, for a container of the ml image.
    """
    from mlops.pipelines.artifacts import find_artifacts
    from mlops.training.command import Task

    settings = load_settings(environment)
    _connect(settings)
    found = find_artifacts(settings, "training", "transform-data")
    task = Task(
        features=settings.features,
        training=settings.training,
        transformed=found["examples"],
        graph=found["graph"],
        output=f"gs://{settings.bucket}/training/{'ablation' if ablation else 'model'}",
    )
    typer.echo(shlex.join(task.ablation if ablation else task.command))


@app.command()
def predict(
    rows: Annotated[int, typer.Option(min=1, help="How many.")] = 5,
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Ask the endpoint to predict rows of the test split."""
    settings = load_settings(environment)
    _connect(settings)
    _ask(settings, _open_bigquery(settings), rows)


@app.command()
def lineage(
    version: Annotated[str, typer.Argument(help="A number or an alias.")] = "champion",
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Walk from a model version back to the query, the data's hash and the schema."""
    from mlops.registry.lineage import trace
    from mlops.registry.models import get_version
    from mlops.registry.names import name_version
    from mlops.report import describe_lineage

    settings = load_settings(environment)
    _connect(settings)
    model = get_version(settings.name, version)
    _write(describe_lineage(settings.name, model.version_id, trace(name_version(model))))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A number or an alias.")],
    second: Annotated[str, typer.Argument(help="Another one.")] = "champion",
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Show two model versions side by side: the data they are made of, and their metrics."""
    from mlops.registry.comparison import describe_comparison, read_side

    settings = load_settings(environment)
    _connect(settings)
    _write(describe_comparison(*(read_side(settings.name, each) for each in (first, second))))


@data.command()
def schema(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Propose changes of config/features.yaml from the data of now, as a patch to review."""
    from mlops.data.declaration import propose_patch
    from mlops.pipelines.compiler import compile_pipeline
    from mlops.pipelines.runs import follow, parameters_of, submit

    settings = load_settings(environment)
    spec = compile_pipeline("schema", settings.images)
    _connect(settings)
    job = submit(settings, "schema", spec, parameters_of("schema", settings))
    _, found = follow(job, typer.echo).artifact("propose-schema", "statistics")
    proposals = json.loads(found["proposals"])
    _write(propose_patch(CONFIG / "features.yaml", proposals, PATCH))


@data.command()
def images(
    source: Annotated[
        str, typer.Argument(help="gs://… with a folder for each class, or a CSV file.")
    ],
    output: Annotated[str, typer.Argument(help="gs://….csv or gs://….jsonl.")],
    label: Annotated[
        list[str], typer.Option(help="A label that there may be; without any, all.")
    ] = [],  # noqa: B006 - typer's way to say that there is none
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Write the import file of a Vertex AI image dataset, once all images are checked."""
    from google.cloud import storage

    from mlops.data.image_import import write_import_file

    client = storage.Client(project=load_settings(environment).project)
    _write(write_import_file(client, source, output, label))


@config.command()
def show(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Print the settings of an environment, merged and validated."""
    settings = load_settings(environment).model_dump(mode="json", exclude={"features"})
    typer.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)


def _open_bigquery(settings: Settings) -> bigquery.Client:
    from google.cloud import bigquery

    return bigquery.Client(project=settings.project)


def _ask(settings: Settings, tables: bigquery.Client, count: int = 5) -> None:
    """Writes what the endpoint predicts, and who answers there."""
    from mlops.release.prediction import predict_rows, read_rows
    from mlops.report import describe_endpoint, describe_predictions

    features = settings.features
    _write(describe_endpoint(settings.name))
    rows = read_rows(tables, features, count)
    _write(describe_predictions(predict_rows(settings.name, features, rows), features.label.name))


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def main() -> None:
    """Runs the command line; a mistake of the user is told in one sentence."""
    gc.set_threshold(50_000, 20, 20)  # Python's own take a fifth of the time to import the SDK
    atexit.register(gc.freeze)  # else Python, before it ends, walks all of the SDK for a second
    try:
        app()
    except Exception as error:
        told = _tell(error)
        if told is None:
            raise
        typer.echo(f"Error: {told}", err=True)
        sys.exit(1)


def _tell(error: Exception) -> str | None:
    """What is enough of an error: it is the user's, a file's, or Google Cloud's; else None."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    match error:
        case DefaultCredentialsError():
            return (
                f"{error} To rehearse on this machine, put `.venv/bin/localcloud run --` before"
                " the command."
            )
        case GoogleAPICallError() if error.message:
            return summarize(error)
        case GoogleAPIError() | GoogleAuthError():
            return str(error)
    return None


if __name__ == "__main__":
    main()

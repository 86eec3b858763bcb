"""Compile or run the TFX pipeline, in the environment of the ml image.

python -m mlops.tfx compile                  to build/pipelines/tfx.json, for Vertex AI Pipelines
python -m mlops.tfx run --data FOLDER --root FOLDER    in this process, on CSV files
"""

from __future__ import annotations

import argparse
from pathlib import Path

try:
    from tfx import v1 as tfx
except ModuleNotFoundError:
    raise SystemExit(
        "TFX is not installed here: run this in the environment of the ml image."
    ) from None
from tfx.v1.orchestration.experimental import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig

from mlops.data.query import read
from mlops.errors import UserError
from mlops.pipelines.beam import beam_arguments
from mlops.pipelines.compiler import BUILD
from mlops.pipelines.images import image_reference
from mlops.settings import Settings, load_settings
from mlops.tfx.pipeline import build_pipeline


def compile_pipeline(settings: Settings, output: Path) -> None:
    """Writes the specification that Vertex AI Pipelines runs; its data comes from BigQuery."""
    query = read(settings.features, settings.features.extracted)
    pipeline = build_pipeline(
        f"{settings.name}-tfx",
        f"gs://{settings.bucket}/pipelines/tfx",
        tfx.extensions.google_cloud_big_query.BigQueryExampleGen(query=query),
        settings.features,
        settings.training,
        settings.evaluation,
        beam_arguments(settings),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    config = KubeflowV2DagRunnerConfig(default_image=image_reference(settings.images, "ml"))
    KubeflowV2DagRunner(config=config, output_filename=str(output)).run(pipeline)


def run_pipeline(settings: Settings, data: Path, root: Path) -> None:
    """Runs all nodes in this process, on the CSV files of a folder."""
    root.mkdir(parents=True, exist_ok=True)
    database = str(root / "metadata.sqlite")
    pipeline = build_pipeline(
        f"{settings.name}-tfx",
        str(root),
        tfx.components.CsvExampleGen(input_base=str(data)),
        settings.features,
        settings.training,
        settings.evaluation,
        settings.beam.arguments,
        tfx.orchestration.metadata.sqlite_metadata_connection_config(database),
    )
    tfx.orchestration.LocalDagRunner().run(pipeline)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mlops.tfx", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--environment", help="by default MLOPS_ENVIRONMENT, else local")
    commands = parser.add_subparsers(dest="command", required=True)
    compiling = commands.add_parser("compile", help="for Vertex AI Pipelines")
    compiling.add_argument("--output", type=Path, default=BUILD / "tfx.json")
    running = commands.add_parser("run", help="in this process")
    running.add_argument("--data", type=Path, required=True, help="a folder of CSV files")
    running.add_argument("--root", type=Path, required=True, help="where to put what is made")
    arguments = parser.parse_args()
    try:
        settings = load_settings(arguments.environment)
    except UserError as error:
        parser.error(str(error))
    if arguments.command == "compile":
        compile_pipeline(settings, arguments.output)
        print(arguments.output)
    else:
        run_pipeline(settings, arguments.data, arguments.root)


if __name__ == "__main__":
    main()

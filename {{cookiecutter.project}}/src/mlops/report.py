"""What a person wants to know after a run, as text."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops.registry.models import describe, find_model, find_version, get_version
from mlops.release.deployment import find_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops.pipelines.progress import Progress
    from mlops.registry.lineage import Ancestor
    from mlops.release.audit import Change
    from mlops.release.prediction import Prediction


def describe_steps(progress: Progress) -> Iterator[str]:
    """The steps of a run with their times, and their artifacts."""
    yield "\nSteps"
    for task in progress.tasks.values():
        yield f"  {task.name:<17}  {task.outcome}"
    yield "\nArtifacts"
    for task in progress.tasks.values():
        for output, (uri, _) in task.artifacts.items():
            yield f"  {task.name:<17}  {output:<12}  {uri}"


def describe_training(name: str, progress: Progress) -> Iterator[str]:
    """Metrics, and what became of the model `name`."""
    yield from _describe_search(progress)
    yield "\nMetrics on the test split"
    for metric, value in sorted(progress.artifact("evaluate-model", "metrics")[1].items()):
        yield f"  {metric:<28}  {value:.4f}"
    yield "\nModel"
    yield f"  {_describe_version(name, progress)}"
    page, _ = progress.artifact("evaluate-model", "page")
    yield f"  evaluation: {page}"
    yield from _describe_findings(progress)
    yield from _describe_export(progress)


def describe_batch_prediction(progress: Progress) -> Iterator[str]:
    """How many rows were predicted, and where predictions and dead letters are."""
    predictions, found = progress.artifact("publish-results", "predictions")
    dead_letters, lost = progress.artifact("publish-results", "dead_letters")
    yield f"\nBatch prediction by version {found['model_version']}"
    yield f"  rows          {found['row_count']:>12,.0f}"
    yield f"  predictions   {found['count']:>12,.0f}  {predictions}"
    yield f"  dead letters  {lost['count']:>12,.0f}  {dead_letters}"
    if found["files"]:
        yield f"  files         {found['files']}"


def describe_endpoint(name: str) -> Iterator[str]:
    """The versions on the endpoint `name`, each with its alias and its share of the traffic."""
    endpoint = find_endpoint(name)
    if endpoint is None:
        return
    yield "\nEndpoint"
    yield f"  {endpoint.resource_name}"
    traffic = endpoint.traffic_split
    for deployed in endpoint.list_models():
        version = describe(get_version(name, deployed.model_version_id))
        alias = version.alias or "no alias"
        share = traffic.get(deployed.id, 0)
        yield f"  version {version.version} ({alias})  {share} % of the traffic"


def describe_release(changes: Iterable[Change]) -> Iterator[str]:
    """Each change of a release: when, what, the canary's traffic and why."""
    yield "\nRelease"
    for change in changes:
        time = datetime.fromtimestamp(change.time, UTC)
        split = ", ".join(f"{share} %" for share in change.split.values())
        yield f"  {time:%Y-%m-%d %H:%M}  {change.phase:<12}  {split:<12}  {change.why}"


def describe_lineage(name: str, version: str, ancestors: Iterable[Ancestor]) -> Iterator[str]:
    """What a version was made of, with what the steps recorded."""
    yield f"{name} version {version} was made of"
    for ancestor in ancestors:
        yield f"\n{ancestor.step}  {ancestor.name}  {ancestor.uri}"
        for key, value in ancestor.metadata.items():
            yield from textwrap.indent(f"{key}: {value}", "    ").splitlines()


def describe_predictions(predictions: Iterable[Prediction], label: str) -> Iterator[str]:
    """What was predicted, next to what happened."""
    yield f"\nPredictions of {label}"
    for prediction in predictions:
        yield (
            f"  {prediction.predicted:8.3f}  actual {prediction.actual:g}"
            f"  (version {prediction.version})"
        )


def _describe_search(progress: Progress) -> Iterator[str]:
    """The best hyperparameters, if any were searched."""
    _, found = progress.artifact("tune-model", "trials")
    if not found:
        return
    yield (
        f"\nBest hyperparameters: trial {found['trial']} of {found['trials']:g},"
        f" {found['metric']} {found['value']:.4f}"
    )
    for name, value in json.loads(found["best"]).items():
        yield f"  {name:<28}  {value}"
    page, _ = progress.artifact("tune-model", "page")
    yield f"  all trials: {page}"


def _describe_findings(progress: Progress) -> Iterator[str]:
    """How much personal data was found, if any was and the run went on."""
    count = progress.artifact("inspect-data", "report")[1].get("findings")
    if count:
        page, _ = progress.artifact("inspect-data", "page")
        yield f"  {count:g} values look like personal data: {page}"


def _describe_export(progress: Progress) -> Iterator[str]:
    """Where the file for devices lies, if one was asked for, or why there is none."""
    uri, found = progress.artifact("export-tflite", "exported")
    if not found:
        return
    yield "\nTensorFlow Lite"
    failures = json.loads(found["failures"])
    if failures:
        yield "  not exported: " + " ".join(failures)
    else:
        yield f"  {uri}/model.tflite  {found['size_ratio']:.2f} times smaller than in float32"
    page, _ = progress.artifact("export-tflite", "page")
    yield f"  page: {page}"


def _describe_version(name: str, progress: Progress) -> str:
    """Which version the run's model became, or why it became none."""
    failures = progress.artifact("evaluate-model", "report")[1].get("failures")
    if failures:
        return "not registered, the gate refused it: " + " ".join(failures)
    trained = (progress.artifact(step, "model")[0] for step in ("train-model", "train-automl"))
    artifact_uri = next(filter(None, trained), "")
    model = find_model(name)
    registered = model and find_version(model, artifact_uri)
    if not registered:
        return f"not registered: no version of {name} is made of {artifact_uri}"
    version = describe(registered)
    return f"{name} version {version.version} ({version.alias or 'no alias'})"

"""The evaluation of each model version, as Vertex AI keeps it, and whether it still holds.

A version carries a ModelEvaluation: its metrics, where `evaluation.json` lies that they come from,
and hashes of the data and of the model's files. An alias is refused to a version for which these do
not agree, such as one that was registered with the files or the metrics of another.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops.data.extract import hash_files
from mlops.errors import UserError
from mlops.registry.names import name_version
from mlops.uris import split_uri

if TYPE_CHECKING:
    from google.cloud import aiplatform, storage

_SCHEMA = "gs://google-cloud-aiplatform/schema/modelevaluation/general_metrics_1.0.0.yaml"


class EvaluationMismatchError(UserError):
    """What is recorded of a version is not what its evaluation found."""


def record_evaluation(
    client: storage.Client, model: aiplatform.Model, evaluation: str, data_hash: str
) -> None:
    """Records the evaluation of a version, unless it is recorded already.

    Args:
        client: of Cloud Storage.
        model: the version.
        evaluation: URI of `evaluation.json`.
        data_hash: of the data that it was trained and measured on.

    Raises:
        EvaluationMismatchError: the evaluation is of another model.
    """
    if find_evaluation(model):
        return
    measured = check_subject(client, evaluation, name_version(model))
    model.api_client.import_model_evaluation(
        parent=model.versioned_resource_name,
        model_evaluation={
            "display_name": f"version {model.version_id}",
            "metrics_schema_uri": _SCHEMA,
            "metrics": _finite(measured["metrics"]),
            "metadata": {
                "model_version": model.version_id,
                "evaluation": evaluation,
                "data_hash": data_hash,
                "model_hash": _hash_model(client, model),
            },
        },
    )


def check_subject(client: storage.Client, evaluation: str, model: str) -> dict[str, Any]:
    """The evaluation at a URI, if it is of a model, by its URI of `name_version`.

    Raises:
        EvaluationMismatchError: the evaluation is of another model.
    """
    measured = _read(client, evaluation)
    subject = measured["subject"]["model"]
    if subject != model:
        raise EvaluationMismatchError(
            f"{evaluation} measured {subject}, not {model}: register each model with its own."
        )
    return measured


def find_evaluation(model: aiplatform.Model) -> Any:
    """The version's latest ModelEvaluation; None when there is none."""
    found = [
        each
        for each in model.api_client.list_model_evaluations(parent=model.versioned_resource_name)
        if dict(each.metadata or {}).get("model_version") == model.version_id
    ]
    return max(found, key=lambda each: each.create_time, default=None)


def verify_evaluation(client: storage.Client, model: aiplatform.Model) -> None:
    """Compares what is recorded of a version with its evaluation and its files.

    Raises:
        EvaluationMismatchError: they differ, or nothing is recorded; says what.
    """
    version = f"Version {model.version_id}"
    recorded = find_evaluation(model)
    if recorded is None:
        raise EvaluationMismatchError(
            f"{version} has no evaluation, so it gets no alias: register it by the training"
            " pipeline."
        )
    metadata = dict(recorded.metadata)
    measured = _read(client, metadata["evaluation"])
    subject, uri = measured["subject"]["model"], name_version(model)
    if subject != uri:
        wrong = f"its evaluation measured {subject}, but it is {uri}"
    elif dict(recorded.metrics) != _finite(measured["metrics"]):
        wrong = f"its recorded metrics are not those of {metadata['evaluation']}"
    elif _hash_model(client, model) != metadata["model_hash"]:
        wrong = f"the files at {model.uri} have changed since it was registered"
    else:
        return
    raise EvaluationMismatchError(f"{version} gets no alias: {wrong}; register the model again.")


def _hash_model(client: storage.Client, model: aiplatform.Model) -> str:
    """Of the version's files; of an AutoML model nothing, since Vertex AI alone has its files."""
    return hash_files(client, model.uri) if model.uri else ""


def _read(client: storage.Client, uri: str) -> dict[str, Any]:
    from google.api_core.exceptions import NotFound

    bucket, name = split_uri(uri)
    try:
        content: dict[str, Any] = json.loads(client.bucket(bucket).blob(name).download_as_text())
    except NotFound:
        raise EvaluationMismatchError(
            f"The evaluation {uri} is gone: evaluate the model again by the training pipeline."
        ) from None
    return content


def _finite(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are numbers."""
    return {name: float(value) for name, value in metrics.items() if value is not None}

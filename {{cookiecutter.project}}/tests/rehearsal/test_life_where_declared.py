"""What the life of a model has used is what Terraform's dev environment declares."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.rehearsal.conftest import HAS_TERRAFORM, Rehearsal, succeed

FOUND = """
import json
from google.cloud import aiplatform, bigquery, storage
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
buckets = storage.Client(settings.project).list_buckets()
datasets = bigquery.Client(settings.project).list_datasets()
found = {
    "buckets": {each.name: each.labels for each in buckets},
    "datasets": {each.dataset_id: each.labels for each in datasets},
    "endpoints": {each.display_name: dict(each.labels) for each in aiplatform.Endpoint.list()},
}
print(json.dumps(found | {"bucket": settings.bucket, "name": settings.name}))
"""


@pytest.mark.skipif(not HAS_TERRAFORM, reason="terraform is not installed, or not used")
def test_a_model_lives_in_what_terraform_declares_and_nowhere_else(rehearsal: Rehearsal) -> None:
    done = rehearsal.localcloud("run", "--", sys.executable, "-c", FOUND)
    found = json.loads(succeed(done))
    buckets, datasets = (_without_own(found[kind]) for kind in ("buckets", "datasets"))
    assert list(buckets) == [found["bucket"]]
    assert list(found["endpoints"]) == [found["name"]]
    assert set(datasets) >= {"batch_predictions", "batch_predictions_runs", "request_log"}
    for declared in (buckets, datasets, found["endpoints"]):
        for name, labels in declared.items():
            assert labels.get("managed-by") == "terraform", name


def _without_own(found: dict[str, Any]) -> dict[str, Any]:
    """What Vertex AI does not make by itself, for a TensorBoard and for a monitoring job."""
    own = ("cloud-ai-platform-", "model_deployment_monitoring_")
    return {name: labels for name, labels in found.items() if not name.startswith(own)}

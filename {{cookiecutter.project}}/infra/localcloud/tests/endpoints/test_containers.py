"""The processes of deployed models: Vertex's contract, crashes, the end."""

import os
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import PredictionServiceClient

from tests.vertex import eventually, refuses, upload


def test_the_container_is_started_by_vertexs_contract(
    endpoint: aiplatform.Endpoint, localcloud: Any
) -> None:
    folder = localcloud.home / "storage" / "models" / "toy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text("1")
    model = upload(
        artifact_uri="gs://models/toy",
        serving_container_predict_route="/v1/ask",
        serving_container_environment_variables={"A": "1", "B": "$(A)-$(AIP_MODE)-$$(A)-$(NO)"},
        serving_container_command=["python", "-m", "server"],
        serving_container_args=["--id", "$(AIP_DEPLOYED_MODEL_ID)"],
    )
    endpoint.deploy(model)
    (deployed,) = endpoint.list_models()

    def variable(name: str) -> Any:
        return endpoint.predict([{"environment": name}]).predictions[0]

    assert variable("AIP_STORAGE_URI") == "gs://models/toy"
    assert variable("AIP_ENDPOINT_ID") == endpoint.name
    assert variable("AIP_DEPLOYED_MODEL_ID") == deployed.id
    assert variable("AIP_PREDICT_ROUTE") == "/v1/ask"
    assert variable("AIP_HEALTH_ROUTE") == (
        f"/v1/endpoints/{endpoint.name}/deployedModels/{deployed.id}"
    )
    assert variable("AIP_MODE") == "PREDICTION"
    assert variable("AIP_HTTP_HOST") == "127.0.0.1"
    assert variable("AIP_PROJECT_NUMBER").isdigit()
    assert variable("B") == "1-PREDICTION-$(A)-$(NO)"
    assert variable("HTTPS_PROXY") == localcloud.environment["HTTPS_PROXY"]
    assert variable("PYTEST_CURRENT_TEST") is None
    assert endpoint.predict([{"arguments": True}]).predictions == [f"--id {deployed.id}"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_module_is_forked_from_a_process_that_has_imported_what_its_image_preloads(
    serving: aiplatform.Endpoint,
) -> None:
    process = int(serving.predict([{"process": True}]).predictions[0])
    stat = Path(f"/proc/{process}/stat").read_text()
    parent = int(stat.rpartition(")")[2].split()[1])
    command = Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")
    assert command[-2] == b"plistlib"
    assert command[-3].endswith(b"module_runner.py")


def test_a_model_server_that_ends_is_started_again(
    serving: aiplatform.Endpoint, predictions: PredictionServiceClient, localcloud: Any
) -> None:
    def process() -> int | None:
        try:
            return int(serving.predict([{"process": True}]).predictions[0])
        except exceptions.ServiceUnavailable:
            return None

    before = process()
    with refuses(exceptions.ServiceUnavailable, match="ended before it answered"):
        predictions.predict(endpoint=serving.resource_name, instances=[{"exit": 3}], retry=None)
    assert eventually(lambda: process() not in (None, before))


def test_undeploying_ends_the_process(serving: aiplatform.Endpoint) -> None:
    process = int(serving.predict([{"process": True}]).predictions[0])
    os.kill(process, 0)
    serving.undeploy_all()
    assert eventually(lambda: not Path(f"/proc/{process}").exists(), seconds=2)

"""What is tracked survives when localcloud is killed; what ran then goes on."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.vertex import LOCATION, PROJECT

# Child processes, because gRPC keeps the certificates of the first localcloud it has talked to.
PREAMBLE = f"""
import json, time
from google.cloud import aiplatform, storage
from google.cloud.aiplatform.metadata.context import Context
aiplatform.init(project={PROJECT!r}, location={LOCATION!r}, experiment="durable")
"""
WRITE = """
with aiplatform.start_run("run"):
    aiplatform.log_params({"rate": 0.1})
    aiplatform.log_time_series_metrics({"loss": 0.5}, step=3)
    with aiplatform.start_execution(schema_title="system.Run", display_name="train") as execution:
        data = aiplatform.Artifact.create("system.Dataset", uri="gs://bucket/data")
        execution.assign_input_artifacts([data])

container = {
    "image": "us-docker.pkg.dev/test-project/images/steps",
    "command": ["python", "-c", "import time; time.sleep(600)"],
}
spec = {
    "schemaVersion": "2.1.0",
    "sdkVersion": "kfp-2.16.1",
    "pipelineInfo": {"name": "lingering"},
    "deploymentSpec": {"executors": {"exec-linger": {"container": container}}},
    "components": {"comp-linger": {"executorLabel": "exec-linger"}},
    "root": {"dag": {"tasks": {"linger": {
        "componentRef": {"name": "comp-linger"}, "taskInfo": {"name": "linger"}
    }}}},
}
storage.Client(project="test-project").create_bucket("durable-bucket")
with open("SPEC", "w") as file:
    json.dump(spec, file)
job = aiplatform.PipelineJob("lingering", "SPEC", "job", pipeline_root="gs://durable-bucket")
job.submit()
while not any(each.display_name == "linger" for each in Context("job").get_executions()):
    time.sleep(0.1)
"""
READ = """
run = aiplatform.ExperimentRun("run", experiment="durable")
(execution,) = run.get_executions()
print(json.dumps({
    "params": run.get_params(),
    "loss": run.get_time_series_data_frame()["loss"].to_list(),
    "inputs": [each.uri for each in execution.get_input_artifacts()],
    "job": {each.display_name: each.state.name for each in Context("job").get_executions()},
}))
"""


def test_tracking_survives_a_kill(start_localcloud: Callable[[], Any], tmp_path: Any) -> None:
    localcloud = start_localcloud()
    localcloud.run(PREAMBLE + WRITE.replace("SPEC", str(tmp_path / "spec.json")))
    os.kill(read_state(Home(localcloud.home)).pid, signal.SIGKILL)
    localcloud.up()
    output = localcloud.run(PREAMBLE + READ).stdout.splitlines()[-1]
    assert json.loads(output) == {
        "params": {"rate": 0.1},
        "loss": [0.5],
        "inputs": ["gs://bucket/data"],
        "job": {"linger": "RUNNING", "job": "RUNNING"},
    }

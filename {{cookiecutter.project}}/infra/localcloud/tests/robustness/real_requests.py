"""Requests as clients send them, to start from: each makes a resource that others can name."""

from typing import Any

from tests.jobs.job_client import python
from tests.vertex import IMAGE

PARENT = "projects/p/locations/l"
_STORE = f"{PARENT}/metadataStores/default"
_MODEL = {"display_name": "m", "container_spec": {"image_uri": IMAGE}}
STUDY = {
    "display_name": "s",
    "study_spec": {
        "metrics": [{"metric_id": "m", "goal": "MAXIMIZE"}],
        "parameters": [
            {"parameter_id": "x", "double_value_spec": {"min_value": 0, "max_value": 1}}
        ],
    },
}
_POOLS = {"worker_pool_specs": [python("pass")]}
_SPEC = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "p"},
    "root": {"dag": {"tasks": {}}},
    "components": {},
    "deploymentSpec": {"executors": {}},
}

# method → request; `1` in a name stands for the id that the server has given
REAL: dict[str, dict[str, Any]] = {
    "CreateMetadataStore": {"parent": PARENT, "metadata_store_id": "default", "metadata_store": {}},
    "CreateArtifact": {
        "parent": _STORE,
        "artifact_id": "a",
        "artifact": {"schema_title": "system.Dataset"},
    },
    "CreateContext": {
        "parent": _STORE,
        "context_id": "a",
        "context": {"schema_title": "system.Experiment"},
    },
    "CreateExecution": {
        "parent": _STORE,
        "execution_id": "a",
        "execution": {"schema_title": "system.Run"},
    },
    "AddExecutionEvents": {
        "execution": f"{_STORE}/executions/a",
        "events": [{"artifact": f"{_STORE}/artifacts/a", "type_": "INPUT"}],
    },
    "CreateEndpoint": {"parent": PARENT, "endpoint_id": "1", "endpoint": {"display_name": "e"}},
    "UpdateEndpoint": {
        "endpoint": {"name": f"{PARENT}/endpoints/1", "display_name": "f"},
        "update_mask": {"paths": ["display_name"]},
    },
    "UploadModel": {"parent": PARENT, "model_id": "a", "model": _MODEL},
    "ImportModelEvaluation": {
        "parent": f"{PARENT}/models/a",
        "model_evaluation": {"display_name": "v"},
    },
    "CreateTensorboard": {"parent": PARENT, "tensorboard": {"display_name": "t"}},
    "CreateTensorboardExperiment": {
        "parent": f"{PARENT}/tensorboards/1",
        "tensorboard_experiment_id": "a",
    },
    "CreateTensorboardRun": {
        "parent": f"{PARENT}/tensorboards/1/experiments/a",
        "tensorboard_run_id": "a",
        "tensorboard_run": {"display_name": "r"},
    },
    "CreateTensorboardTimeSeries": {
        "parent": f"{PARENT}/tensorboards/1/experiments/a/runs/a",
        "tensorboard_time_series_id": "1",
        "tensorboard_time_series": {"display_name": "loss", "value_type": "SCALAR"},
    },
    "WriteTensorboardRunData": {
        "tensorboard_run": f"{PARENT}/tensorboards/1/experiments/a/runs/a",
        "time_series_data": [
            {
                "tensorboard_time_series_id": "1",
                "value_type": "SCALAR",
                "values": [{"step": 1, "scalar": {"value": 2.0}}],
            }
        ],
    },
    "CreateStudy": {"parent": PARENT, "study": STUDY},
    "CreateTrial": {
        "parent": f"{PARENT}/studies/1",
        "trial": {"parameters": [{"parameter_id": "x", "value": 0.5}]},
    },
    "CompleteTrial": {
        "name": f"{PARENT}/studies/1/trials/1",
        "final_measurement": {"metrics": [{"metric_id": "m", "value": 1.0}]},
    },
    "CreateCustomJob": {"parent": PARENT, "custom_job": {"display_name": "j", "job_spec": _POOLS}},
    "CreatePipelineJob": {
        "parent": PARENT,
        "pipeline_job_id": "b",
        "pipeline_job": {
            "pipeline_spec": _SPEC,
            "runtime_config": {"gcs_output_directory": "gs://bytes/root"},
        },
    },
}
# these answer at once with a resource whose id the server has chosen
NAMED_BY_SERVER = {"CreateTensorboard", "CreateStudy", "CreateCustomJob"}

"""The models that AutoML trains: their files, their resources and their evaluations."""

import json
import shutil
from pathlib import Path

from google.cloud.aiplatform_v1.types import (
    Attribution,
    ImportModelEvaluationRequest,
    Model,
    ModelEvaluation,
    ModelExplanation,
    ModelSourceInfo,
)

from localcloud.automl.inputs import Inputs
from localcloud.automl.predictions import FORMATS
from localcloud.jobs import trained_model
from localcloud.jobs.job import Job
from localcloud.rpc import raw
from localcloud.vertex import model_service
from localcloud.vertex.json_values import set_value

IMAGE = "localcloud/automl-tabular"

_SCHEMAS = "gs://google-cloud-aiplatform/schema"


def keep(job: Job, trained: Path) -> str:
    """Move a model's files to where they stay; the name that its server finds them by."""
    folder = job.cloud.home.root / "automl"
    folder.mkdir(exist_ok=True)
    shutil.move(trained, folder / job.id)
    return job.id


def upload(job: Job, inputs: Inputs, name: str) -> str:
    """Make the model that the pipeline describes; its resource name with its version.

    Raises:
        GoogleAPICallError: the model cannot be uploaded as it is described.
    """
    kind = inputs.target.metadata["predictionType"]
    model = Model(job.resource.model_to_upload)
    model.container_spec = {
        "image_uri": IMAGE,
        "env": [{"name": "AUTOML_MODEL", "value": name}],
    }
    model.predict_schemata.prediction_schema_uri = (
        f"{_SCHEMAS}/predict/prediction/tabular_{kind}_1.0.0.yaml"
    )
    model.metadata_schema_uri = f"{_SCHEMAS}/model/metadata/automl_tabular_1.0.0.yaml"
    set_value(raw(model).metadata, inputs.target.metadata)
    model.model_source_info = ModelSourceInfo(source_type=ModelSourceInfo.ModelSourceType.AUTOML)
    model.supported_input_storage_formats = list(FORMATS)
    model.supported_output_storage_formats = list(FORMATS)
    return trained_model.upload(job, model)


def evaluate(job: Job, inputs: Inputs, model: str, folder: Path) -> None:
    """Keep the evaluation on the test set that training left in its folder."""
    kind = inputs.target.metadata["predictionType"]
    found = json.loads((folder / "evaluation.json").read_text())
    evaluation = ModelEvaluation(
        display_name=f"{job.resource.display_name}-evaluation"[:128],
        metrics_schema_uri=f"{_SCHEMAS}/modelevaluation/{kind}_metrics_1.0.0.yaml",
    )
    set_value(raw(evaluation).metrics, found["metrics"])
    attribution = Attribution()
    set_value(raw(attribution).feature_attributions, found["attributions"])
    evaluation.model_explanation = ModelExplanation(mean_attributions=[attribution])
    request = ImportModelEvaluationRequest(parent=model, model_evaluation=evaluation)
    model_service.import_model_evaluation(job.cloud, request)

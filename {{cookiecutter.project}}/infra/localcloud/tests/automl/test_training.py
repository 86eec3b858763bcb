"""AutoML tabular training through the unmodified SDK: it trains, evaluates and refuses."""

import pytest

from tests.automl.conftest import Trained


def test_a_classifier_is_trained_and_evaluated(classifier: Trained) -> None:
    job, model = classifier
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED"
    assert job.get_model().resource_name == model.resource_name
    assert model.display_name == "left-model"
    assert model.gca_resource.training_pipeline == job.resource_name
    assert model.gca_resource.model_source_info.source_type.name == "AUTOML"
    [evaluation] = model.list_model_evaluations()
    metrics = evaluation.metrics
    assert metrics["auRoc"] > 0.9
    assert metrics["auPrc"] > 0.9
    assert 0 < metrics["logLoss"] < 0.4
    matrix = metrics["confusionMatrix"]
    assert [spec["displayName"] for spec in matrix["annotationSpecs"]] == ["no", "yes"]
    assert sum(sum(row) for row in matrix["rows"]) == 120  # the test set
    at_half = next(
        entry for entry in metrics["confidenceMetrics"] if entry["confidenceThreshold"] == 0.5
    )
    assert at_half["recall"] > 0.8
    [attribution] = evaluation.gca_resource.model_explanation.mean_attributions
    shares = dict(attribution.feature_attributions)
    assert shares["age"] + shares["plan"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)

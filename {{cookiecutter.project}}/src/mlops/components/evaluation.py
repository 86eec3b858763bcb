"""The component that evaluates the model."""

from typing import Any, Dict, List

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def evaluate_model(
    features: Dict[str, Any],
    evaluation: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    model: dsl.Input[dsl.Model],
    report: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
) -> bool:
    """Measures the model on the test split; true when it is within all thresholds."""
    from mlops.evaluation.evaluate import evaluate
    from mlops.features import Features
    from mlops.settings import Evaluation

    declared = Features.model_validate(features)
    thresholds = Evaluation.model_validate(evaluation)
    result = evaluate(declared, thresholds, data.uri, model.uri, report.uri, beam_arguments)
    for name, value in result.metrics.items():
        metrics.log_metric(name, value)
    report.metadata["failures"] = list(result.failures)
    return result.passed

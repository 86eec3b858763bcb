"""Components that transform the data and train the model."""

from typing import Any, Dict, List

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def transform_data(
    features: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    validation: dsl.Input[dsl.Artifact],
    examples: dsl.Output[dsl.Dataset],
    graph: dsl.Output[dsl.Artifact],
) -> None:
    """Learns the preprocessing and applies it to what training reads.

    `validation` is the report of this data, which it has passed: so the lineage of a model leads to
    the schema that its data kept.
    """
    from mlops.features import Features
    from mlops.training.transform import transform

    declared = Features.model_validate(features)
    transform(declared, data.uri, examples.uri, graph.uri, beam_arguments)


@dsl.component(base_image="ml", install_kfp_package=False)
def train_model(
    features: Dict[str, Any],
    training: Dict[str, Any],
    examples: dsl.Input[dsl.Dataset],
    graph: dsl.Input[dsl.Artifact],
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Trains the model and saves it with its preprocessing."""
    from mlops.features import Features
    from mlops.settings import Training
    from mlops.training.train import train

    declared = Features.model_validate(features)
    found = train(declared, Training.model_validate(training), examples.uri, graph.uri, model.uri)
    for name, value in found.items():
        metrics.log_metric(name, value)

"""The nodes of the TFX pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow_model_analysis as tfma
from tfx import v1 as tfx

from mlops.features import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.features import Features
    from mlops.settings import Evaluation, Training

STEPS = "mlops.tfx.steps"


def build_pipeline(
    name: str,
    root: str,
    examples: Any,
    features: Features,
    training: Training,
    evaluation: Evaluation,
    beam_arguments: Sequence[str],
    metadata: Any = None,
) -> Any:
    """Eight nodes: the examples to a pushed model, if it passes.

    Args:
        name: the pipeline's.
        root: URI of a folder for what the nodes make; a model that passed lies in `root/serving`.
        examples: the node that reads the data, a tfx ExampleGen.
        features: the declaration of the data.
        training: hyperparameters.
        evaluation: its `thresholds` decide whether the model is pushed.
        beam_arguments: where Beam runs.
        metadata: where a local run records what it made; Vertex AI has its own metadata.
    """
    custom_config = {
        "features": features.model_dump(mode="json", exclude_defaults=True),
        "training": training.model_dump(mode="json"),
    }
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"])
    validator = tfx.components.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    transform = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=f"{STEPS}.preprocessing_fn",
        custom_config=custom_config,
    )
    trainer = tfx.components.Trainer(
        run_fn=f"{STEPS}.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(),
        eval_args=tfx.proto.EvalArgs(),
        custom_config=custom_config,
    )
    evaluator = tfx.components.Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        eval_config=build_eval_config(features, evaluation),
    )
    pusher = tfx.components.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=f"{root}/serving")
        ),
    )
    return tfx.dsl.Pipeline(
        pipeline_name=name,
        pipeline_root=root,
        components=[
            examples, statistics, schema, validator, transform, trainer, evaluator, pusher
        ],
        enable_cache=True,
        metadata_connection_config=metadata,
        beam_pipeline_args=list(beam_arguments),
    )  # fmt: skip


def build_eval_config(features: Features, evaluation: Evaluation) -> tfma.EvalConfig:
    """The metric that decides, over all rows; it is measured in each slice too."""
    classifies = features.problem is Problem.CLASSIFICATION
    metric, name = ("AUC", "auc") if classifies else ("MeanAbsoluteError", "mean_absolute_error")
    bound = evaluation.thresholds.get(name)
    value = tfma.GenericValueThreshold()
    if bound is not None and bound.min is not None:
        value.lower_bound.value = bound.min
    if bound is not None and bound.max is not None:
        value.upper_bound.value = bound.max
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                prediction_key="prediction",
                label_key=features.label.name,
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[column.name]) for column in features.slices),
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    tfma.MetricConfig(class_name="ExampleCount"),
                    tfma.MetricConfig(
                        class_name=metric,
                        per_slice_thresholds=[
                            tfma.PerSliceMetricThreshold(
                                slicing_specs=[tfma.SlicingSpec()],
                                threshold=tfma.MetricThreshold(value_threshold=value),
                            )
                        ],
                    ),
                ]
            )
        ],
    )

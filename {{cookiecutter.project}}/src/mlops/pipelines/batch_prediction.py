"""The batch prediction pipeline: the champion predicts a table, and no row is lost."""

from typing import Any

from kfp import dsl

from mlops.components.batch_prediction import (
    predict_rows,
    publish_results,
    select_rows,
    validate_rows,
)


@dsl.pipeline(name="batch-prediction", description="Predict the rows of a table.")
def batch_prediction(
    project: str,
    location: str,
    name: str,
    features: dict[str, Any],
    sample_percent: float,
    on_skew: str,
    max_bad_percent: float,
    dataset: str,
    files: str,
    machines: dict[str, Any],
    beam_arguments: list[str],
) -> None:
    """No step is cached: each run predicts the rows of now with the champion of now."""
    selected = select_rows(
        project=project,
        features=features,
        dataset=dataset,
        max_bad_percent=max_bad_percent,
        sample_percent=sample_percent,
    )
    rows = selected.outputs["rows"]
    validated = validate_rows(
        project=project,
        location=location,
        name=name,
        features=features,
        on_skew=on_skew,
        beam_arguments=beam_arguments,
        rows=rows,
    )
    predicted = predict_rows(
        project=project,
        location=location,
        name=name,
        features=features,
        dataset=dataset,
        machines=machines,
        rows=rows,
    ).after(validated)
    published = publish_results(
        project=project,
        features=features,
        dataset=dataset,
        files=files,
        rows=rows,
        job=predicted.outputs["job"],
    )
    for task in (selected, validated, predicted, published):
        task.set_caching_options(enable_caching=False)

"""The schema pipeline: proposes what the declaration of the data would have to allow."""

from typing import Any

from kfp import dsl

from mlops.components.data import extract_data, find_data, propose_schema


@dsl.pipeline(name="schema", description="Propose changes of the declaration of the data.")
def schema(
    project: str,
    location: str,
    name: str,
    features: dict[str, Any],
    sample_percent: float,
    beam_arguments: list[str],
) -> None:
    """Reads the same extract as the training pipeline, from the cache if it has run before."""
    found = find_data(project=project, location=location, name=name, features=features)
    found.set_caching_options(enable_caching=False)
    extracted = extract_data(
        project=project,
        features=features,
        sample_percent=sample_percent,
        data_version=found.outputs["version"],
    )
    propose_schema(features=features, beam_arguments=beam_arguments, data=extracted.outputs["data"])

"""Traffic splits: deployed model ids and the percentage of an endpoint's traffic each gets."""

import random
from collections.abc import Collection, Mapping

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import DeployedModel, Endpoint

NEW = "0"  # stands for the model that is being deployed


def check_split(split: Mapping[str, int], ids: Collection[str]) -> None:
    """Refuse a split that Vertex would not take; an empty one means no traffic.

    Raises:
        InvalidArgument: it names an unknown model, or is not a partition of 100.
    """
    for model_id, share in split.items():
        if model_id not in ids:
            raise InvalidArgument(
                f"traffic_split names {model_id}, which is not deployed here; use"
                f" {', '.join(sorted(ids)) or 'an empty split'}."
            )
        if not 0 <= share <= 100:
            raise InvalidArgument(
                f"traffic_split gives {share} to {model_id}; percentages lie in 0 to 100."
            )
    if split and sum(split.values()) != 100:
        raise InvalidArgument(
            f"traffic_split sums to {sum(split.values())}; its percentages must sum to 100."
        )


def choose(endpoint: Endpoint) -> DeployedModel:
    """The deployed model that answers one request, drawn by the endpoint's split.

    Raises:
        FailedPrecondition: no model has traffic.
    """
    split = {model_id: share for model_id, share in endpoint.traffic_split.items() if share}
    if not split:
        raise FailedPrecondition(
            f"Endpoint {endpoint.name} doesn't have traffic_split; deploy a model with traffic."
        )
    drawn = random.choices(list(split), list(split.values()))[0]  # noqa: S311 - not a secret
    return next(model for model in endpoint.deployed_models if model.id == drawn)

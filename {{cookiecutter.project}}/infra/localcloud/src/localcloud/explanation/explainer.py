"""Explains predictions by asking the model again with features at their baselines."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Attribution, Explanation, ExplanationSpec

from localcloud.explanation import shapley
from localcloud.explanation.features import Features
from localcloud.explanation.outputs import Outputs
from localcloud.explanation.shapley import Coalition
from localcloud.rpc import raw
from localcloud.vertex.json_values import set_value

Json: TypeAlias = Any
Predict: TypeAlias = Callable[[Sequence[Json]], Sequence[Json]]

_BATCH = 100  # instances that the model is asked for at once
_MOST_PREDICTIONS = 100_000  # for one instance


@dataclass(frozen=True)
class Explainer:
    """Explains by sampled Shapley values; `predict` gives the predictions of instances."""

    spec: ExplanationSpec
    predict: Predict

    def explain(self, instance: Json, prediction: Json) -> Explanation:
        """The attributions of an instance's prediction, one for each output to explain.

        Raises:
            InvalidArgument: the instance or the prediction does not have the spec's form.
            GoogleAPICallError: the model does not predict.
        """
        features = Features(self.spec.metadata.inputs, instance)
        outputs = Outputs.of(self.spec, prediction)
        by_baseline = list(self._attributed(features, outputs))
        attributions = []
        for position, index in enumerate(outputs.indices):
            attribution = _mean([each[position] for each in by_baseline], features)
            attribution.output_index = index
            attribution.output_name = outputs.name
            attribution.output_display_name = outputs.display_name(prediction, index)
            attributions.append(attribution)
        return Explanation(attributions=attributions)

    def _attributed(
        self, features: Features, outputs: Outputs
    ) -> Iterator[list[shapley.Attribution]]:
        """The attributions of the outputs, for one baseline after the other."""
        paths = self.spec.parameters.sampled_shapley_attribution.path_count
        needed = paths * len(features) * len(features.baselines)
        if needed > _MOST_PREDICTIONS:
            raise InvalidArgument(
                f"Explaining an instance of {len(features)} features by {paths} paths takes"
                f" {needed} predictions; lower path_count, or join features by group_name, to need"
                f" at most {_MOST_PREDICTIONS}."
            )
        for baseline in features.baselines:

            def game(
                coalitions: Sequence[Coalition], baseline: int = baseline
            ) -> list[list[float]]:
                mixtures = [features.mixture(baseline, each) for each in coalitions]
                return [outputs.values(each) for each in self._predictions(mixtures)]

            yield shapley.attribute(len(features), paths, game)

    def _predictions(self, instances: Sequence[Json]) -> Iterator[Json]:
        for start in range(0, len(instances), _BATCH):
            yield from self.predict(instances[start : start + _BATCH])


def _mean(attributions: Sequence[shapley.Attribution], features: Features) -> Attribution:
    """The attributions of all baselines as one; the contributions in the instance's form."""
    contributions = [
        statistics.fmean(each)
        for each in zip(*(each.contributions for each in attributions), strict=True)
    ]
    mean = Attribution(
        baseline_output_value=statistics.fmean(each.baseline for each in attributions),
        instance_output_value=attributions[0].value,
        approximation_error=statistics.fmean(each.error for each in attributions),
    )
    set_value(raw(mean).feature_attributions, features.attributions(contributions))
    return mean

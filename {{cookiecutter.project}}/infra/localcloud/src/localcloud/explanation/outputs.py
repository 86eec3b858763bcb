"""The outputs of a prediction that are explained: where they stand, their values and names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import ExplanationParameters, ExplanationSpec

from localcloud.rpc import raw
from localcloud.vertex.json_values import plain

Json: TypeAlias = Any
Index: TypeAlias = tuple[int, ...]  # a position in each dimension; none in a single number


@dataclass(frozen=True)
class Outputs:
    """Reads the one output that a spec names, at the positions to explain."""

    name: str
    display_names: Json
    display_names_key: str
    indices: Sequence[Index]

    @classmethod
    def of(cls, spec: ExplanationSpec, prediction: Json) -> "Outputs":
        """The positions of a prediction that a spec wants explained.

        Those of `output_indices`, or else the `top_k` largest, or else the largest.

        Raises:
            InvalidArgument: the prediction has no such output, or it is no number.
        """
        (name,) = spec.metadata.outputs
        metadata = spec.metadata.outputs[name]
        output = _output(prediction, name)
        values = dict(_numbers(output, name))
        mapping = raw(metadata)
        return cls(
            name=name,
            display_names=plain(mapping.index_display_name_mapping),
            display_names_key=metadata.display_name_mapping_key,
            indices=_chosen(spec.parameters, values),
        )

    def values(self, prediction: Json) -> list[float]:
        """The numbers at the positions, in another prediction of the same model.

        Raises:
            InvalidArgument: a position is not there.
        """
        numbers = dict(_numbers(_output(prediction, self.name), self.name))
        try:
            return [numbers[index] for index in self.indices]
        except KeyError as error:
            raise InvalidArgument(
                f"The shape of output {self.name} differs between predictions; sampled Shapley"
                " needs it to stay."
            ) from error

    def display_name(self, prediction: Json, index: Index) -> str:
        """What the model, or else the spec, calls the output at a position."""
        names = self.display_names
        if self.display_names_key and isinstance(prediction, dict):
            names = prediction.get(self.display_names_key)
        for position in index:
            if not isinstance(names, list) or position >= len(names):
                return ""
            names = names[position]
        return names if isinstance(names, str) else ""


def _output(prediction: Json, name: str) -> Json:
    """A prediction that is no object is the output itself."""
    if not isinstance(prediction, dict):
        return prediction
    if name not in prediction:
        raise InvalidArgument(
            f"The prediction has no {name}, which explanation_spec.metadata.outputs names; it has"
            f" {', '.join(prediction) or 'no members'}."
        )
    return prediction[name]


def _numbers(output: Json, name: str, index: Index = ()) -> Iterator[tuple[Index, float]]:
    if isinstance(output, list):
        for position, member in enumerate(output):
            yield from _numbers(member, name, (*index, position))
    elif isinstance(output, bool | int | float):
        yield index, float(output)
    else:
        raise InvalidArgument(
            f"Output {name} is {output!r}, which is no number, so it cannot be explained."
        )


def _chosen(parameters: ExplanationParameters, values: dict[Index, float]) -> list[Index]:
    wanted = [plain(each) for each in raw(parameters).output_indices.values]
    if wanted:
        indices = [tuple(each) if isinstance(each, list) else (each,) for each in wanted]
        for index in indices:
            if index not in values:
                raise InvalidArgument(
                    f"explanation_spec.parameters.output_indices has {list(index)}, where the"
                    " output has no element."
                )
        return indices
    largest = sorted(values, key=lambda index: values[index], reverse=True)
    count = parameters.top_k or 1
    return largest if count == -1 else largest[:count]

"""Explanation specs: checked, inherited when a model is deployed, overridden by a request."""

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.aiplatform_v1.types import (
    DeployedModel,
    ExplanationMetadata,
    ExplanationParameters,
    ExplanationSpec,
    ExplanationSpecOverride,
    Model,
)

from localcloud.rpc import raw
from localcloud.vertex.resources import replace_fields

_SHAPLEY = "sampled_shapley_attribution"
_MOST_PATHS, _MOST_STEPS = 50, 100  # Vertex's bounds


def check(spec: ExplanationSpec) -> None:
    """Refuse what Vertex does not take as a model's explanation spec.

    Raises:
        InvalidArgument: a required field is missing, or a number is out of range.
    """
    _check_parameters(spec.parameters)
    metadata = spec.metadata
    if not metadata.inputs:
        raise InvalidArgument(
            "explanation_spec.metadata.inputs is required; name the features of the instances."
        )
    if len(metadata.outputs) != 1:
        raise InvalidArgument(
            f"explanation_spec.metadata.outputs has {len(metadata.outputs)} entries; name the one"
            " output to explain."
        )
    _check_baselines(metadata)


def inherit(model: Model, deployed: DeployedModel) -> ExplanationSpec | None:
    """The spec that a deployed model has: its own fields, and the model's where it has none.

    Raises:
        InvalidArgument: the result is no complete spec.
    """
    explained = "explanation_spec" in model or "explanation_spec" in deployed
    if deployed.disable_explanations or not explained:
        return None
    spec = ExplanationSpec(model.explanation_spec)
    own = deployed.explanation_spec
    replace_fields(spec, own, [field for field in ("parameters", "metadata") if field in own])
    check(spec)
    return spec


def override(spec: ExplanationSpec, wanted: ExplanationSpecOverride) -> ExplanationSpec:
    """A deployed model's spec with what a request overrides.

    Raises:
        InvalidArgument: it changes the method, or names a feature that the spec does not have.
        MethodNotImplemented: the method needs more of the model than its predictions.
    """
    if "examples_override" in wanted:
        raise InvalidArgument(
            "explanation_spec_override.examples_override is for example-based explanations only."
        )
    changed = ExplanationSpec(spec)
    method = _method(spec.parameters)
    if _method(wanted.parameters) not in (None, method):
        raise InvalidArgument(
            "explanation_spec_override.parameters cannot change the attribution method, which is"
            f" {method}."
        )
    parameters, inputs = raw(changed).parameters, raw(changed).metadata.inputs
    if "output_indices" in wanted.parameters:
        parameters.ClearField("output_indices")
    parameters.MergeFrom(raw(wanted.parameters))
    for name, replacement in raw(wanted).metadata.inputs.items():
        if name not in inputs:
            raise InvalidArgument(
                f"explanation_spec_override.metadata.inputs names {name}, which is not one of"
                f" {', '.join(sorted(inputs))}."
            )
        if replacement.input_baselines:
            inputs[name].ClearField("input_baselines")
            inputs[name].input_baselines.extend(replacement.input_baselines)
    check(changed)
    if method != _SHAPLEY:
        raise MethodNotImplemented(
            f"localcloud explains with {_SHAPLEY} only, not with {method}, which needs the model's"
            " graph or its examples; upload the model with sampled Shapley parameters."
        )
    return changed


def _check_parameters(parameters: ExplanationParameters) -> None:
    method = _method(parameters)
    if method is None:
        raise InvalidArgument(
            "explanation_spec.parameters is required; set its attribution method, such as"
            f" {_SHAPLEY}."
        )
    if method == _SHAPLEY:
        _check_range(
            f"{_SHAPLEY}.path_count", parameters.sampled_shapley_attribution.path_count, _MOST_PATHS
        )
    elif method != "examples":
        _check_range(f"{method}.step_count", getattr(parameters, method).step_count, _MOST_STEPS)
    if parameters.top_k < -1:
        raise InvalidArgument(
            f"explanation_spec.parameters.top_k is {parameters.top_k}; give a positive number, or"
            " -1 for all outputs."
        )


def _check_range(field: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidArgument(
            f"explanation_spec.parameters.{field} is {count}; it lies in 1 to {most}."
        )


def _check_baselines(metadata: ExplanationMetadata) -> None:
    counts = {len(each.input_baselines) for each in metadata.inputs.values()} - {0, 1}
    if len(counts) > 1:
        raise InvalidArgument(
            "explanation_spec.metadata.inputs have different numbers of input_baselines; give each"
            " feature as many, or one."
        )


def _method(parameters: ExplanationParameters) -> str | None:
    method: str | None = raw(parameters).WhichOneof("method")
    return method

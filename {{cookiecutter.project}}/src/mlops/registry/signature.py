"""Refuse a model whose serving signature is not what config/features.yaml declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops.errors import UserError
from mlops.features import DTYPES

if TYPE_CHECKING:
    from mlops.features import Features

Signature = Mapping[str, Mapping[str, str]]  # inputs and outputs: names to types and shapes

PREDICTION = "prediction"


class SignatureError(UserError):
    """A model does not take or give what is declared."""


def declared_signature(features: Features) -> Signature:
    """What a model must take and give: each a tensor of shape [batch], here written [-1]."""
    inputs = {column.name: f"{DTYPES[column.type]} [-1]" for column in features.inputs}
    return {"inputs": inputs, "outputs": {PREDICTION: "float32 [-1]"}}


def check_signature(features: Features, signature: Signature) -> None:
    """Compares a SavedModel's signature with the declaration.

    Raises:
        SignatureError: they differ; names the first input or output that does.
    """
    for side, declared in declared_signature(features).items():
        found = signature.get(side, {})
        for name in [*declared, *sorted(found)]:
            if found.get(name) != declared.get(name):
                raise SignatureError(
                    f"The model is not uploaded, because its signature differs from what"
                    f" config/features.yaml declares: of its {side}, {name} is"
                    f" {found.get(name, 'missing')} instead of {declared.get(name, 'absent')};"
                    " train it again."
                )

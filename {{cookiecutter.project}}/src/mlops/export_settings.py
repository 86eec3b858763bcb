"""What a model becomes beside the SavedModel: `export:` in config/ as types."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Quantization = Literal["dynamic_range", "integer"]


class TFLite(BaseModel):
    """The quantised TensorFlow Lite file, and what it must be worth.

    Attributes:
        enabled: whether the training pipeline makes it of a model that passed.
        quantization: dynamic_range stores weights in 8 bits; integer also computes with 8 bits, in
            ranges that are learnt from training rows.
        min_size_ratio: how many times smaller it is than the same network in float32, at least.
        max_loss_percent: how much worse it predicts than the SavedModel, at most: points of
            accuracy, or percent of the mean absolute error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    enabled: bool = False
    quantization: Quantization = "dynamic_range"
    min_size_ratio: float = Field(default=3.4, gt=0)
    max_loss_percent: float = Field(default=0.5, ge=0)


class Export(BaseModel):
    """The formats in which a model is exported."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    tflite: TFLite = TFLite()

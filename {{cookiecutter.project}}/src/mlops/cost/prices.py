"""The prices of config/prices.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, model_validator

from mlops.errors import UserError
from mlops.settings import CONFIG, Section

HOURS_A_MONTH = 730


class PriceError(UserError):
    """There is no price for something, or the file of prices is mistaken."""


class Price(Section):
    """The price of a resource: exactly one of the three."""

    monthly: float | None = Field(default=None, ge=0)
    hourly: float | None = Field(default=None, ge=0)
    usage: str | None = None
    each: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(value is not None for value in (self.monthly, self.hourly, self.usage)) != 1:
            raise ValueError("a price needs exactly one of monthly, hourly and usage")
        return self

    @property
    def idle(self) -> float:
        """Dollars a month while nobody uses it."""
        return (self.monthly or 0) + (self.hourly or 0) * HOURS_A_MONTH


class Machines(Section):
    """Dollars an hour of each machine type."""

    training: dict[str, float]
    serving: dict[str, float]


class Hours(Section):
    """How long the parts of a run are assumed to take."""

    training: float
    custom_job: float
    trial: float
    batch_prediction: float


class Prices(Section):
    """All prices, in US dollars."""

    date: date
    region: str
    source: str
    pipeline_run: float
    step_machine: str
    machines: Machines
    accelerators: dict[str, float]
    hours: Hours
    resources: dict[str, Literal["free"] | Price]

    def machine(self, use: Literal["training", "serving"], machine_type: str) -> float:
        """Dollars an hour.

        Raises:
            PriceError: the file does not know the machine type.
        """
        return self._find(getattr(self.machines, use), machine_type, f"machines.{use}")

    def accelerator(self, name: str) -> float:
        """Dollars an hour.

        Raises:
            PriceError: the file does not know the accelerator.
        """
        return self._find(self.accelerators, name, "accelerators")

    def resource(self, type_name: str) -> Price | None:
        """The price of a resource; None when it is free.

        Raises:
            PriceError: the file does not know the type.
        """
        if type_name not in self.resources:
            raise PriceError(
                f"config/prices.yaml has no price for {type_name}: add it to resources."
            )
        price = self.resources[type_name]
        return price if isinstance(price, Price) else None

    def _find(self, known: dict[str, float], name: str, section: str) -> float:
        if name not in known:
            raise PriceError(f"config/prices.yaml has no price for {name}: add it to {section}.")
        return known[name]


def load_prices(config: Path = CONFIG) -> Prices:
    """Reads the prices.

    Raises:
        PriceError: the file is missing or mistaken.
    """
    path = config / "prices.yaml"
    try:
        return Prices.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise PriceError(f"{path} is missing: run this from the project's root.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PriceError(f"{path}: {' '.join(str(error).split())}.") from None

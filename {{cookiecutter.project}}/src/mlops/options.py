"""What the commands share: which environment they are about."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Environment(StrEnum):
    """The environments that config/ knows."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


EnvironmentOption = Annotated[
    Environment, typer.Option("--environment", "-e", envvar="MLOPS_ENVIRONMENT")
]

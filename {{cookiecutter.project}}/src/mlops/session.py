"""A connection to the project of an environment."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops.settings import Settings


def connect(settings: Settings) -> None:
    """Points Google's clients at the environment's project."""
    from google.cloud import aiplatform

    logging.disable(logging.INFO)  # the SDK announces each call; `mlops` says what matters
    aiplatform.init(
        project=settings.project,
        location=settings.location,
        staging_bucket=f"gs://{settings.bucket}",
    )

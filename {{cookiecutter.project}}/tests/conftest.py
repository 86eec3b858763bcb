"""The project's own configuration. In the template it is not rendered yet: bake, then test."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def config() -> Path:
    """The configuration folder."""
    return ROOT / "config"

"""A plugin of pytest for generated projects: run the tests that read config/, where answers are."""

import pytest

# simulations and revisions: long, and of code alone
OF_CODE = ("test_release_rule.py", "test_difference.py")


def reads_config(item: pytest.Item) -> bool:
    """Whether a test asks for the fixture `config`, and is about it."""
    return "config" in getattr(item, "fixturenames", ()) and item.path.name not in OF_CODE


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Deselect all others."""
    config.hook.pytest_deselected(items=[item for item in items if not reads_config(item)])
    items[:] = [item for item in items if reads_config(item)]

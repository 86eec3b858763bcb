"""Whatever an environment has is in config/prices.yaml, with a price or as free."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from terraform_google.plan import Plan

from mlops.cost.prices import load_prices
from tests.terraform.conftest import TERRAFORM
from tests.terraform.roots import ENVIRONMENTS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_type_of_resource_has_a_price(
    environment: str, plans: dict[str, Plan], config: Path
) -> None:
    assert plans[environment].types - set(load_prices(config).resources) == set()


def test_so_has_each_type_that_an_option_may_add(config: Path) -> None:
    code = "".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    types = set(re.findall(r'^resource "(google_\w+)"', code, re.MULTILINE))
    assert types
    assert types - set(load_prices(config).resources) == set()

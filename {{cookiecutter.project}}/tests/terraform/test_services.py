"""What `mlops doctor` looks for is what Terraform sets up."""

from __future__ import annotations

import pytest
from terraform_google.plan import Plan

from mlops.doctor.needs import SERVICES
from tests.terraform.roots import ENVIRONMENTS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_terraform_enables_what_doctor_needs(environment: str, plans: dict[str, Plan]) -> None:
    enabled = plans[environment].of_type("google_project_service").values()
    names = {each["service"].removesuffix(".googleapis.com") for each in enabled}
    assert set(SERVICES) - names == set()

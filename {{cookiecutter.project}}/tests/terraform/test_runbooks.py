"""Each alert has a section in the runbook that it links to, and each section an alert."""

from __future__ import annotations

import re

from terraform_google.plan import Plan

from tests.terraform.conftest import ROOT

RUNBOOK = ROOT / "docs/operations.md"


def test_each_alert_has_a_section_of_its_own(plans: dict[str, Plan]) -> None:
    headings = re.findall(r"^## ([a-z-]+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    for plan in plans.values():
        policies = plan.of_type("google_monitoring_alert_policy").values()
        links = [link["url"] for policy in policies for link in policy["documentation"][0]["links"]]
        if not links:
            continue  # the root that makes the state's bucket alerts nobody
        anchors = [link.partition("operations.md#")[2] for link in links]
        assert sorted(anchors) == sorted(headings)

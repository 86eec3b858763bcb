"""Accounts can do their job and nothing else, each role says why, and there are no keys."""

from __future__ import annotations

import json

import pytest
from terraform_google.plan import Plan

from tests.terraform.conftest import Plans
from tests.terraform.iam_table import PAGE, render
from tests.terraform.roots import ENVIRONMENTS, project_of

ACCOUNTS = {
    *("ci-apply", "ci-deploy", "monitoring", "pipelines", "privacy", "release-controller"),
    *("scheduler", "serving", "training"),
}
# what is released is built once, in dev
BUILDERS = {"ci-build", "ci-check"}
# Another one here needs a good reason in terraform/modules/platform/accounts.tf, and a reviewer.
PROJECT_WIDE = {
    ("ci-apply", "logging.logWriter"),
    ("ci-apply", "mlopsStarter"),
    ("ci-build", "logging.logWriter"),
    ("ci-build", "mlopsStarter"),
    ("ci-check", "logging.logWriter"),
    ("ci-deploy", "bigquery.jobUser"),
    ("ci-deploy", "logging.logWriter"),
    ("ci-deploy", "mlopsDeliverer"),
    ("ci-deploy", "mlopsMonitor"),
    ("ci-deploy", "mlopsReleaseController"),
    ("ci-deploy", "mlopsSubmitter"),
    ("monitoring", "bigquery.jobUser"),
    ("monitoring", "mlopsMonitor"),
    ("monitoring", "mlopsSubmitter"),
    ("pipelines", "aiplatform.user"),
    ("pipelines", "bigquery.jobUser"),
    ("pipelines", "bigquery.readSessionUser"),
    ("pipelines", "dataflow.developer"),
    ("pipelines", "dataflow.worker"),
    ("pipelines", "dlp.user"),
    ("privacy", "bigquery.jobUser"),
    ("privacy", "dlp.user"),
    ("privacy", "mlopsPrivacyOfficer"),
    ("release-controller", "bigquery.jobUser"),
    ("release-controller", "mlopsMonitor"),
    ("release-controller", "mlopsReleaseController"),
    ("scheduler", "workflows.invoker"),
    ("training", "mlopsTrainer"),
}
PRIMITIVE = ("roles/owner", "roles/editor", "roles/viewer", "roles/browser")
KEYS = {
    "google_apikeys_key",
    "google_secret_manager_secret_version",
    "google_service_account_key",
    "google_storage_hmac_key",
}
# they would take away from others what others granted
AUTHORITATIVE = ("_iam_binding", "_iam_policy")


def bindings(plan: Plan) -> list[tuple[str, str]]:
    """Role and member of each binding, to a project or to anything else."""
    members = [each for each in plan.resources if each.type.endswith("_iam_member")]
    return sorted((each.values["role"], each.values["member"]) for each in members)


def grants(plan: Plan) -> dict[str, dict[str, str]]:
    """What the root says that it grants."""
    return dict(plan.outputs["grants"])


def faults(grant: dict[str, str]) -> list[str]:
    """What is wrong with a grant of an environment."""
    found = []
    if grant["role"] in PRIMITIVE:
        found.append("primitive")
    if "admin" in grant["role"].lower():
        found.append("admin")
    if grant["member"] in ("allUsers", "allAuthenticatedUsers") or "domain:" in grant["member"]:
        found.append("public")
    if len(grant["reason"].split()) < 4 or not grant["reason"].endswith("."):
        found.append("without a reason")
    return found


@pytest.mark.parametrize("root", [*ENVIRONMENTS, "bootstrap"])
def test_what_is_granted_is_what_the_root_says_and_explains(root: str, plans: Plans) -> None:
    said = sorted((each["role"], each["member"]) for each in grants(plans[root]).values())
    assert bindings(plans[root]) == said


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_is_primitive_an_admins_public_or_unexplained(
    environment: str, plans: Plans
) -> None:
    found = {name: faults(grant) for name, grant in grants(plans[environment]).items()}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"role": "roles/editor"}, "primitive"),
        ({"role": "roles/storage.objectAdmin"}, "admin"),
        ({"role": "roles/resourcemanager.projectIamAdmin"}, "admin"),
        ({"member": "allUsers"}, "public"),
        ({"reason": "needed"}, "without a reason"),
    ],
)
def test_a_bad_grant_is_noticed(change: dict[str, str], fault: str) -> None:
    good = {
        "member": "serviceAccount:training@p.iam.gserviceaccount.com",
        "reason": "Training writes its model there.",
        "role": "roles/storage.objectUser",
    }
    assert faults(good) == []
    assert faults(good | change) == [fault]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_what_has_no_narrower_place_is_granted_on_the_project(
    environment: str, plans: Plans
) -> None:
    wide = {
        (name(grant["member"]), short(grant["role"]))
        for grant in grants(plans[environment]).values()
        if grant["resource"] == "project"
    }
    expected = {each for each in PROJECT_WIDE if environment == "dev" or each[0] not in BUILDERS}
    assert wide == expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_job_has_an_account(environment: str, plans: Plans) -> None:
    accounts = plans[environment].of_type("google_service_account").values()
    expected = ACCOUNTS | (BUILDERS if environment == "dev" else set())
    assert {each["account_id"] for each in accounts} == expected
    assert all(each["description"] for each in accounts)


@pytest.mark.parametrize("root", [*ENVIRONMENTS, "bootstrap"])
def test_there_are_no_keys_and_nobody_elses_grants_are_taken_away(root: str, plans: Plans) -> None:
    types = plans[root].types
    assert types & KEYS == set()
    assert [each for each in types if each.endswith(AUTHORITATIVE)] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_roles_made_here_cannot_change_policies_or_act_as_others(
    environment: str, plans: Plans
) -> None:
    roles = plans[environment].of_type("google_project_iam_custom_role").values()
    permissions = {each for role in roles for each in role["permissions"]}
    assert permissions
    for ending in ("setIamPolicy", "actAs", "getAccessToken", "delete", "*"):
        assert [each for each in permissions if each.endswith(ending)] == []


def test_terraforms_account_can_grant_the_platforms_roles_alone(plans: Plans) -> None:
    bootstrap = plans["bootstrap"]
    wide = bootstrap.of_type("google_project_iam_member").values()
    conditions = {each["role"]: each["condition"] for each in wide}
    [condition] = conditions.pop("roles/resourcemanager.projectIamAdmin")
    assert not any(conditions.values())
    grantable = set(bootstrap.outputs["grantable"])
    assert all(f"'{role}'" in condition["expression"] for role in grantable)
    needed = {
        grant["role"].replace(project_of(plans[name]), project_of(bootstrap))
        for name in ENVIRONMENTS
        for grant in grants(plans[name]).values()
        if grant["resource"] == "project"
    }
    assert needed <= grantable
    assert {faulty for faulty in grantable if faulty in PRIMITIVE or "dmin" in faulty} == set()
    assert not any(role in PRIMITIVE for role in conditions)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_terraforms_account_is_lent_to_the_build_that_applies_alone(
    environment: str, plans: Plans
) -> None:
    plan = plans[environment]
    lent = {
        (name(grant["member"]), grant["resource"])
        for grant in grants(plan).values()
        if grant["role"] == "roles/iam.serviceAccountTokenCreator"
    }
    assert lent == {("ci-apply", "account terraform")}
    narrow = {
        (short(grant["role"]), grant["resource"])
        for grant in grants(plan).values()
        if name(grant["member"]) == "ci-apply"
    }
    assert narrow == {
        ("logging.logWriter", "project"),
        ("mlopsStarter", "project"),
        ("iam.serviceAccountTokenCreator", "account terraform"),
        ("iam.serviceAccountUser", "account ci-deploy"),
    }


def test_the_page_tells_what_the_code_grants(plans: Plans) -> None:
    assert PAGE.read_text() == render(plans), "run `make iam`, and commit docs/iam.md"


@pytest.mark.parametrize("root", [*ENVIRONMENTS, "bootstrap"])
def test_nothing_is_public(root: str, plans: Plans) -> None:
    text = json.dumps(plans[root].document["planned_values"])
    assert "allUsers" not in text
    assert "allAuthenticatedUsers" not in text


def name(member: str) -> str:
    """The id of an account."""
    return member.removeprefix("serviceAccount:").partition("@")[0]


def short(role: str) -> str:
    return role.rpartition("/")[2]

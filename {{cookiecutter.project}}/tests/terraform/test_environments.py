"""What the environments set: names, labels, retention, keys, protection, alerts, delivery."""

from __future__ import annotations

from typing import Any

import pytest
from terraform_google.plan import Plan
from terraform_google.workspace import Workspace

from mlops.batch_prediction.tables import working_dataset
from mlops.settings import load_settings
from tests.terraform.conftest import ROOT, TERRAFORM, MakeWorkspace, Plans
from tests.terraform.roots import ENVIRONMENTS

DAY = 24 * 60 * 60
DATASETS = {"batch_predictions", "batch_predictions_runs", "privacy_findings", "request_log"}
# labels of a channel say where it leads; rules for Private Service Connect may not have any
LABELLED_OTHERWISE = {
    "google_compute_global_forwarding_rule",
    "google_monitoring_notification_channel",
}
# where a customer's key is set, by type; jobs are looked at on their own
KEYS = {
    "google_artifact_registry_repository": "kms_key_name",
    "google_bigquery_dataset": "default_encryption_configuration",
    "google_bigquery_table": "encryption_configuration",
    "google_pubsub_topic": "kms_key_name",
    "google_storage_bucket": "encryption",
    "google_vertex_ai_endpoint": "encryption_spec",
    "google_vertex_ai_metadata_store": "encryption_spec",
    "google_vertex_ai_tensorboard": "encryption_spec",
    "google_workflows_workflow": "crypto_key_name",
}


def platform_of(plan: Plan) -> dict[str, Any]:
    """What the environment tells code and people, as far as it is known before it is made."""
    return dict(plan.document["output_changes"]["platform"]["after"])


def datasets(plan: Plan) -> dict[str, dict[str, Any]]:
    return {each["dataset_id"]: each for each in plan.of_type("google_bigquery_dataset").values()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_made_is_what_config_names(environment: str, plans: Plans) -> None:
    settings = load_settings(environment, ROOT / "config")
    plan = plans[environment]
    platform = platform_of(plan)
    assert plan.only("google_storage_bucket")["name"] == settings.bucket
    assert platform["images"] == settings.images.repository
    assert platform["service_accounts"]["pipelines"] == settings.service_account
    predictions = settings.batch_prediction.dataset
    assert {predictions, working_dataset(predictions)} <= set(datasets(plan))
    endpoint = plan.only("google_vertex_ai_endpoint")
    assert endpoint["display_name"] == settings.name
    assert endpoint["location"] == settings.location
    assert endpoint["project"] == settings.project


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_is_labelled(environment: str, plans: Plans) -> None:
    expected = {"environment": environment, "managed-by": "terraform"}
    labelled = [
        each
        for each in plans[environment].resources
        if each.is_managed and "labels" in each.values and each.type not in LABELLED_OTHERWISE
    ]
    assert len(labelled) > 10
    for each in labelled:
        assert expected.items() <= (each.values["labels"] or {}).items(), each.address


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_bucket_is_closed_versioned_and_forgets(environment: str, plans: Plans) -> None:
    bucket = plans[environment].only("google_storage_bucket")
    assert bucket["uniform_bucket_level_access"] is True
    assert bucket["public_access_prevention"] == "enforced"
    assert bucket["versioning"] == [{"enabled": True}]
    assert bucket["soft_delete_policy"][0]["retention_duration_seconds"] == 0
    noncurrent = [
        rule["condition"][0]["days_since_noncurrent_time"] for rule in bucket["lifecycle_rule"]
    ]
    assert {"dev": 1, "staging": 7, "prod": 7}[environment] in noncurrent


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rows_are_forgotten(environment: str, plans: Plans) -> None:
    found = datasets(plans[environment])
    assert set(found) == DATASETS
    assert {each["max_time_travel_hours"] for each in found.values()} == {"48"}
    days = {"dev": (7, 7, 30), "staging": (7, 7, 30), "prod": (30, 30, 90)}[environment]
    requests, predictions, findings = (each * DAY * 1000 for each in days)
    assert found["request_log"]["default_partition_expiration_ms"] == requests
    assert found["batch_predictions"]["default_table_expiration_ms"] == predictions
    assert found["batch_predictions_runs"]["default_table_expiration_ms"] == 7 * DAY * 1000
    assert found["privacy_findings"]["default_table_expiration_ms"] == findings
    table = plans[environment].only("google_bigquery_table")
    [partitioning] = table["time_partitioning"]
    assert (partitioning["field"], partitioning["expiration_ms"]) == ("logging_time", requests)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_key_of_ones_own_encrypts_everything_or_nothing(environment: str, plans: Plans) -> None:
    plan = plans[environment]
    keyed = {
        each.address: bool(each.values.get(KEYS[each.type]))
        for each in plan.resources
        if each.type in KEYS
    }
    for address, job in plan.of_type("google_cloud_run_v2_job").items():
        keyed[address] = bool(job["template"][0]["template"][0].get("encryption_key"))
    assert len(keyed) >= 13
    assert set(keyed.values()) == {environment != "dev"}, keyed
    rotated = plan.of_type("google_kms_crypto_key").values()
    assert {each["rotation_period"] for each in rotated} == {f"{90 * DAY}s"}


def test_what_holds_data_in_prod_cannot_be_destroyed(plans: Plans) -> None:
    for environment in ("dev", "prod"):
        protected = environment == "prod"
        plan = plans[environment]
        assert plan.only("google_storage_bucket")["force_destroy"] is not protected
        for dataset in datasets(plan).values():
            assert dataset["delete_contents_on_destroy"] is not protected
        assert plan.only("google_bigquery_table")["deletion_protection"] is protected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_endpoint_logs_requests_where_the_platform_says(environment: str, plans: Plans) -> None:
    plan = plans[environment]
    [logging] = plan.only("google_vertex_ai_endpoint")["predict_request_response_logging_config"]
    assert logging["enabled"] is True
    assert logging["sampling_rate"] == {"dev": 1, "staging": 1, "prod": 0.1}[environment]
    [destination] = logging["bigquery_destination"]
    assert destination["output_uri"] == f"bq://{platform_of(plan)['request_log']}"


def test_traffic_and_images_belong_to_releases() -> None:
    modules = TERRAFORM / "modules"
    assert "ignore_changes = [traffic_split]" in (modules / "vertex/main.tf").read_text()
    assert "containers[0].image]" in (modules / "cloud-run-job/main.tf").read_text()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_alert_reaches_someone_and_says_what_to_do(environment: str, plans: Plans) -> None:
    plan = plans[environment]
    runbook = plan.document["variables"]["runbook"]["value"]
    policies = plan.of_type("google_monitoring_alert_policy")
    keys = {policy["user_labels"]["alert"] for policy in policies.values()}
    headings = {
        "decay", "drift", "errors", "findings", "jobs", "latency", "pipelines", "saturation"
    }  # fmt: skip
    assert keys == headings
    for address, policy in policies.items():
        [documentation] = policy["documentation"]
        assert documentation["links"][0]["url"] == f"{runbook}#{policy['user_labels']['alert']}"
        assert policy["severity"], address
        assert "notification_channels" in policy or known_later(plan, address), address
    emails = [
        channel["labels"]["email_address"]
        for channel in plan.of_type("google_monitoring_notification_channel").values()
        if channel["type"] == "email"
    ]
    assert emails == plan.document["variables"]["alert_emails"]["value"]


def known_later(plan: Plan, address: str) -> bool:
    """Whether an alert's channels get their names when they are made."""
    [change] = [each for each in plan.document["resource_changes"] if each["address"] == address]
    return bool(change["change"]["after_unknown"].get("notification_channels"))


def test_drift_starts_retraining_where_users_are(plans: Plans) -> None:
    types = {
        environment: [
            each["type"]
            for each in plans[environment]
            .of_type("google_monitoring_notification_channel")
            .values()
        ]
        for environment in ENVIRONMENTS
    }
    assert types == {"dev": ["email"], "staging": ["email"], "prod": ["email", "pubsub"]}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_prod_runs_by_itself(environment: str, plans: Plans) -> None:
    schedules = plans[environment].of_type("google_cloud_scheduler_job").values()
    paused = {schedule["name"]: schedule["paused"] for schedule in schedules}
    assert paused == dict.fromkeys(("release-controller", "retraining"), environment != "prod")


def test_a_person_approves_what_reaches_users(plans: Plans) -> None:
    approvals = {
        trigger["name"]: trigger["approval_config"][0]["approval_required"]
        for environment in ENVIRONMENTS
        for trigger in plans[environment].of_type("google_cloudbuild_trigger").values()
    }
    assert approvals == {
        "apply-dev": False,
        "apply-prod": True,
        "apply-staging": False,
        "deploy-dev": False,
        "deploy-prod": True,
        "deploy-staging": False,
        "main": False,
        "pull-request": False,
    }


@pytest.mark.skipif(not (ROOT / "cloudbuild.yaml").exists(), reason="this repository has no builds")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_builds_run_files_of_this_repository_as_their_own_accounts(
    environment: str, plans: Plans
) -> None:
    plan = plans[environment]
    emails = platform_of(plan)["service_accounts"]
    accounts = {"main": "ci-build", "pull-request": "ci-check"}
    for trigger in plan.of_type("google_cloudbuild_trigger").values():
        manual = trigger.get("git_file_source") or []
        file = ROOT / (manual[0]["path"] if manual else trigger["filename"])
        assert file.is_file(), file
        applies = trigger["name"].startswith("apply-")
        account = emails[accounts.get(trigger["name"], "ci-apply" if applies else "ci-deploy")]
        assert trigger["service_account"].endswith(f"/serviceAccounts/{account}")
        declared = file.read_text()
        for substitution in trigger["substitutions"] or {}:
            assert f"\n  {substitution}:" in declared, f"{file} declares no {substitution}"


def test_prods_network_lets_nothing_in_and_reaches_google_privately(plans: Plans) -> None:
    plan = plans["prod"]
    assert plan.only("google_compute_network")["delete_default_routes_on_create"] is True
    assert plan.only("google_compute_subnetwork")["private_ip_google_access"] is True
    rule = plan.only("google_compute_firewall")
    assert rule["source_ranges"] is None
    assert rule["source_service_accounts"] == rule["target_service_accounts"]
    assert {each["visibility"] for each in plan.of_type("google_dns_managed_zone").values()} == {
        "private"
    }


def test_dlp_counts_and_never_quotes(plans: Plans) -> None:
    for environment in ENVIRONMENTS:
        plan = plans[environment]
        template = plan.only("google_data_loss_prevention_inspect_template")
        assert template["inspect_config"][0]["include_quote"] is False
        scans = plan.of_type("google_data_loss_prevention_job_trigger").values()
        assert {each["status"] for each in scans} == {
            "PAUSED" if environment == "dev" else "HEALTHY"
        }
        for scan in scans:
            [storage] = scan["inspect_job"][0]["storage_config"]
            [timespan] = storage["timespan_config"]
            assert timespan["enable_auto_population_of_timespan_config"] is True


def test_dlp_is_asked_for_no_scan_that_it_refuses(plans: Plans) -> None:
    """By what google.cloud.dlp_v2 says of BigQueryOptions and PublishFindingsToDataplexCatalog."""
    scans = plans["prod"].of_type("google_data_loss_prevention_job_trigger").values()
    jobs = [scan["inspect_job"][0] for scan in scans]
    tables = [job["storage_config"][0]["big_query_options"] for job in jobs]
    published = [
        any(action["publish_findings_to_dataplex_catalog"] for action in job["actions"])
        for job in jobs
    ]
    assert published == [bool(table) for table in tables]
    limits = [(each["rows_limit"], each["rows_limit_percent"]) for [each] in filter(None, tables)]
    assert limits == [(None, None)]


def test_money_is_watched(plans: Plans) -> None:
    amounts = {
        environment: plans[environment].only("google_billing_budget")["amount"][0][
            "specified_amount"
        ][0]["units"]
        for environment in ENVIRONMENTS
    }
    assert amounts == {"dev": "200", "staging": "500", "prod": "2000"}


def test_dev_can_be_made_is_then_as_wanted_and_can_be_removed(workspace: MakeWorkspace) -> None:
    dev = workspace("environments/dev")
    dev.apply()
    assert dev.plan("-detailed-exitcode").actions == {}
    keep_keys(dev)
    dev.destroy()
    assert dev.state() == []


def keep_keys(workspace: Workspace) -> None:
    """Leaves the keys to Google, as everyone must who removes an environment."""
    for address in workspace.state():
        if ".google_kms_crypto_key.this" in address:
            workspace.run("state", "rm", address)


def test_terraform_test_passes(stand_in: dict[str, str], workspace: MakeWorkspace) -> None:
    workspace(".").run("test")

"""What `mlops cost` adds up, from the project's own settings and prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mlops.cli import app
from mlops.cost.estimate import count_of, estimate
from mlops.cost.plan import PlanError, Resource, read_plan
from mlops.cost.prices import PriceError, load_prices
from mlops.settings import load_settings

KEY = Resource("google_kms_crypto_key", {})


def write_plan(folder: Path, *types: str) -> Path:
    resources = [{"mode": "managed", "type": each, "values": {}} for each in types]
    root = {"child_modules": [{"resources": resources}]}
    path = folder / "plan.json"
    path.write_text(json.dumps({"planned_values": {"root_module": root}}))
    return path


def test_an_idle_month_is_machines_and_resources(config: Path) -> None:
    settings, prices = load_settings("dev", config), load_prices(config)
    found = estimate(settings, [KEY, KEY, Resource("google_service_account", {})], prices)
    machines = settings.serving.min_replica_count * 730
    machine = prices.machines.serving[settings.serving.machine_type]
    assert [item.dollars for item in found.idle] == pytest.approx([machines * machine, 0.12])


def test_a_run_costs_its_steps_its_machines_and_its_search(config: Path) -> None:
    settings, prices = load_settings("dev", config), load_prices(config)
    before = sum(item.dollars for item in estimate(settings, [], prices).runs["training"])
    job = settings.custom_job.model_copy(
        update={"enabled": True, "worker_count": 1, "accelerator_type": "NVIDIA_TESLA_T4"}
    )
    tuning = settings.tuning.model_copy(update={"max_trial_count": 10})
    more = settings.model_copy(update={"custom_job": job, "tuning": tuning})
    after = sum(item.dollars for item in estimate(more, [], prices).runs["training"])
    machines, hours = prices.machines.training, prices.hours
    two = 2 * (machines[job.machine_type] + prices.accelerators["NVIDIA_TESLA_T4"])
    trials = 10 * machines[tuning.machine_type] * hours.trial
    assert after - before == pytest.approx(two * hours.custom_job + trials)


@pytest.mark.parametrize(
    ("values", "path", "count"),
    [
        ({}, None, 1),
        ({"conditions": [{}, {}, {}]}, "conditions", 3),
        ({"bigtable": [{"auto_scaling": [{"min": 4}]}]}, "bigtable.auto_scaling.min", 4),
        ({"bigtable": []}, "bigtable.auto_scaling.min", 0),
    ],
)
def test_a_price_counts_as_often_as_the_resource_says(
    values: dict[str, Any], path: str | None, count: int
) -> None:
    assert count_of(values, path) == count


def test_what_has_no_price_is_named(config: Path) -> None:
    settings, prices = load_settings("dev", config), load_prices(config)
    with pytest.raises(PriceError, match="no price for google_sql_instance: add it to resources"):
        estimate(settings, [Resource("google_sql_instance", {})], prices)
    serving = settings.serving.model_copy(update={"machine_type": "n9-mega"})
    with pytest.raises(PriceError, match="no price for n9-mega: add it to machines"):
        estimate(settings.model_copy(update={"serving": serving}), [], prices)


def test_the_command_prints_a_table(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    plan = write_plan(tmp_path, "google_kms_crypto_key", "google_storage_bucket")
    done = CliRunner().invoke(app, ["cost", "dev", "--plan", str(plan)])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "List prices of 2" in lines[0]
    assert any(line.split() == ["google_kms_crypto_key,", "1", "0.06"] for line in lines)
    assert any(line.startswith("a run of training") for line in lines)
    assert any("google_storage_bucket, 1: 0.02 a GB" in line for line in lines)


def test_a_plan_that_is_missing_or_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="make plan ENVIRONMENT=dev"):
        read_plan(tmp_path / "dev.json", "dev")
    (tmp_path / "dev.json").write_text("[]")
    for path in (tmp_path / "dev.json", tmp_path):
        with pytest.raises(PlanError, match="is no plan"):
            read_plan(path, "dev")

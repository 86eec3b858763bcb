"""Training on several machines, and training that is killed, by the command of a CustomJob."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import tensorflow as tf

from mlops.settings import Training
from mlops.training.checkpoint import FILE
from mlops.training.command import Task
from mlops.training.summary import read_summary
from mlops.training.train import fit_model
from tests.ml.conftest import Run
from tests.ml.extracts import ROOT

MACHINES = ("chief", "worker")


@pytest.fixture
def training(run: Run) -> Training:
    """Two epochs of a few steps each."""
    return run.settings.training.model_copy(update={"epochs": 2, "batch_size": 2048})


def start_machines(run: Run, training: Training, folder: Path) -> list[subprocess.Popen[str]]:
    """A chief and a worker, as Vertex AI starts them; each would write to a folder of its own."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in MACHINES]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    cluster = {name: [address] for name, address in zip(MACHINES, addresses, strict=True)}
    return [
        start_machine(
            run, training, folder, {"cluster": cluster, "task": {"type": name, "index": 0}}
        )
        for name in MACHINES
    ]


def start_machine(
    run: Run, training: Training, folder: Path, tf_config: dict[str, dict[str, object]]
) -> subprocess.Popen[str]:
    task = Task(
        features=run.features,
        training=training,
        transformed=run.transformed,
        graph=run.graph,
        output=str(folder / str(tf_config["task"]["type"])),
    )
    variables = {
        "PYTHONPATH": str(ROOT / "src"),
        "TF_CONFIG": json.dumps(tf_config),
        "AIP_CHECKPOINT_DIR": f"{folder}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{folder}/logs/",
    }
    return subprocess.Popen(
        [sys.executable, *task.command[1:]],
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_machines_go_on_together_from_the_saved_epoch(
    run: Run, training: Training, tmp_path: Path
) -> None:
    machines = start_machines(run, training, tmp_path)
    try:
        assert any("Epoch 1/2" in line for line in machines[0].stderr or ())
    finally:
        for machine in machines:
            machine.kill()
            machine.communicate()
    assert (tmp_path / "checkpoints" / FILE).is_file()
    assert not (tmp_path / "chief").exists()

    outputs = [machine.communicate()[1] for machine in start_machines(run, training, tmp_path)]
    for output in outputs:
        assert re.findall(r"Epoch (\d)/2", output) == ["2"], output
    weights = [re.findall("^Weights: (.+)$", output, re.M) for output in outputs]
    assert weights[0] == weights[1] != []

    assert tf.saved_model.load(tmp_path / "chief").signatures.keys() >= {"serving_default"}
    assert read_summary(str(tmp_path / "chief")).keys() >= {"epochs", "val_loss"}
    assert not (tmp_path / "worker").exists()
    assert not (tmp_path / "checkpoints" / FILE).exists()
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"train", "validation"}


def test_a_resumed_training_ends_as_if_it_had_not_been_stopped(
    run: Run, training: Training, tmp_path: Path
) -> None:
    first = training.model_copy(update={"epochs": 1})
    fit_model(run.features, first, run.transformed, checkpoints=str(tmp_path))
    resumed, history = fit_model(run.features, training, run.transformed, checkpoints=str(tmp_path))
    straight, expected = fit_model(run.features, training, run.transformed)
    assert history == expected
    for found, wanted in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        assert found.tobytes() == wanted.tobytes()

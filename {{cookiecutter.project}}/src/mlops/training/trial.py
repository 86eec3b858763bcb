"""One trial of a HyperparameterTuningJob: `python -m mlops.training.trial`.

Vertex appends an argument for each hyperparameter that it has chosen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

import hypertune

from mlops.features import Features
from mlops.settings import Training
from mlops.training.train import fit, summarize


def run_trial(task: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    """Trains with the chosen hyperparameters and reports what the saved weights would reach.

    Args:
        task: `features`, `training`, the URI of the `transformed` examples, and the `metric` to
            report.
        chosen: hyperparameters that replace those of `training`.
    """
    training = Training.model_validate({**task["training"], **chosen})
    fitted = fit(Features.model_validate(task["features"]), training, task["transformed"])
    reached = summarize(fitted.history)
    hypertune.HyperTune().report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag=task["metric"],
        metric_value=reached[task["metric"]],
        global_step=int(reached["epochs"]),
    )


def main() -> None:
    """Reads the command line; each value is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--task", type=json.loads, required=True)
    for name in Training.model_fields:
        parser.add_argument(f"--{name}", type=json.loads, default=argparse.SUPPRESS)
    chosen = vars(parser.parse_args())
    run_trial(chosen.pop("task"), chosen)


if __name__ == "__main__":
    main()

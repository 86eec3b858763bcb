"""Train in a container of its own: `python -m mlops.training.task`.

It is the entry point of each machine of a Vertex AI CustomJob, and of `make train-local`.
"""

from __future__ import annotations

import argparse
import os

from mlops.training.command import Task
from mlops.training.train import train


def run_task(task: Task) -> None:
    """Trains, with checkpoints and logs where Vertex AI wants them."""
    train(
        task.features,
        task.training,
        task.transformed,
        task.graph,
        task.output,
        checkpoints=os.environ.get("AIP_CHECKPOINT_DIR", ""),
        logs=os.environ.get("AIP_TENSORBOARD_LOG_DIR", ""),
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--task", type=Task.model_validate_json, required=True)
    run_task(parser.parse_args().task)


if __name__ == "__main__":
    main()

"""Which features help: train again without each of them. `python -m mlops.training.ablation`.

Permutation importance tells what a trained model hangs on; a feature that others can stand in for
has some, though the model is as good without it. Only training again shows that: see Hooker et al.,
A Benchmark for Interpretability Methods in Deep Neural Networks, 2019 (remove and retrain).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import tensorflow as tf

from mlops.features import Role
from mlops.training.ablation_report import HEADLINES, Ablated, Ablation, write_page
from mlops.training.command import Task
from mlops.training.train import fit, summarize

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Training

REPEATS = 3


def ablate(features: Features, training: Training, transformed: str, repeats: int) -> Ablation:
    """Trains with all features, and without each one, and measures on the split `eval`.

    Args:
        features: the declaration of the data.
        training: hyperparameters; the first seed is theirs.
        transformed: URI of the transformed examples, a folder a split.
        repeats: how many seeds each model is trained with; the same ones, so that a model is
            compared with the one that has begun as it has.

    Returns:
        What is lost without each feature, the most first.
    """
    seeds = [training.seed + number for number in range(repeats)]
    metric, sign = HEADLINES[features.problem]

    def measure(declared: Features) -> list[float]:
        each = (training.model_copy(update={"seed": seed}) for seed in seeds)
        fitted = (fit(declared, seeded, transformed) for seeded in each)
        return [summarize(one.history)[f"val_{metric}"] for one in fitted]

    whole = measure(features)
    found = []
    for name in list_features(features):
        print(f"Training without {name}", file=sys.stderr, flush=True)
        pairs = zip(whole, measure(drop(features, name)), strict=True)
        found.append(Ablated(name, tuple(sign * (before - after) for before, after in pairs)))
    return Ablation(metric, tuple(whole), tuple(sorted(found, key=lambda each: -each.mean)))


def list_features(features: Features) -> list[str]:
    """The features of which each can be left out: inputs, derived ones and crosses.

    Not the only input.
    """
    inputs = [column.name for column in features.inputs]
    derived = [each.name for each in features.derived]
    crosses = [each.name for each in features.crosses]
    return [*(inputs if len(inputs) > 1 else []), *derived, *crosses]


def drop(features: Features, name: str) -> Features:
    """The declaration without a feature, and without what is computed of it."""
    columns = tuple(
        column.model_copy(update={"role": Role.VALIDATED}) if column.name == name else column
        for column in features.columns
    )
    return features.model_copy(
        update={
            "columns": columns,
            "derived": tuple(d for d in features.derived if name not in (d.name, *d.of)),
            "crosses": tuple(c for c in features.crosses if name not in (c.name, *c.of)),
        }
    )


def write_ablation(found: Ablation, output: str) -> None:
    """Writes `ablation.json` and `ablation.html` to the folder at a URI."""
    tf.io.gfile.makedirs(output)
    told = json.dumps(asdict(found), indent=2)
    for name, text in {"ablation.json": told, "ablation.html": write_page(found)}.items():
        with tf.io.gfile.GFile(f"{output}/{name}", "w") as file:
            file.write(text)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--task", type=Task.model_validate_json, required=True)
    parser.add_argument("--repeats", type=int, choices=range(1, 21), default=REPEATS, metavar="N")
    arguments = parser.parse_args()
    task: Task = arguments.task
    found = ablate(task.features, task.training, task.transformed, arguments.repeats)
    write_ablation(found, task.output)
    for each in found.features:
        print(f"{each.name:<46}  {each.mean:>+8.4f}  {each.verdict}")
    print(f"{task.output}/ablation.html")


if __name__ == "__main__":
    main()

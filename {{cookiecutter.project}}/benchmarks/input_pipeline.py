"""What training's input pipeline gains on one that parses example by example.

Run by `make benchmark-input`, in the ml image. Both read the same made-up examples, in turn, in one
run, so that the ratio means something on any machine.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from mlops.data.query import Split
from mlops.features import Features
from mlops.settings import load_settings
from mlops.training.examples import example_spec, read_examples

ROWS = 50_000
REPEATS = 5
SEED = 17


def write_examples(features: Features, folder: Path) -> None:
    """Examples of the declared inputs and label, in the layout of the transform step."""
    random = np.random.default_rng(SEED)
    columns = {
        name: random.normal(size=ROWS)
        if spec.dtype == tf.float32
        else random.integers(2, size=ROWS)
        for name, spec in example_spec(features).items()
    }
    path = folder / Split.TRAIN / "examples.tfrecord.gz"
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for row in zip(*columns.values(), strict=True):
            feature = {name: make_feature(value) for name, value in zip(columns, row, strict=True)}
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def make_feature(value: np.generic) -> tf.train.Feature:
    """A value as a feature of an example."""
    if isinstance(value, np.floating):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def read_naively(features: Features, folder: Path, batch_size: int) -> tf.data.Dataset:
    """Each example parsed by itself, one after the other, when it is asked for."""
    spec, label = example_spec(features), features.label.name

    def parse(serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        example = tf.io.parse_single_example(serialized, spec)
        return example, tf.cast(example.pop(label), tf.float32)

    files = tf.io.gfile.glob(f"{folder}/{Split.TRAIN}/*.tfrecord.gz")
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return records.shuffle(100_000, seed=SEED).map(parse).batch(batch_size)


def measure(read: Callable[[], tf.data.Dataset]) -> float:
    """Rows a second over one epoch."""
    started = time.perf_counter()
    count = sum(len(labels) for _, labels in read())
    assert count == ROWS  # noqa: S101 - a measurement of other rows would mean nothing
    return count / (time.perf_counter() - started)


def main() -> None:
    """Prints the medians and their ratio."""
    settings = load_settings()
    features, training = settings.features, settings.training
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_examples(features, folder)
        ways = {
            "naive": lambda: read_naively(features, folder, training.batch_size),
            "training": lambda: read_examples(features, training, name, Split.TRAIN),
        }
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(REPEATS):
            for way, read in ways.items():
                rates[way].append(measure(read))
    medians = {way: statistics.median(found) for way, found in rates.items()}
    for way, median in medians.items():
        print(f"{way:<10}{median:>12,.0f} rows/s (median of {REPEATS})")
    print(f"ratio     {medians['training'] / medians['naive']:>12.2f}")


if __name__ == "__main__":
    main()

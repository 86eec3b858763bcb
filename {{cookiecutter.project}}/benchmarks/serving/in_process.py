"""Calls a SavedModel without a server: for each line of input, so many seconds; tells the rows/s.

Run in the environment of the serving image: `in_process.py MODEL INSTANCES`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import tensorflow as tf

from mlops.serving.instances import read_columns
from mlops.serving.model import ServingModel

WARM_UP = 50


def main() -> None:
    """Calls the signature on tensors that are made beforehand, so nothing but the model counts."""
    folder, path = sys.argv[1:]
    instances: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    columns = read_columns(ServingModel(folder).fields, instances)
    signature = tf.saved_model.load(folder).signatures["serving_default"]
    tensors = {name: tf.constant(column) for name, column in columns.items()}
    for _ in range(WARM_UP):
        signature(**tensors)
    print("ready", flush=True)
    for line in sys.stdin:
        start, calls = time.perf_counter(), 0
        while time.perf_counter() - start < float(line):
            for output in signature(**tensors).values():
                output.numpy()
            calls += 1
        print(calls * len(instances) / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()

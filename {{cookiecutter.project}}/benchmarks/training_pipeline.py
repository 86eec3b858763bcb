"""What the training pipeline costs, cold and cached, next to the same steps in TFX.

Run by `make benchmark-training`. Both train on the sample's 15,002 trips, one after the other on
this machine: our pipeline through Vertex AI Pipelines on a localcloud of its own, and eight nodes
of TFX by its LocalDagRunner, in one process. Each is timed from the command to its end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
# prints the rows of our extract as one CSV file, which TFX reads
EXPORT = """
import sys
from pathlib import Path
import pandas as pd
from mlops.settings import load_settings
from tests.ml.extracts import sample, write_extract

folder = Path(sys.argv[1])
data = Path(write_extract(load_settings().features, sample.read_trips(), folder / "extract"))
rows = pd.concat(pd.read_parquet(file) for file in sorted(data.rglob("*.parquet")))
(folder / "csv").mkdir()
rows.to_csv(folder / "csv/rows.csv", index=False)
print(len(rows))
"""


def measure(command: Sequence[str], **variables: str) -> float:
    """Seconds that a command takes; it must succeed."""
    started = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - started


def main() -> None:
    """Measures both, and tells the ratios."""
    ml = subprocess.run(
        [str(BIN / "localcloud"), "build", "ml"], capture_output=True, text=True, check=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        own = {"LOCALCLOUD_HOME": str(folder / "state"), "MLOPS_ENVIRONMENT": "local"}
        localcloud = str(BIN / "localcloud")
        measure([localcloud, "up"], **own)
        try:
            load = ["--image", "ml", "--", "python", "infra/sample/taxi_trips.py"]
            measure([localcloud, "run", *load], **own)
            train = [localcloud, "run", "--", str(BIN / "mlops"), "pipelines", "run", "training"]
            ours = [measure(train, **own) for _ in range(2)]
        finally:
            subprocess.run([localcloud, "down"], env={**os.environ, **own}, check=False)
        path = {"PYTHONPATH": os.pathsep.join(["src", "."]), "MLOPS_ENVIRONMENT": "local"}
        measure([ml, "-c", EXPORT, str(folder)], **path)
        run = ["--data", str(folder / "csv"), "--root", str(folder / "tfx")]
        tfx = [measure([ml, "-m", "mlops.tfx", "run", *run], **path) for _ in range(2)]
    print(f"{'':<10}{'ours':>10}{'TFX':>10}{'ratio':>8}")
    for name, mine, theirs in zip(("cold", "cached"), ours, tfx, strict=True):
        print(f"{name:<10}{mine:>8.1f} s{theirs:>8.1f} s{mine / theirs:>8.2f}")


if __name__ == "__main__":
    main()

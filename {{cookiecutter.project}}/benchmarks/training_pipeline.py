"""What the training pipeline costs, cold and cached, next to the same steps in TFX.

Run by `make benchmark-training`. Both train on the sample's 15,002 trips, by turns on this machine:
our pipeline through Vertex AI Pipelines on a localcloud of its own, and eight nodes of TFX by its
LocalDagRunner, in one process. Each is timed from the command to its end; ours also deploys the
model and asks it. What our steps take by themselves is told below. One round says little, since a
machine's speed changes by a fifth within minutes; the last lines are the medians of all rounds.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor_time import family_seconds

BIN = Path(sys.executable).parent
ROUNDS = 3
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


@dataclass(frozen=True)
class Cost:
    """Seconds that a command takes, and of processor time, which other load distorts less.

    `output` is what the command printed.
    """

    wall: float
    processor: float
    output: str


def measure(command: Sequence[str], server: int | None = None, **variables: str) -> Cost:
    """What a command takes, with what a server does for it meanwhile; it must succeed."""
    started, used = time.perf_counter(), processor_seconds(server)
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    wall, processor = time.perf_counter() - started, processor_seconds(server) - used
    return Cost(wall, processor, done.stdout)


def processor_seconds(server: int | None) -> float:
    """The processor time of the commands so far, and of a server, with all below it."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    serving = family_seconds(server, ended=True) if server else 0
    return children.ru_utime + children.ru_stime + serving


def main() -> None:
    """Measures both by turns, and tells the ratios."""
    rounds = [run_round() for _ in range(ROUNDS)]
    for name in rounds[0]:
        ratio = statistics.median(each[name] for each in rounds)
        print(f"{name:<8}median ratio of wall times {ratio:.2f}")


def run_round() -> dict[str, float]:
    """A cold and a cached run of both; gives the ratios of their wall times."""
    ml = subprocess.run(
        [str(BIN / "localcloud"), "build", "ml"], capture_output=True, text=True, check=True
    ).stdout.strip()
    path = {"PYTHONPATH": os.pathsep.join(["src", "."]), "MLOPS_ENVIRONMENT": "local"}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measure([ml, "-c", EXPORT, str(folder)], **path)
        data = ["--data", str(folder / "csv"), "--root", str(folder / "tfx")]
        own = {"LOCALCLOUD_HOME": str(folder / "state"), "MLOPS_ENVIRONMENT": "local"}
        localcloud = str(BIN / "localcloud")
        measure([localcloud, "up"], **own)
        try:
            load = ["--image", "ml", "--", "python", "infra/sample/taxi_trips.py"]
            measure([localcloud, "run", *load], **own)
            server = json.loads((folder / "state/server.json").read_text())["pid"]
            train = [localcloud, "run", "--", str(BIN / "mlops"), "pipelines", "run", "training"]
            ratios = {}
            for name in ("cold", "cached"):
                mine = measure(train, server, **own)
                theirs = measure([ml, "-m", "mlops.tfx", "run", *data], **path)
                report(name, mine, theirs)
                ratios[name] = mine.wall / theirs.wall
            return ratios
        finally:
            subprocess.run([localcloud, "down"], env={**os.environ, **own}, check=False)


def report(name: str, mine: Cost, theirs: Cost) -> None:
    """Writes a line for each kind of time, and one for each of our steps."""
    for kind in ("wall", "processor"):
        ours, tfx = getattr(mine, kind), getattr(theirs, kind)
        print(f"{name:<8}{kind:<11}ours {ours:7.1f} s   TFX {tfx:7.1f} s   ratio {ours / tfx:.2f}")
    _, _, after = mine.output.partition("\nSteps\n")
    print(after.partition("\n\n")[0])


if __name__ == "__main__":
    main()

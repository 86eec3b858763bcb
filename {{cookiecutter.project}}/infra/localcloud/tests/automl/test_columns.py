"""The training program itself: every kind of column tells the model something."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOURCES, Localcloud

PROGRAM = SOURCES / "localcloud" / "builtin_images" / "automl-tabular" / "src"
COLUMNS = {
    "comment": "text",
    "tags": "repeatedCategorical",
    "visits": "repeatedNumeric",
    "since": "timestamp",
    "member": "categorical",
    "age": "numeric",
}
KINDS = [*COLUMNS, "none"]  # the classes: which column says so


@pytest.fixture(scope="module")
def interpreter(localcloud: Localcloud) -> str:
    """The Python of the image."""
    return localcloud.cli("build", "automl-tabular").stdout.split()[-1]


def row(draw: random.Random, kind: str) -> dict[str, Any]:
    """A row whose class only one column tells."""
    words = [draw.choice(["fine", "good", "quick", "late", "box"]) for _ in range(6)]
    month = 12 if kind == "since" else draw.randint(1, 11)
    return {
        "comment": " ".join([*words, "broken"] if kind == "comment" else words),
        "tags": ["a", "vip"] if kind == "tags" else draw.sample(["a", "b", "c"], 2),
        "visits": [draw.randint(0, 9) + 90 * (kind == "visits") for _ in range(3)],
        "since": f"{draw.randint(2010, 2024)}-{month:02d}-{draw.randint(1, 28):02d} 10:00:00",
        "member": kind == "member",
        "age": draw.randint(20, 60) + 100 * (kind == "age"),
        "class": kind,
    }


def train(interpreter: str, folder: Path, task: dict[str, Any], rows: list[Any]) -> Any:
    """Train on rows, a tenth of which is the test set; the evaluation, or the mistake."""
    sets = {"training": rows[::2], "validation": rows[1::10], "test": rows[3::10]}
    sets["training"] += rows[5::10] + rows[7::10] + rows[9::10]
    for name, chosen in sets.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in chosen))
    defaults = {"targetColumn": "class", "predictionType": "classification", "splitIsRandom": False}
    (folder / "task.json").write_text(json.dumps({**defaults, "budgetSeconds": 3, **task}))
    done = subprocess.run(
        [interpreter, "-m", "automl_tabular.train", str(folder)],
        cwd=PROGRAM,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    if done.returncode == 3:
        return (folder / "mistake.txt").read_text()
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "evaluation.json").read_text())


@pytest.mark.parametrize("auto", [False, True])
def test_each_column_is_understood(interpreter: str, tmp_path: Path, auto: bool) -> None:
    draw = random.Random(3)  # noqa: S311 - test data
    rows = [row(draw, KINDS[at % len(KINDS)]) for at in range(1400)]
    draw.shuffle(rows)
    transformations = [
        {"auto" if auto else kind: {"columnName": name}} for name, kind in COLUMNS.items()
    ]
    found = train(interpreter, tmp_path, {"transformations": transformations}, rows)
    matrix = found["metrics"]["confusionMatrix"]
    names = [spec["displayName"] for spec in matrix["annotationSpecs"]]
    assert names == sorted(KINDS)
    for name, line in zip(names, matrix["rows"], strict=True):
        assert line[names.index(name)] >= 0.9 * sum(line), name
    assert all(share > 0.02 for share in found["attributions"].values())


def test_rows_with_invalid_values_are_left_out_unless_allowed(
    interpreter: str, tmp_path: Path
) -> None:
    rows = [{"age": "old", "class": "ab"[at % 2]} for at in range(1000)]
    task = {"transformations": [{"numeric": {"columnName": "age"}}]}
    assert "none is left to learn from" in train(interpreter, tmp_path, task, rows)


def test_a_budget_that_is_too_small_is_told(interpreter: str, tmp_path: Path) -> None:
    rows = [{"age": at, "class": "ab"[at % 2]} for at in range(1000)]
    task = {"transformations": [{"numeric": {"columnName": "age"}}], "budgetSeconds": 0.001}
    assert "is not enough to train" in train(interpreter, tmp_path, task, rows)


def test_rows_count_by_their_weight(interpreter: str, tmp_path: Path) -> None:
    """Most rows to learn from say the opposite of the test set (3::10), but have weight 0."""
    rows = []
    for at in range(1200):
        wrong = at % 10 != 3 and at % 3 > 0
        rows.append({"age": at % 7, "class": "ab"[(at % 7 > 3) != wrong], "weight": int(not wrong)})
    task = {"transformations": [{"auto": {"columnName": "age"}}], "weightColumnName": "weight"}
    assert train(interpreter, tmp_path, task, rows)["metrics"]["auRoc"] > 0.99

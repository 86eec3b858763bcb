"""Models, the champion and the baselines are measured on the same rows, and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from mlops.data.query import Split
from mlops.data.sample import read_sample
from mlops.evaluation.attributions import attribute
from mlops.evaluation.baselines import measure_baselines
from mlops.evaluation.evaluate import evaluate
from mlops.evaluation.gate import Rule
from mlops.evaluation.gate import judge as decide
from mlops.evaluation.importance import measure_importance
from mlops.evaluation.measures import Measures
from mlops.evaluation.predictions import PredictionError, predict, read_inputs
from mlops.evaluation.result import EvaluationResult, Subject
from mlops.features import Features, Problem
from mlops.settings import Evaluation, Threshold
from mlops.training.export import TYPES
from tests.ml.conftest import Run

DAY = "trip_start_day"
# TFMA converts each label and prediction in a way that numpy deprecates
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def judge(run: Run, model: str, output: Path, champion: str = "") -> EvaluationResult:
    settings, version = run.settings, "3" if champion else ""
    subject = Subject("tips", model, run.data, baselines(run), "etag", champion, version)
    return evaluate(
        run.features, settings.evaluation, subject, str(output), settings.beam.arguments
    )


def baselines(run: Run) -> str:
    """Where the measures of the baselines of a run's data lie."""
    output, settings = f"{run.data}-baselines", run.settings
    if not Path(output).exists():
        heuristic = settings.evaluation.heuristic
        measure_baselines(run.features, heuristic, run.data, output, settings.beam.arguments)
    return output


def save_constant_model(
    features: Features, answer: float, folder: Path, *others: tf.TensorSpec
) -> str:
    """A model that answers the same whatever it is asked."""
    declared = [tf.TensorSpec([None], TYPES[c.type], c.name) for c in features.inputs]
    specs = {spec.name: spec for spec in (*declared, *others)}
    first = features.inputs[0].name

    def serving_default(raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"prediction": tf.fill(tf.shape(raw[first]), answer)}

    signature = tf.function(serving_default, input_signature=[specs])
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": signature})
    return str(folder)


def flip_day(run: Run, day: int, folder: Path) -> Run:
    """The same data, but on one weekday the label is the opposite of what happened."""
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        for file in (Path(run.data) / split).glob("*.parquet"):
            rows = pd.read_parquet(file)
            label, wrong = run.features.label.name, rows[DAY] == day
            opposite = rows[label].max() - rows[label]
            rows[label] = rows[label].where(~wrong, opposite)
            rows.to_parquet(folder / split / file.name, index=False)
    return replace(run, data=str(folder))


def name_failures(run: Run, result: EvaluationResult) -> set[str]:
    """Which bounds a model fails that are meant for labels of which one is rare."""
    bounds = {
        "thresholds": {
            "accuracy": run.settings.evaluation.thresholds["accuracy"],
            "balanced_accuracy": Threshold(min=0.51),
            "recall": Threshold(min=0.1),  # of label 1
            "false_positive_rate": Threshold(max=0.95),  # 1 minus the recall of label 0
        },
        "baseline_change": {"auc_precision_recall": Threshold(min=0.005)},
    }
    evaluation = Evaluation(card=run.settings.evaluation.card, minimum_support=50, **bounds)
    mean = {"mean": result.baselines["mean"]}
    checks = decide(evaluation, Measures(result.metrics), None, mean)
    return {check.metric for check in checks if not check.passed}


def read_values(run: Run, column: str) -> set[str]:
    """What occurs in a column."""
    files = Path(run.data).rglob("*.parquet")
    return {v for f in files for v in pd.read_parquet(f, columns=[column])[column].dropna()}


@pytest.fixture(scope="module")
def constant(run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Always yes, or always the mean fare."""
    answer = 0.68 if run.features.problem is Problem.CLASSIFICATION else 11.8
    return save_constant_model(run.features, answer, tmp_path_factory.mktemp("constant"))


def test_the_trained_model_passes_against_a_weak_champion(
    run: Run, constant: str, tmp_path: Path
) -> None:
    result = judge(run, run.model, tmp_path, champion=constant)
    assert result.passed, result.failures
    if run.features.problem is Problem.CLASSIFICATION:
        assert not name_failures(run, result)
    report = json.loads((tmp_path / "evaluation.json").read_text())
    assert report["passed"] is True
    assert report["metrics"] == dict(result.metrics)
    assert report["subject"]["champion_version"] == "3"
    assert {check["rule"] for check in report["checks"]} >= {
        "threshold",
        "slice threshold",
        "change against the champion",
        "change against a baseline",
    }
    assert {part.value for part in result.slices if part.column == DAY} == set("1234567")
    counts = [part.metrics["example_count"] for part in result.slices if part.column == DAY]
    assert sum(counts) == result.metrics["example_count"]
    assert result.calibration_error < (0.1 if "auc" in result.metrics else 2)
    explained = {importance.column for importance in result.explained.importances}
    assert explained == {column.name for column in run.features.inputs}
    assert "Passed" in (tmp_path / "evaluation.html").read_text()
    companies = read_values(run, "company")
    assert len(companies) > 10
    for name in ("evaluation.json", "evaluation.html", "model_card.md"):
        told = (tmp_path / name).read_text()
        assert not [company for company in companies if company in told], name


def test_a_constant_model_is_refused_though_it_is_often_right(
    run: Run, constant: str, tmp_path: Path
) -> None:
    """And against a champion that learned, each loss is a reason of its own."""
    result = judge(run, constant, tmp_path, champion=run.model)
    reasons = {check.rule.value for check in result.checks if not check.passed}
    assert reasons >= {"threshold", "change against the champion", "change against a baseline"}
    if run.features.problem is Problem.CLASSIFICATION:
        assert result.metrics["accuracy"] > run.settings.evaluation.thresholds["accuracy"].min
        assert result.metrics["balanced_accuracy"] == 0.5
        assert name_failures(run, result) == {
            "balanced_accuracy",
            "false_positive_rate",
            "auc_precision_recall",
        }
        assert result.baselines["mean"].metrics["accuracy"] == result.metrics["accuracy"]
        assert result.baselines["heuristic"].metrics["auc"] > 0.5
    else:
        errors = {
            name: one.metrics["mean_absolute_error"] for name, one in result.baselines.items()
        }
        assert all(6 < error < 8 for error in errors.values()), errors


def test_a_slice_with_wrong_labels_is_named(run: Run, tmp_path: Path) -> None:
    """Alone, and crossed with another column; TFMA orders the columns of a cross by name."""
    flipped = flip_day(run, 4, tmp_path / "data")
    crossed = run.features.model_copy(update={"slice_crosses": ((DAY, "payment_type"),)})
    settings = run.settings.model_copy(update={"features": crossed})
    result = judge(replace(flipped, settings=settings), run.model, tmp_path / "report")
    checks = [check for check in result.checks if check.rule is Rule.SLICE]
    failed = {check.subject for check in checks if not check.passed}
    assert len(checks) > 10
    assert failed >= {f"{DAY}=4", f"payment_type x {DAY}=Credit Card x 4"}
    assert not {f"{DAY}={day}" for day in "123567"} & failed
    assert f"where {DAY}=4" in (tmp_path / "report/evaluation.html").read_text()


def test_a_champion_that_reads_a_lost_column_is_told(run: Run, tmp_path: Path) -> None:
    lost = tf.TensorSpec([None], tf.float32, "weather")
    champion = save_constant_model(run.features, 0.5, tmp_path / "model", lost)
    with pytest.raises(PredictionError, match="reads weather, which config"):
        judge(run, run.model, tmp_path / "report", champion=champion)


def test_attributions_of_the_saved_model_sum_to_its_predictions(run: Run) -> None:
    sample = read_sample(run.data, Split.TEST, 100, 5)
    columns = read_inputs(sample, run.features, run.model)
    rows = {name: values[:10] for name, values in columns.items()}
    found = attribute(lambda mixed: predict(run.model, mixed), rows, columns, 10, 1)
    total = found.base + sum(found.values.values())
    np.testing.assert_allclose(total, predict(run.model, rows), atol=1e-4)
    assert sample.equals(read_sample(run.data, Split.TEST, 100, 5))


def test_the_wine_data_ranks_as_scikit_learn_ranks_it() -> None:
    """Flavanoids and proline lead in scikit-learn's own permutation importance."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    inputs, labels = datasets.load_wine(return_X_y=True, as_frame=True)
    train, test, train_labels, test_labels = train_test_split(inputs, labels, random_state=42)
    forest = RandomForestClassifier(n_estimators=10, random_state=42).fit(train, train_labels)
    columns = {name: test[name].to_numpy() for name in test}
    found = measure_importance(
        lambda asked: forest.predict(pd.DataFrame(dict(asked))),
        columns,
        test_labels.to_numpy(),
        lambda actual, guess: float(accuracy_score(actual, guess)),
        50,
        42,
    )
    assert forest.score(test, test_labels) == pytest.approx(0.911, abs=0.03)
    assert [importance.column for importance in found[:2]] == ["flavanoids", "proline"]
    assert found[0].mean == pytest.approx(0.227, abs=0.05)

"""Rows that a model can learn from, and how they become datasets."""

import csv
import io
import random
from collections.abc import Sequence
from typing import Any

from google.cloud import aiplatform, storage

from tests.vertex import unique

Rows = Sequence[dict[str, Any]]

FEATURES = {"age": "auto", "plan": "auto", "spend": "auto"}
INSTANCE = {"age": "75", "plan": "a", "spend": "50.0"}
BUDGET = 1000


def rows(count: int = 1200) -> Rows:
    """Customers: whether they left, and what they are worth, follows from age and plan."""
    draw = random.Random(7)  # noqa: S311 - test data

    def row() -> dict[str, Any]:
        age, plan = draw.randint(18, 80), draw.choice("abc")
        spend = round(draw.gauss(50, 10), 2) if draw.random() > 0.05 else ""
        score = (age - 45) / 10 + (2 if plan == "a" else -1) + draw.gauss(0, 0.5)
        values = {"left": "yes" if score > 0 else "no", "worth": round(100 + 10 * score, 2)}
        return {"age": age, "plan": plan, "spend": spend, "weight": draw.randint(0, 3), **values}

    return [row() for _ in range(count)]


def csv_text(made: Rows) -> str:
    """Rows as a CSV file says them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(made[0]))
    writer.writeheader()
    writer.writerows(made)
    return text.getvalue()


def csv_dataset(bucket: storage.Bucket, made: Rows) -> aiplatform.TabularDataset:
    """A dataset of a CSV file."""
    blob = bucket.blob(f"{unique()}.csv")
    blob.upload_from_string(csv_text(made))
    return aiplatform.TabularDataset.create(
        display_name="table", gcs_source=f"gs://{bucket.name}/{blob.name}"
    )


def train(
    dataset: aiplatform.TabularDataset, target: str, **options: Any
) -> tuple[aiplatform.AutoMLTabularTrainingJob, aiplatform.Model]:
    """Train as a user does; `job` are options of the job, the others of its run."""
    kind = "regression" if target == "worth" else "classification"
    job = aiplatform.AutoMLTabularTrainingJob(
        display_name=unique(),
        **{
            "optimization_prediction_type": kind,
            "column_specs": FEATURES,
            **options.pop("job", {}),
        },
    )
    run = {"budget_milli_node_hours": BUDGET, "model_display_name": f"{target}-model"}
    return job, job.run(dataset=dataset, target_column=target, **{**run, **options})

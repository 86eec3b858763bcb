"""Compare statistics with the schema, and report what is wrong with the data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_data_validation as tfdv

from mlops.data.page import write_anomalies_page
from mlops.data.query import Split
from mlops.data.schema import Environment, build_schema
from mlops.data.statistics import generate_statistics, load_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

    from mlops.features import Features


WHOLE = "the whole table"  # in place of a column


@dataclass(frozen=True)
class Anomaly:
    """One thing that is wrong with one column of one split."""

    split: str
    column: str
    reason: str
    description: str


class DataValidationError(ValueError):
    """The data is not what config/features.yaml declares."""

    def __init__(self, anomalies: Sequence[Anomaly], report: str) -> None:
        lines = [f"  {a.column} ({a.split}): {a.reason}. {a.description}" for a in anomalies]
        super().__init__(
            f"{len(anomalies)} anomalies in the data; correct the data, or what "
            f"config/features.yaml allows. Report: {report} (a page lies beside it)\n"
            + "\n".join(lines)
        )


def validate(
    features: Features,
    data: str,
    statistics: str,
    report: str,
    beam_arguments: Sequence[str],
    *,
    parts: Sequence[str] = tuple(Split),
    environment: Environment = Environment.TRAINING,
) -> None:
    """Computes the statistics of an extract and compares them with the schema.

    Args:
        features: the declaration of the data.
        data: URI of the extract, a folder a part.
        statistics: URI of a folder for the statistics of each part.
        report: URI of a folder for `schema.pbtxt`, `anomalies.json`, the page `anomalies.html`
            and each part's `PART.anomalies.pbtxt`.
        beam_arguments: where Beam runs.
        parts: the folders of the extract.
        environment: what the rows must hold: the label too, or the model's inputs alone.

    Raises:
        DataValidationError: there are anomalies; the reports are written before.
    """
    schema = build_schema(features)
    generate_statistics(data, statistics, schema, beam_arguments, parts)
    tf.io.gfile.makedirs(report)
    tfdv.write_schema_text(schema, f"{report}/schema.pbtxt")
    anomalies: list[Anomaly] = []
    for part in parts:
        measured = load_statistics(statistics, part)
        found = compare(measured, schema, environment)
        tfdv.write_anomalies_text(found, f"{report}/{part}.anomalies.pbtxt")
        anomalies += list_anomalies(found, part)
        if environment is Environment.TRAINING and not measured.datasets[0].num_examples:
            anomalies.append(
                Anomaly(part, WHOLE, "No rows", "Give it some, by `split` or `where`.")
            )
    path = f"{report}/anomalies.json"
    for name, content in {
        path: json.dumps([asdict(anomaly) for anomaly in anomalies], indent=2),
        f"{report}/anomalies.html": write_anomalies_page(
            anomalies, parts, f"{report}/schema.pbtxt"
        ),
    }.items():
        with tf.io.gfile.GFile(name, "w") as file:
            file.write(content)
    if anomalies:
        raise DataValidationError(anomalies, path)


def compare(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
    environment: Environment,
) -> anomalies_pb2.Anomalies:
    """What contradicts the schema, seen in TRAINING (with label) or SERVING (without)."""
    return tfdv.validate_statistics(statistics, schema, environment=environment)


def list_anomalies(anomalies: anomalies_pb2.Anomalies, split: str) -> list[Anomaly]:
    """Each reason of each column, in the order of their names."""
    dataset = anomalies.dataset_anomaly_info
    named = [(WHOLE, dataset)] if dataset.reason else []
    named += sorted(anomalies.anomaly_info.items())
    return [
        Anomaly(split, column, reason.short_description, reason.description)
        for column, info in named
        for reason in info.reason
    ]

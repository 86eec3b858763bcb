"""How far two sets of data lie apart, column by column, by the declared thresholds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2

from mlops.data.histograms import align_histograms
from mlops.data.page import write_drift_page
from mlops.data.query import Split
from mlops.data.schema import build_schema
from mlops.data.statistics import load_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorflow_metadata.proto.v0 import statistics_pb2

    from mlops.features import Features


class Comparator(StrEnum):
    """What is compared: an extract with an earlier one, or what is served with the training data.

    Each has its threshold in config/features.yaml.
    """

    DRIFT = "drift"
    SKEW = "skew"


MEASURES = {
    anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: "L-infinity",
    anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: "Jensen-Shannon divergence",
}


@dataclass(frozen=True)
class Distance:
    """How far apart a column lies in two sets of data.

    Attributes:
        column: its name.
        measure: L-infinity between categories, Jensen-Shannon divergence between numbers.
        value: the distance, from 0 to 1.
        threshold: the largest that is allowed.
    """

    column: str
    measure: str
    value: float
    threshold: float

    @property
    def is_allowed(self) -> bool:
        """Whether the distance is not above the threshold."""
        return self.value <= self.threshold


class DriftError(ValueError):
    """The data has moved away from what it is compared with."""

    def __init__(self, comparator: Comparator, moved: Sequence[Distance], page: str) -> None:
        lines = [
            f"  {d.column}: {comparator} of {d.value:.3f} is above {d.threshold:g} ({d.measure})"
            for d in moved
        ]
        super().__init__(
            f"{comparator} in {len(moved)} columns; find the cause, raise their"
            f" {comparator}_threshold in config/features.yaml, or let the run go on by"
            f" `on_{comparator}: report` under data: in config/. Page: {page}\n" + "\n".join(lines)
        )


def check_distances(
    features: Features,
    comparator: Comparator,
    statistics: str,
    reference: str,
    report: str,
    *,
    part: str = Split.TRAIN,
    blocks: bool = True,
) -> list[Distance]:
    """Compares the statistics of two sets of data, and reports.

    Args:
        features: the declaration of the data, with the thresholds.
        comparator: which thresholds hold.
        statistics: URI of the statistics of new data, as `mlops.data.validation` writes them.
        reference: URI of those of the champion's data.
        report: URI of a folder; gets `COMPARATOR.json` and the page `COMPARATOR.html`.
        part: which part of the new data; of the reference it is the training split.
        blocks: whether a distance above its threshold is an error.

    Raises:
        DriftError: the data has moved; the report is written before.
    """
    distances = measure_distances(
        features,
        comparator,
        load_statistics(statistics, part),
        load_statistics(reference, Split.TRAIN),
    )
    moved = [distance for distance in distances if not distance.is_allowed]
    page = f"{report}/{comparator}.html"
    tf.io.gfile.makedirs(report)
    for path, content in {
        f"{report}/{comparator}.json": json.dumps([asdict(one) for one in distances], indent=2),
        page: write_drift_page(comparator, distances, reference),
    }.items():
        with tf.io.gfile.GFile(path, "w") as file:
            file.write(content)
    if moved and blocks:
        raise DriftError(comparator, moved, page)
    return distances


def measure_distances(
    features: Features,
    comparator: Comparator,
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    reference: statistics_pb2.DatasetFeatureStatisticsList,
) -> list[Distance]:
    """The distance of each column that has a threshold and is in both sets of data.

    Their statistics are changed: numbers get histograms that can be compared.
    """
    schema = build_schema(features)
    align_histograms(statistics, reference)
    if comparator is Comparator.DRIFT:
        found = tfdv.validate_statistics(statistics, schema, previous_statistics=reference)
    else:
        found = tfdv.validate_statistics(reference, schema, serving_statistics=statistics)
    return [
        Distance(info.path.step[0], MEASURES[one.type], one.value, one.threshold)
        for info in found.drift_skew_info
        for one in getattr(info, f"{comparator}_measurements")
    ]

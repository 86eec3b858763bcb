"""The files of statistics and anomalies in a job's `stats_anomalies_base_directory`.

Statistics and anomalies of a feature are binary `FeatureNameStatistics` and `AnomalyInfo`
messages, as `FeatureStatsAnomaly` says; the anomalies of a whole model are an `Anomalies` message
as text, which `tfdv.load_anomalies_text` reads.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from google.cloud.aiplatform_v1.types import FeatureStatsAnomaly
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2

from localcloud.files import write_private
from localcloud.monitoring.objectives import Type
from localcloud.monitoring.statistics import Statistics, is_categorical, value_count

Anomaly: TypeAlias = anomalies_pb2.AnomalyInfo

_REPORTS = {
    Type.RAW_FEATURE_SKEW: "training_prediction_skew_anomalies",
    Type.RAW_FEATURE_DRIFT: "prediction_drift_anomalies",
}
_SIDES = {
    Type.RAW_FEATURE_SKEW: "training and serving",
    Type.RAW_FEATURE_DRIFT: "current and previous",
}


class ResultFiles:
    """Writes what was found, below `DIRECTORY/training` and `DIRECTORY/serving/WINDOW`."""

    def __init__(self, storage: Path, directory: str) -> None:
        """Write below a `gs://` directory."""
        self._storage = storage
        self._directory = directory.rstrip("/")

    def write_training(self, deployed_model: str, statistics: Statistics) -> str:
        """Write the statistics of a feature of the training data; returns their URI."""
        folder = f"{self._directory}/training/{deployed_model}/{_segment(statistics.name)}"
        return self._write(f"{folder}/stats", statistics.SerializeToString())

    def write_serving(
        self, folder: str, statistics: Statistics, anomaly: Anomaly | None
    ) -> tuple[str, str]:
        """Write what was found of a feature in a window.

        Returns:
            The URIs of the statistics and of the anomaly; the latter is empty if there is none.
        """
        folder = f"{folder}/{_segment(statistics.name)}"
        uri = self._write(f"{folder}/stats", statistics.SerializeToString())
        if anomaly is None:
            return uri, ""
        return uri, self._write(f"{folder}/anomalies", anomaly.SerializeToString())

    def write_report(self, folder: str, objective: int, found: Mapping[str, Anomaly]) -> None:
        """Write the anomalies of all features, by their names."""
        text = text_format.MessageToString(anomalies_pb2.Anomalies(anomaly_info=found))
        self._write(f"{folder}/anomalies/{_REPORTS[Type(objective)]}", text.encode())

    def serving_folder(self, end: datetime, deployed_model: str, objective: int) -> str:
        """The folder of an objective's findings in the window that ends then."""
        name = Type(objective).name.lower()
        window = f"{self._directory}/serving/{end:%Y-%m-%dT%H:%M}"
        return f"{window}/stats_and_anomalies/{deployed_model}/{name}"

    def write_schema(self, uri: str, text: str) -> str:
        """Write the schema of an instance; returns its URI."""
        return self._write(uri, text.encode())

    def _write(self, uri: str, content: bytes) -> str:
        path = self._storage / uri.removeprefix("gs://")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, content)
        return uri


def describe(
    objective: int, statistics: Statistics, baseline: Statistics, found: FeatureStatsAnomaly
) -> Anomaly:
    """A distance above its threshold in TensorFlow Data Validation's words, without values."""
    sides = _SIDES[Type(objective)]
    if not value_count(baseline) or not value_count(statistics):
        kind, what = Anomaly.COMPARATOR_TREATMENT_DATA_MISSING, "distance"
    elif is_categorical(statistics):
        kind, what = Anomaly.COMPARATOR_L_INFTY_HIGH, "Linfty distance"
    else:
        kind = Anomaly.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH
        what = "approximate Jensen-Shannon divergence"
    short = f"High {what} between {sides}"
    description = (
        f"The {what} between {sides} is {found.distribution_deviation:.6g} (up to six significant"
        f" digits), above the threshold {found.anomaly_detection_threshold:.6g}."
    )
    anomaly = Anomaly(
        severity=Anomaly.ERROR,
        description=description,
        short_description=short,
        path={"step": [statistics.name]},
    )
    anomaly.reason.add(type=kind, description=description, short_description=short)
    return anomaly


def _segment(feature: str) -> str:
    """A feature's name as one segment of an object's name."""
    return quote(feature, safe=" ").replace(".", "%2E") or "%00"

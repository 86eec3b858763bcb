"""Statistics of the extracted data, by TensorFlow Data Validation on Beam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow as tf
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_data_validation.statistics.stats_impl import GenerateSlicedStatisticsImpl
from tensorflow_metadata.proto.v0 import statistics_pb2

from mlops.data.histograms import QUANTILES
from mlops.data.query import Split
from mlops.data.records import read_records, to_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorflow_metadata.proto.v0 import schema_pb2

FILE = "statistics.tfrecord"


def generate_statistics(
    data: str,
    output: str,
    schema: schema_pb2.Schema,
    beam_arguments: Sequence[str],
    parts: Sequence[str] = tuple(Split),
) -> None:
    """Writes the statistics of the parts of the extract `data` to a file in the folder `output`.

    In one go, as slices are: Beam takes seconds to set up what computes them.
    """
    options = tfdv.StatsOptions(schema=schema, num_quantiles_histogram_buckets=QUANTILES)
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        _ = (
            tuple(pipeline | _read(data, part) for part in parts)
            | beam.Flatten()
            | GenerateSlicedStatisticsImpl(options, is_slicing_enabled=True)
            | tfdv.WriteStatisticsToTFRecord(f"{output}/{FILE}")
        )


def load_statistics(uri: str, part: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Reads what `generate_statistics` wrote of one part; without features if it had no row."""
    if not tf.io.gfile.exists(f"{uri}/{FILE}"):  # a champion may be from when each had its file
        return tfdv.load_statistics(f"{uri}/{part}.tfrecord")
    found = tfdv.load_statistics(f"{uri}/{FILE}").datasets
    empty = statistics_pb2.DatasetFeatureStatistics(name=part)
    dataset = next((each for each in found if each.name == part), empty)
    return statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])


def _read(data: str, part: str) -> beam.PTransform:
    """A Beam source: (name of the part, record batch)."""
    name = beam.Map(lambda batch: (str(part), to_lists(batch)))
    return f"Name {part}" >> (read_records(data, part) | f"To lists {part}" >> name)

"""Statistics of the extracted data, by TensorFlow Data Validation on Beam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.histograms import QUANTILES
from mlops.data.query import Split
from mlops.data.records import read_records, to_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2


def generate_statistics(
    data: str,
    output: str,
    schema: schema_pb2.Schema,
    beam_arguments: Sequence[str],
    parts: Sequence[str] = tuple(Split),
) -> None:
    """Writes the statistics of each part of the extract `data` to `output/PART.tfrecord`."""
    options = tfdv.StatsOptions(schema=schema, num_quantiles_histogram_buckets=QUANTILES)
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        for part in parts:
            _ = (
                pipeline
                | read_records(data, part)
                | f"To lists {part}" >> beam.Map(to_lists)
                | f"Generate {part}" >> tfdv.GenerateStatistics(options)
                | f"Write {part}" >> tfdv.WriteStatisticsToTFRecord(_path(output, part))
            )


def load_statistics(uri: str, part: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Reads what `generate_statistics` wrote of one part."""
    return tfdv.load_statistics(_path(uri, part))


def _path(uri: str, part: str) -> str:
    return f"{uri}/{part}.tfrecord"

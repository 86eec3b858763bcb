"""Statistics of the extracted data, by TensorFlow Data Validation on Beam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.query import Split
from mlops.data.records import read_records, to_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2


def generate_statistics(
    data: str, output: str, schema: schema_pb2.Schema, beam_arguments: Sequence[str]
) -> None:
    """Writes the statistics of each split of the extract `data` to `output/SPLIT.tfrecord`."""
    options = tfdv.StatsOptions(schema=schema)
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        for split in Split:
            _ = (
                pipeline
                | read_records(data, split)
                | f"To lists {split}" >> beam.Map(to_lists)
                | f"Generate {split}" >> tfdv.GenerateStatistics(options)
                | f"Write {split}" >> tfdv.WriteStatisticsToTFRecord(_path(output, split))
            )


def load_statistics(uri: str, split: Split) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Reads what `generate_statistics` wrote of one split."""
    return tfdv.load_statistics(_path(uri, split))


def _path(uri: str, split: Split) -> str:
    return f"{uri}/{split}.tfrecord"

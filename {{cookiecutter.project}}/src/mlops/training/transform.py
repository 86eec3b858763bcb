"""Analyse the training split with tf.Transform, and transform what training reads."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import apache_beam as beam
import pyarrow as pa
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import RecordBatchToExamples
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from mlops.data.query import Split
from mlops.data.records import fill_missing, read_records, to_lists
from mlops.data.sample import read_sample
from mlops.errors import UserError
from mlops.training.preprocessing import make_preprocessing_fn
from mlops.training.typical import write_typical_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlops.features import Column, Features

TYPICAL_ROWS = 10_000
SEED = 17
SPLITS = (Split.TRAIN, Split.EVAL)
SPLIT = "split of the row"  # a column that goes with the rows through tf.Transform
ARROW_TYPES = {"FLOAT": pa.float32(), "STRING": pa.binary()}


class TransformError(UserError):
    """The data is not what was declared."""


def transform(
    features: Features, data: str, output: str, graph: str, beam_arguments: Sequence[str]
) -> None:
    """Learns vocabularies, means and buckets on `train`; transforms `train` and `eval`.

    Args:
        features: the declaration of the data.
        data: URI of the extract, a folder a split.
        output: URI of a folder; gets `SPLIT/*.tfrecord.gz` of tf.train.Examples.
        graph: URI of a folder; gets the tf.Transform output, whose SavedModel is `transform_fn`,
            and the typical row.
        beam_arguments: where Beam runs.

    Raises:
        TransformError: a column that the model reads is not in the extract.
    """
    sample = read_sample(data, Split.TRAIN, TYPICAL_ROWS, SEED)
    _check_columns(features, sample.schema.names)
    config = _tensor_config(features)
    options = PipelineOptions(list(beam_arguments))
    passed = {features.label.name, SPLIT}
    with (
        beam.Pipeline(options=options) as pipeline,
        tft_beam.Context(temp_dir=_temporary(options), passthrough_keys=passed),
    ):
        raw = {split: pipeline | _read(features, data, split) for split in SPLITS}
        analyzed = (raw[Split.TRAIN], config) | tft_beam.AnalyzeDataset(
            make_preprocessing_fn(features)
        )
        _ = analyzed | tft_beam.WriteTransformFn(graph)
        # in one go: Beam takes most of a second to set up each use of the graph
        rows = tuple(raw.values()) | beam.Flatten()
        transformed, _ = ((rows, config), analyzed) | tft_beam.TransformDataset(
            output_record_batches=True
        )
        for split in SPLITS:
            _ = transformed | _write(output, split)
    write_typical_row(features, sample, graph)


def _check_columns(features: Features, extracted: Sequence[str]) -> None:
    needed = (column.name for column in (*features.inputs, features.label))
    if lacking := [name for name in needed if name not in extracted]:
        raise TransformError(
            f"The extract has no {', '.join(lacking)}: give the table what config/features.yaml"
            " declares, or declare it no more."
        )


def _read(features: Features, data: str, split: Split) -> beam.PTransform:
    columns = (*features.inputs, features.label)

    def prepare(batch: pa.RecordBatch) -> pa.RecordBatch:
        names = pa.array([split.encode()] * len(batch), pa.binary())
        return to_lists(fill_missing(batch, columns).append_column(SPLIT, names))

    return f"Prepare {split}" >> (read_records(data, split) | f"Fill {split}" >> beam.Map(prepare))


def _write(output: str, split: Split) -> beam.PTransform:
    """A Beam sink for the rows of one split among the transformed rows of all."""
    write = beam.io.WriteToTFRecord(
        f"{output}/{split}/examples", file_name_suffix=".tfrecord.gz", num_shards=1
    )
    return f"Write {split}" >> (beam.FlatMapTuple(lambda batch, _: _encode(batch, split)) | write)


def _encode(batch: pa.RecordBatch, split: str) -> Iterator[bytes]:
    """The rows as tf.train.Examples, if they are of that split; a batch is of one."""
    if batch[SPLIT][0].as_py() == [split.encode()]:
        yield from RecordBatchToExamples(batch.drop_columns([SPLIT]))


def _tensor_config(features: Features) -> TensorAdapterConfig:
    """How each input's list column becomes a tensor of shape [batch]."""
    fields = [
        pa.field(column.name, pa.list_(_arrow_type(column)))
        for column in (*features.inputs, features.label)
    ]
    fields.append(pa.field(SPLIT, pa.list_(pa.binary())))
    tensors = {
        column.name: schema_pb2.TensorRepresentation(
            dense_tensor=schema_pb2.TensorRepresentation.DenseTensor(column_name=column.name)
        )
        for column in features.inputs
    }
    return TensorAdapterConfig(pa.schema(fields), tensors)


def _arrow_type(column: Column) -> pa.DataType:
    return ARROW_TYPES.get(column.type, pa.int64())


def _temporary(options: PipelineOptions) -> str:
    """Where workers share what they learn: Beam's temp_location, on one machine a local folder."""
    return options.get_all_options()["temp_location"] or tempfile.mkdtemp()

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
    from collections.abc import Sequence

    from mlops.features import Column, Features

TYPICAL_ROWS = 10_000
SEED = 17
SPLITS = (Split.TRAIN, Split.EVAL)
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
    with (
        beam.Pipeline(options=options) as pipeline,
        tft_beam.Context(temp_dir=_temporary(options), passthrough_keys={features.label.name}),
    ):
        raw = {split: pipeline | _read(features, data, split) for split in SPLITS}
        analyzed = (raw[Split.TRAIN], config) | tft_beam.AnalyzeDataset(
            make_preprocessing_fn(features)
        )
        _ = analyzed | tft_beam.WriteTransformFn(graph)
        for split in SPLITS:
            _write(((raw[split], config), analyzed), output, split)
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
    prepare = beam.Map(lambda batch: to_lists(fill_missing(batch, columns)))
    return f"Prepare {split}" >> (read_records(data, split) | f"Fill {split}" >> prepare)


def _write(dataset: tuple[object, object], output: str, split: Split) -> None:
    transformed, _ = dataset | f"Transform {split}" >> tft_beam.TransformDataset(
        output_record_batches=True
    )
    _ = (
        transformed
        | f"Encode {split}" >> beam.FlatMapTuple(lambda batch, _: RecordBatchToExamples(batch))
        | f"Write {split}"
        >> beam.io.WriteToTFRecord(
            f"{output}/{split}/examples", file_name_suffix=".tfrecord.gz", num_shards=1
        )
    )


def _tensor_config(features: Features) -> TensorAdapterConfig:
    """How each input's list column becomes a tensor of shape [batch]."""
    fields = [
        pa.field(column.name, pa.list_(_arrow_type(column)))
        for column in (*features.inputs, features.label)
    ]
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

"""The extracted data as Arrow record batches, for Beam."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops.features import Column

BATCH_SIZE = 1024


def read_records(uri: str, part: str) -> beam.PTransform:
    """A Beam source: one part of an extract, such as a split, as record batches.

    A column is a plain array, missing values null; whole numbers are int64, other numbers float32
    (what the model computes with), text binary.
    """
    read = beam.io.ReadFromParquetBatched(f"{uri}/{part}/*.parquet")
    return f"Read {part}" >> (read | f"Batch {part}" >> beam.FlatMap(to_batches))


def to_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Cuts a table into record batches of the types that TensorFlow knows."""
    columns = [column.cast(_tensor_type(column.type)) for column in table.columns]
    tensors = pa.table(columns, names=table.column_names)
    yield from tensors.combine_chunks().to_batches(max_chunksize=BATCH_SIZE)


def fill_missing(batch: pa.RecordBatch, columns: Iterable[Column]) -> pa.RecordBatch:
    """The given columns alone, each missing value replaced by its column's default."""
    chosen = list(columns)
    arrays = [_filled(batch[column.name], column) for column in chosen]
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in chosen])


def to_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch in the form that TFX libraries read: a list a row, null where it is missing."""
    arrays = [_listed(array) for array in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _tensor_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_floating(kind):
        return pa.float32()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return pa.binary()
    return pa.int64()


def _filled(array: pa.Array, column: Column) -> pa.Array:
    if column.fill is None:
        return array
    fill = column.fill.encode() if isinstance(column.fill, str) else column.fill
    return pc.fill_null(array, pa.scalar(fill, type=array.type))


def _listed(array: pa.Array) -> pa.Array:
    present = array.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(present)]).astype(np.int32)
    mask = pa.array(~present)
    return pa.ListArray.from_arrays(pa.array(offsets), array.drop_null(), mask=mask)

"""A few rows of an extract, read without reading all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from mlops.data.records import to_batches

if TYPE_CHECKING:
    from mlops.data.query import Split

LARGEST_FILE_COUNT = 16


def read_sample(data: str, split: Split, rows: int, seed: int) -> pa.RecordBatch:
    """At most that many rows of a split, an equal share from each of some of its files.

    Of each file one group of rows is read, so that a large split costs no more than a small one.
    """
    random = np.random.default_rng(seed)
    (matched,) = FileSystems.match([f"{data}/{split}/*.parquet"])
    paths = sorted(file.path for file in matched.metadata_list)
    if len(paths) > LARGEST_FILE_COUNT:
        paths = sorted(random.choice(paths, LARGEST_FILE_COUNT, replace=False))
    tables = [_read_rows(path, -(-rows // len(paths)), random) for path in paths]
    sample = pa.concat_tables(tables).slice(0, rows)
    return pa.Table.from_batches(to_batches(sample)).combine_chunks().to_batches()[0]


def _read_rows(path: str, rows: int, random: np.random.Generator) -> pa.Table:
    with FileSystems.open(path) as file:
        parquet = pq.ParquetFile(file)
        table = parquet.read_row_group(random.integers(parquet.num_row_groups))
    chosen = random.choice(len(table), min(rows, len(table)), replace=False)
    return table.take(pa.array(np.sort(chosen)))

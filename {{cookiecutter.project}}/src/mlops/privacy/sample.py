"""The different values that an extract's columns hold, in a sample of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from mlops.data.files import choose_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.cloud import storage

    from mlops.features import Features

_MOST_FILES = 9  # that are opened
_CHUNK = 1 << 20  # bytes that are fetched at once
# an amount or a truth value is nobody's name or number
TYPES = ("INTEGER", "STRING")


def read_values(
    client: storage.Client, features: Features, data: str, rows: int
) -> dict[str, list[str]]:
    """The different values of each column that can hold personal data, as text.

    Args:
        client: reads the files.
        features: the declaration of the data.
        data: URI of an extract, a folder of Parquet files a split.
        rows: how many rows to look at, an equal share of some of its files.
    """
    chosen = choose_files(client, data, _MOST_FILES)
    names = [column.name for column in features.extracted if column.type in TYPES]
    found: dict[str, dict[str, None]] = {name: {} for name in names}
    for blob in chosen:
        for name, values in _read_rows(blob, names, -(-rows // len(chosen))).items():
            found[name].update(dict.fromkeys(values))
    return {name: list(values) for name, values in found.items() if values}


def _read_rows(blob: storage.Blob, names: Sequence[str], rows: int) -> dict[str, list[str]]:
    """The first rows of a file, column by column; what is missing is left out."""
    with blob.open("rb", chunk_size=_CHUNK) as file:
        parquet = pq.ParquetFile(file)
        there = [name for name in names if name in parquet.schema_arrow.names]
        batch = next(parquet.iter_batches(batch_size=rows, columns=there), None)
    if batch is None:
        return {}
    return {
        name: [str(value) for value in batch[name].to_pylist() if value is not None]
        for name in there
    }

"""Parquet files: their schema, and their rows as columns. pyarrow is an optional package."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from target_selligent.records import find_double_name, to_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

_MAX_ROWS = 1 << 14
_MAX_BYTES = 1 << 25
"""How large the rows that are read at once are at most, as far as the file says their size."""
_BUFFER_BYTES = 1 << 20
"""How much of a column is read at once. Otherwise, whole row groups are, which can be as large as the file."""


def read_schema(file: IO[bytes], stream: str) -> Mapping[str, Any]:
    """Return the JSON Schema of the rows of a file.

    Args:
        file: The file.
        stream: The name of the stream, for messages.

    Raises:
        InputError: If a column has a type that no field can hold.
        Exception: What pyarrow raises if it cannot read the file, and ImportError if it is missing.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - optional

    return to_json_schema(pq.read_schema(file), stream)


def read_batches(file: IO[bytes]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, at most 16,384 at once, and fewer if they are large.

    Args:
        file: The file.

    Raises:
        ValueError: If two columns have the same name.
        Exception: What pyarrow raises if it cannot read the file, and ImportError if it is missing.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - optional

    opened = pq.ParquetFile(file, buffer_size=_BUFFER_BYTES)
    if (double := find_double_name(opened.schema_arrow.names)) is not None:
        raise ValueError(f"two columns have the name {double}: rename one")
    yield from opened.iter_batches(_choose_rows(opened.metadata))


def _choose_rows(metadata: FileMetaData) -> int:
    """Return how many rows are read at once."""
    rows: int = metadata.num_rows
    size: int = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return max(1, min(_MAX_ROWS, _MAX_BYTES * rows // max(1, size)))

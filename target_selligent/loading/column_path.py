"""How columns of Arrow become the rows of one stream, without a record for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.batches import Rows
from target_selligent.errors import RejectedRecord
from target_selligent.records import ColumnLines, ColumnReader, join_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from target_selligent.loading.audience import Audience
    from target_selligent.loading.key_path import KeyPath
    from target_selligent.records import RecordLineWriter, RecordType, StreamDescription

_FEW_ROWS = 512
"""If so few rows of a record batch cannot be converted as columns, they are processed as records."""
_PAUSE = 7
"""If most rows of a record batch had to be processed as records, so many more batches are, without halving them."""


class ColumnPath:
    """Creates the rows of record batches.

    Args:
        description: The stream.
        record_type: The type that its records are decoded to.
        path: How its rows are loaded.
        audience: Which Segments its records join or leave.
        line_writer: Writes its RECORD messages.
        is_open: Whether columns can be converted at all. If not, all rows are processed as records.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        description: StreamDescription,
        record_type: RecordType,
        path: KeyPath,
        audience: Audience,
        line_writer: RecordLineWriter,
        *,
        is_open: bool,
    ) -> None:
        self._path, self._audience, self._line_writer = path, audience, line_writer
        self._reader = ColumnReader(description.schema, record_type)
        self._is_open, self._pause = is_open, 0

    def read(
        self, batch: pa.RecordBatch, get_number: Callable[[], int]
    ) -> Iterator[tuple[Rows, Sequence[bool]] | pa.RecordBatch]:
        """Yield the rows of a record batch, in order, and for each whether its record leaves its Segments.

        A part of the batch is yielded as it is if it may hold a record without a valid row. It must be processed as
        records.

        Args:
            batch: The record batch.
            get_number: Returns the number that the next record has in its stream.
        """
        if not self._is_open or self._pause or not self._reader.fits(batch):
            self._pause = max(0, self._pause - 1)
            yield batch
            return
        as_records = 0
        for part in self._read_parts(batch, get_number):
            as_records += 0 if isinstance(part, tuple) else part.num_rows
            yield part
        if as_records > batch.num_rows / 2:
            self._pause = _PAUSE

    def _read_parts(
        self, batch: pa.RecordBatch, get_number: Callable[[], int]
    ) -> Iterator[tuple[Rows, Sequence[bool]] | pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415 - optional

        try:
            yield self._create_rows(batch, get_number())
        except (RejectedRecord, UnicodeError, pa.ArrowException):
            # A single value may be too large for a column of its type.
            if batch.num_rows <= _FEW_ROWS:
                yield batch
                return
            middle = batch.num_rows // 2
            for half in (batch.slice(0, middle), batch.slice(middle)):
                yield from self._read_parts(half, get_number)

    def _create_rows(self, batch: pa.RecordBatch, number: int) -> tuple[Rows, Sequence[bool]]:
        columns, count = self._reader.read(batch), batch.num_rows
        segments, leaving = self._audience.read(columns.repeated_values, count)
        written, keys = self._path.mapper.write_columns(columns)
        columns.check_others()
        values = join_columns([*written, *self._path.static.write_columns(segments)], count)
        # As JSON, the values need about as much memory as in their columns.
        lines = ColumnLines(batch, self._write_lines, values.size_bytes / count)
        return Rows(values, keys, segments, lines, range(number, number + count)), leaving

    def _write_lines(self, batch: pa.RecordBatch) -> list[bytes]:
        return self._line_writer.write_columns(self._reader.read(batch).all_values())

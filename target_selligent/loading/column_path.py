"""How columns of Arrow become the rows of one stream, without a record for each row."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.batches import Rows
from target_selligent.errors import RejectedRecord
from target_selligent.records import ColumnLines, ColumnReader, join_columns, read_ahead, split_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    import pyarrow as pa

    from target_selligent.loading.audience import Audience
    from target_selligent.loading.key_path import KeyPath
    from target_selligent.records import (
        Key,
        Part,
        RecordLineWriter,
        RecordType,
        Segments,
        StreamDescription,
    )

_FEW_ROWS = 512
"""If so few rows of a record batch cannot be converted as columns, they are processed as records."""
_PAUSE = 7
"""If most rows of a record batch had to be processed as records, so many more batches are, without halving them."""


@dataclass(frozen=True, slots=True)
class ConvertedColumns:
    """The columns of a record batch as they are sent. All its records have valid rows.

    Args:
        record_batch: The record batch.
        columns: The JSON text of the values of each column, in parts.
        keys: The key of each row.
        segments: The Segment or Segments of each record; empty if the stream has no Segments.
        leaving: For each row, whether its record leaves its Segments; empty if none does.
        write_lines: Returns the RECORD messages of a record batch.
    """

    record_batch: pa.RecordBatch
    columns: Sequence[Sequence[Part]]
    keys: Sequence[Key]
    segments: Sequence[Segments]
    leaving: Sequence[bool]
    write_lines: Callable[[pa.RecordBatch], list[bytes]]

    def join(self, first_number: int) -> Rows:
        """Return the rows.

        Args:
            first_number: The number of the first record in its stream.
        """
        count = self.record_batch.num_rows
        values = join_columns(self.columns, count)
        # As JSON, the values need about as much memory as in their columns.
        lines = ColumnLines(self.record_batch, self.write_lines, values.size_bytes / count)
        return Rows(values, self.keys, self.segments, lines, range(first_number, first_number + count))


class ColumnPath:
    """Converts record batches.

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

    def convert(self, batch: pa.RecordBatch) -> Iterator[ConvertedColumns | pa.RecordBatch]:
        """Yield the columns of a record batch as they are sent, in order.

        A part of the batch is yielded as it is if it may hold a record without a valid row. It must be processed as
        records.

        Args:
            batch: The record batch.
        """
        if not self._is_open or self._pause or not self._reader.fits(batch):
            self._pause = max(0, self._pause - 1)
            yield batch
            return
        as_records = 0
        for part in self._convert_parts(batch):
            as_records += 0 if isinstance(part, ConvertedColumns) else part.num_rows
            yield part
        if as_records > batch.num_rows / 2:
            self._pause = _PAUSE

    def _convert_parts(self, batch: pa.RecordBatch) -> Iterator[ConvertedColumns | pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415 - optional

        try:
            yield self._convert_columns(batch)
        except (RejectedRecord, UnicodeError, pa.ArrowException):
            # A single value may be too large for a column of its type.
            if batch.num_rows <= _FEW_ROWS:
                yield batch
                return
            middle = batch.num_rows // 2
            for half in (batch.slice(0, middle), batch.slice(middle)):
                yield from self._convert_parts(half)

    def _convert_columns(self, batch: pa.RecordBatch) -> ConvertedColumns:
        columns = self._reader.read(batch)
        segments, leaving = self._audience.read(columns.repeated_values, batch.num_rows)
        written, keys = self._path.mapper.write_columns(columns)
        columns.check_others()
        static = self._path.static.write_columns(segments)
        return ConvertedColumns(batch, [*written, *static], keys, segments, leaving, self._write_lines)

    def _write_lines(self, batch: pa.RecordBatch) -> list[bytes]:
        return self._line_writer.write_columns(self._reader.read(batch).all_values())


def convert_ahead(
    data: pa.RecordBatch | pa.Table | Iterable[pa.RecordBatch | pa.Table],
    convert: Callable[[pa.RecordBatch], Iterable[ConvertedColumns | pa.RecordBatch]],
    while_waiting: Callable[[], object],
) -> Generator[ConvertedColumns | pa.RecordBatch, None, None]:
    """Yield what rows are converted to, in order. Other threads read and convert the rows after those.

    So conversion takes little of the caller's time: pyarrow works without Python's lock.

    Args:
        data: The rows.
        convert: Converts a small record batch: see `ColumnPath.convert`.
        while_waiting: Called about once a second while nothing is there to yield. What it raises is raised at once.

    Raises:
        TypeError: If the rows come as something else.
    """
    if isinstance(data, Iterable):
        parts = _convert_all(_read_batches(data), convert)
    else:
        batches = list(split_batches(data))
        if len(batches) == 1:
            # There is nothing to convert at the same time: a thread would only cost time.
            yield from convert(batches[0])
            return
        parts = _convert_all(batches, convert)
    try:
        with closing(read_ahead(parts, while_waiting)) as ahead:
            yield from ahead
    finally:
        # It cannot be closed as long as a thread waits in it for the rows.
        with suppress(ValueError):
            parts.close()


def _convert_all(
    batches: Iterable[pa.RecordBatch], convert: Callable[[pa.RecordBatch], Iterable[ConvertedColumns | pa.RecordBatch]]
) -> Generator[ConvertedColumns | pa.RecordBatch, None, None]:
    for batch in batches:
        yield from convert(batch)


def _read_batches(data: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[pa.RecordBatch]:
    with closing(read_ahead(iter(data))) as ahead:
        for some in ahead:
            yield from split_batches(some)

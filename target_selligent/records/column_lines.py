"""The RECORD messages of records that came as columns. They are written only where they are needed. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from target_selligent.records.lazy_sequence import LazySequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

_SPARSE = 16
"""If fewer than one row of so many is needed, messages are written one by one instead of all together."""


class ColumnLines(LazySequence[bytes]):
    """The RECORD messages of rows of a record batch.

    Args:
        batch: The record batch.
        write: Returns the messages of a batch, in the order of its rows.
        row_bytes: The approximate memory of a row.
        rows: The indexes of the rows, in their order; all rows if None.
    """

    def __init__(
        self,
        batch: pa.RecordBatch,
        write: Callable[[pa.RecordBatch], list[bytes]],
        row_bytes: float,
        rows: Sequence[int] | None = None,
    ) -> None:
        self._batch, self._write, self._row_bytes = batch, write, row_bytes
        self._rows = range(batch.num_rows) if rows is None else rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @overload
    def __getitem__(self, key: int) -> bytes: ...

    @overload
    def __getitem__(self, key: slice) -> ColumnLines: ...

    def __getitem__(self, key: int | slice) -> Any:
        """Return one message, or those of some rows."""
        if isinstance(key, slice):
            return ColumnLines(self._batch, self._write, self._row_bytes, self._rows[key])
        return self._write(self._batch.slice(self._rows[key], 1))[0]

    def __iter__(self) -> Iterator[bytes]:
        """Yield all messages. Unless they are few, they are written together, which is much faster."""
        if not self._rows:
            return iter(())
        first, last = self._rows[0], self._rows[-1]
        if last - first >= _SPARSE * len(self._rows):
            return map(self.__getitem__, range(len(self)))
        lines = self._write(self._batch.slice(first, last - first + 1))
        return (lines[row - first] for row in self._rows)

    @property
    def size_bytes(self) -> int:
        """The approximate memory of the rows."""
        return int(self._row_bytes * len(self))

    def select(self, indexes: Sequence[int]) -> ColumnLines:
        """Return the messages of some of the rows, in their order."""
        return ColumnLines(self._batch, self._write, self._row_bytes, [self._rows[index] for index in indexes])

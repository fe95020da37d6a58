"""A batch that is being filled. Rows of the same key may be merged in it, or moved to another one. Pure; no I/O."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from target_selligent.batches.batch import ROW_BYTES, RecordRow
from target_selligent.batches.merged_row import MergedRow, are_identical
from target_selligent.batches.same_key import normalize_for_order

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from target_selligent.batches.batch import Batch, Rows
    from target_selligent.batches.body import RowsJson
    from target_selligent.records import Key

Shape = TypeVar("Shape")

Place: TypeAlias = "tuple[OpenBatch[Shape], tuple[int, ...]]"
"""Where the row of a key is: the batch, and the indexes of the records of the row in it. The indexes are empty if the
records are merged, and if the key comes in several spellings."""


class OpenBatch(Generic[Shape]):
    """A batch that is being filled.

    Args:
        shape: What its rows have in common.
        batch: The batch, still empty.

    Attributes:
        shape: What its rows have in common.
        body_bytes: The size of its rows as one request body.
        merged: Its merged rows, by their key in the form for order.
    """

    def __init__(self, shape: Shape, batch: Batch) -> None:
        self.shape = shape
        self._batch = batch
        self.body_bytes = batch.body.size_bytes
        self.merged: dict[Hashable, MergedRow] = {}
        self._taken: set[int] = set()
        self._taken_bytes = 0
        self._merged_bytes = 0

    @property
    def batch(self) -> Batch:
        """The batch, without merged rows, and with rows that were taken out."""
        return self._batch

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self._batch) - len(self._taken) + len(self.merged)

    @property
    def size_bytes(self) -> int:
        """The approximate memory of its rows, their keys and their lines."""
        return self._batch.size_bytes + self._merged_bytes - self._taken_bytes

    def append(self, rows: Rows, start: int, stop: int, rows_json: RowsJson) -> range:
        """Append rows. Return their indexes. See `Batch.append`."""
        before = self._batch.body.size_bytes
        self._batch.append(rows, start, stop, rows_json)
        self.body_bytes += self._batch.body.size_bytes - before
        return range(len(self._batch) - (stop - start), len(self._batch))

    def places(self) -> Iterator[tuple[Hashable, Place[Shape]]]:
        """Yield the place of each row, under its key in the form for order. Call it only if no row is merged."""
        keys = self._batch.keys
        forms = normalize_for_order(self._batch.route.key_types, keys)
        if len(set(forms)) == len(forms) and not self._taken:
            yield from zip(forms, zip(repeat(self), zip(range(len(forms)))), strict=False)
            return
        indexes_of: dict[Hashable, list[int]] = {}
        for index, form in enumerate(forms):
            if index not in self._taken:
                indexes_of.setdefault(form, []).append(index)
        for form, indexes in indexes_of.items():
            same = all(are_identical(keys[indexes[0]], keys[index]) for index in indexes[1:])
            yield form, (self, tuple(indexes) if same else ())

    def key_forms(self) -> list[Hashable]:
        """Return the keys of all rows in the form for order."""
        return [*normalize_for_order(self._batch.route.key_types, self._batch.keys), *self.merged]

    def key(self, form: Hashable, indexes: Sequence[int]) -> Key | None:
        """Return the key of a row; None if it comes in several spellings.

        Args:
            form: The key in the form for order.
            indexes: The indexes of its records; empty if they are merged.
        """
        if indexes:
            return self._batch.keys[indexes[0]]
        row = self.merged.get(form)
        return None if row is None else row.key

    def row_bytes(self, form: Hashable, indexes: Sequence[int]) -> int:
        """Return the size of a row as JSON, and a comma, if its records are merged. See `key`."""
        if indexes:
            return sum(len(self._batch.body.row_json(index)) + 1 for index in indexes)
        return self.merged[form].body_bytes if form in self.merged else 0

    def take(self, form: Hashable, indexes: Sequence[int]) -> MergedRow:
        """Take out the row of a key.

        Args:
            form: The key in the form for order.
            indexes: The indexes of its records; empty if they are merged.
        """
        if not indexes:
            row = self.merged.pop(form)
            self._merged_bytes -= row.size_bytes + ROW_BYTES * len(row.lines)
            self.body_bytes -= row.body_bytes
            return row
        batch = self._batch
        row = MergedRow(batch.keys[indexes[0]])
        for index in indexes:
            part = RecordRow(batch.fields, batch.body.row_json(index))
            row.add(part, batch.record(index))
            self.body_bytes -= len(part.row_json) + 1
            # The body keeps the row until it is complete.
            self._taken_bytes += batch.lines.size_of(index) + ROW_BYTES
        self._taken.update(indexes)
        return row

    def put(self, form: Hashable, row: MergedRow) -> None:
        """Put in a merged row.

        Args:
            form: Its key in the form for order.
            row: The row, with the fields of this batch.
        """
        self.merged[form] = row
        self._merged_bytes += row.size_bytes + ROW_BYTES * len(row.lines)
        self.body_bytes += row.body_bytes

    def close(self) -> Batch:
        """Return the complete batch. The open one must not be used any more."""
        if self._taken:
            self._batch.drop(self._taken)
        for row in self.merged.values():
            row.append_to(self._batch)
        # Here, in the reading thread: the thread that loads the batch then has no work left for single records.
        self._batch.group_keys_by_segment()
        return self._batch

"""The buffer of one List: collects rows into batches that do not exceed a size. Pure; no I/O.

A row has no value for a column that its record lacks: null would delete the value in the List. So all rows of a batch
have the same fields, and records with different columns go into different batches. These batches stay open side by
side and fill up. If each change of columns ended a batch, a tap that omits null values would cause many small loads.

Order matters only between rows with the same key. If such rows would be in two open batches, they are merged: the
values of the later record lie over those of the earlier one. The merged row moves to the batch of rows with all these
fields. Where rows may not be merged, the earlier batch is submitted first. Streams with different key fields may write
to the same record, and the rows do not show it. So their batches are never open at the same time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Generic, TypeVar

from target_selligent.batches.batch import RecordRow
from target_selligent.batches.body import encode_rows, encode_rows_apart, measure_rows
from target_selligent.batches.merged_row import are_identical
from target_selligent.batches.open_batch import OpenBatch
from target_selligent.batches.same_key import normalize_for_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.batches.batch import Batch, Rows
    from target_selligent.batches.body import RowsJson
    from target_selligent.batches.flush_age import FlushAge
    from target_selligent.batches.merging import Merging
    from target_selligent.batches.open_batch import Place

Shape = TypeVar("Shape", bound=Hashable)

_MAX_OPEN = 256
_MAX_OPEN_BYTES = 64 << 20
_BRACKETS, _COMMA = len("[]"), len(",")


class BatchBuffer(Generic[Shape]):
    """Collects the rows of one List into batches and submits each batch when it is full.

    Rows with the same shape share a batch. A shape is whatever rows of one load must have in common.

    Args:
        new_batch: Creates an empty batch for a shape.
        submit: Called with each complete batch. Batches that share a key are submitted in the order of their rows.
        max_rows: Returns the maximum number of rows in a batch. It may change.
        max_bytes: Maximum size of a batch's body; only a batch of one row may exceed it.
        max_open: Maximum number of open batches. The largest is submitted when there would be more.
        max_open_bytes: Maximum memory of all open batches, if there are several or rows were merged. The largest is
            submitted when they need more.
        merging: How rows with the same key are merged; None if they are not.
    """

    def __init__(  # noqa: PLR0913 - each is a limit
        self,
        new_batch: Callable[[Shape], Batch],
        submit: Callable[[Batch], None],
        *,
        max_rows: Callable[[], int],
        max_bytes: int,
        max_open: int = _MAX_OPEN,
        max_open_bytes: int = _MAX_OPEN_BYTES,
        merging: Merging[Shape] | None = None,
    ) -> None:
        self._new_batch = new_batch
        self._submit = submit
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_open = max_open
        self._max_open_bytes = max_open_bytes
        self._merging = merging
        self._open: dict[Shape, OpenBatch[Shape]] = {}
        self._open_bytes = 0
        # Whether keys are compared: if several batches are open, or rows were merged, which is rare.
        self._compares = False
        self._places: dict[Hashable, Place[Shape]] = {}

    def add(self, shape: Shape, rows: Rows, rows_json: RowsJson) -> None:
        """Add rows, and submit the batches that become full.

        Args:
            shape: The shape of the rows.
            rows: At least one row, in the order of the records.
            rows_json: All rows as JSON, comma-separated, without outer brackets.
        """
        opened, merging = self._open_batch(shape), self._merging
        if merging is None or not self._compares:
            self._append(shape, rows, rows_json)
            return
        forms = normalize_for_order(opened.batch.route.key_types, rows.keys)
        new: dict[Hashable, int] = {}
        for index, form in enumerate(forms):
            if form not in self._places:
                new.setdefault(form, index)
        if len(new) == len(rows):
            self._append(shape, rows, rows_json)
            return
        if new:
            first = rows.select(list(new.values()))
            self._append(shape, first, encode_rows(first.values))
        for index, form in enumerate(forms):
            if new.get(form) != index:
                self._merge(merging, shape, rows.select([index]), form)

    def flush(self) -> None:
        """Submit all batches."""
        for shape in list(self._open):
            self._submit_batch(shape)

    def flush_old(self, now: float, age: FlushAge) -> None:
        """Submit the batches that are older than an age limit.

        Args:
            now: The current time, in seconds.
            age: The limit. The number of submitted batches is noted there, and later the time of their loads.
        """
        opened_before = now - age.seconds
        old = [(shape, one.batch) for shape, one in self._open.items() if one.batch.opened_at < opened_before]
        for shape, batch in old:
            batch.flush_age = age
            self._submit_batch(shape)
        age.note_flush(sum(bool(batch.body) for _, batch in old))

    def _append(self, shape: Shape, rows: Rows, rows_json: RowsJson) -> None:
        """Append rows to the batch of their shape, and submit the batches that become full."""
        start = 0
        while start < len(rows):
            opened = self._open_batch(shape)
            stop, fitting_json = self._fit(opened, rows, start, rows_json)
            if stop > start:
                forms: Sequence[Hashable] = ()
                if self._compares:
                    forms = normalize_for_order(opened.batch.route.key_types, rows.keys[start:stop])
                    self._keep_order(opened, forms)
                self._open_bytes -= opened.size_bytes
                indexes = opened.append(rows, start, stop, fitting_json)
                self._open_bytes += opened.size_bytes
                if self._compares:
                    self._places.update(zip(forms, zip(repeat(opened), zip(indexes)), strict=False))
                start = stop
            if start < len(rows) or opened.rows >= self._max_rows():
                self._submit_batch(shape)
            self._limit_memory()

    def _merge(self, merging: Merging[Shape], shape: Shape, row: Rows, form: Hashable) -> None:
        """Lay one row over the open row with the same key; if they may not be merged, append it behind that row.

        Args:
            merging: How rows are merged.
            shape: The shape of the row.
            row: The row.
            form: Its key in the form for order.
        """
        (row_json,) = encode_rows_apart(row.values)
        target = self._find_target(merging, shape, row, form, len(row_json) + _COMMA)
        if target is None:
            comes_again = form in self._places
            self._append(shape, row, row_json)
            if comes_again and form in self._places:
                self._places[form] = self._places[form][0], ()
            return
        source, indexes = self._places[form]
        involved = {source.shape: source, target.shape: target}.values()
        self._open_bytes -= sum(one.size_bytes for one in involved)
        merged = source.take(form, indexes)
        merged.add(RecordRow(merging.fields(shape), row_json), row)
        target.put(form, merged)
        self._open_bytes += sum(one.size_bytes for one in involved)
        self._places[form] = target, ()
        if source is not target:
            merging.note_move(source.batch, target.batch)
        if target.rows >= self._max_rows():
            self._submit_batch(target.shape)
        self._limit_memory()

    def _find_target(
        self, merging: Merging[Shape], shape: Shape, row: Rows, form: Hashable, size: int
    ) -> OpenBatch[Shape] | None:
        """Return the open batch that has room for a row and the open row with the same key, merged.

        Args:
            merging: How rows are merged.
            shape: The shape of the row.
            row: The row.
            form: Its key in the form for order.
            size: The size of the row as JSON, and a comma.

        Returns:
            The batch. None if there is no such row any more, or if the rows may not be merged: then the row can be
            appended behind the other one.
        """
        while (place := self._places.get(form)) is not None:
            source, indexes = place
            joined = merging.join(source.shape, shape)
            key = source.key(form, indexes)
            largest = source.row_bytes(form, indexes) + size
            if joined is None or not are_identical(key, row.keys[0]) or largest + _BRACKETS > self._max_bytes:
                if source.shape != shape or form in source.merged:
                    self._submit_batch(source.shape)
                break
            target = self._open_batch(joined)
            if self._places.get(form) is not place:
                # It was submitted to open another one.
                continue
            if target.body_bytes + (size if target is source else largest) <= self._max_bytes:
                return target
            self._submit_batch(joined)
        return None

    def _open_batch(self, shape: Shape) -> OpenBatch[Shape]:
        """Return the open batch of a shape; create it if there is none."""
        opened = self._open.get(shape)
        if opened is None:
            opened = OpenBatch(shape, self._new_batch(shape))
            key_fields = opened.batch.route.key_fields
            if any(other.batch.route.key_fields != key_fields for other in self._open.values()):
                self.flush()
            if len(self._open) >= self._max_open:
                self._make_place()
            if self._open and not self._compares:
                (only,) = self._open.values()
                self._places = dict(only.places())
                self._compares = True
            self._open[shape] = opened
            self._open_bytes += opened.size_bytes
        return opened

    def _fit(self, opened: OpenBatch[Shape], rows: Rows, start: int, rows_json: RowsJson) -> tuple[int, RowsJson]:
        """Find the rows that a batch has room for.

        Args:
            opened: The batch.
            rows: Rows to append.
            start: The index of the first row to append.
            rows_json: All rows as JSON.

        Returns:
            The index after the last row that fits, and rows `start:stop` as JSON. At least one row fits into an empty
            batch.
        """
        stop = max(start, min(len(rows), start + self._max_rows() - opened.rows))
        fitting_json = rows_json if stop - start == len(rows) else encode_rows(rows.values[start:stop])
        room = self._max_bytes - opened.body_bytes
        if len(fitting_json) + 1 > room:
            # `Body` counts one comma for each row.
            sizes = list(accumulate(size + 1 for size in measure_rows(rows.values[start:stop])))
            stop = start + bisect_right(sizes, room)
            if stop == start and not opened.rows:
                stop += 1
            fitting_json = encode_rows(rows.values[start:stop])
        return stop, fitting_json

    def _keep_order(self, opened: OpenBatch[Shape], forms: Sequence[Hashable]) -> None:
        """Submit each other open batch that has one of the keys, so that its row arrives first."""
        if not self._places.keys().isdisjoint(forms):
            owners = {self._places[form][0].shape for form in forms if form in self._places}
            for shape in [shape for shape in self._open if shape in owners and shape != opened.shape]:
                self._submit_batch(shape)

    def _limit_memory(self) -> None:
        while self._open_bytes > self._max_open_bytes and self._may_submit_for_memory():
            self._submit_largest()

    def _may_submit_for_memory(self) -> bool:
        """Return whether a batch is submitted if memory is short. The rows of a single one are limited otherwise."""
        return len(self._open) > 1 or any(one.merged for one in self._open.values())

    def _make_place(self) -> None:
        """Submit the batches whose rows have all moved to others, or else the largest one."""
        empty = [shape for shape, opened in self._open.items() if not opened.rows]
        for shape in empty:
            self._submit_batch(shape)
        if not empty:
            self._submit_largest()

    def _submit_largest(self) -> None:
        self._submit_batch(max(self._open, key=lambda shape: self._open[shape].size_bytes))

    def _submit_batch(self, shape: Shape) -> None:
        opened = self._open.pop(shape)
        self._open_bytes -= opened.size_bytes
        if len(self._open) <= 1 and not any(one.merged for one in self._open.values()):
            self._places.clear()
            self._compares = False
        else:
            for form in opened.key_forms():
                if form in self._places and self._places[form][0] is opened:
                    del self._places[form]
        if self._merging is not None:
            self._merging.forget(opened.batch.ticket)
        self._submit(opened.close())

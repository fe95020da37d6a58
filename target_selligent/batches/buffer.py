"""The buffer of one List: collects rows into batches that do not exceed a size. Pure; no I/O.

A row has no value for a column that its record lacks: null would delete the value in the List. So all rows of a batch
have the same fields, and records with different columns go into different batches. These batches stay open side by
side and fill up. If each change of columns ended a batch, a tap that omits null values would cause many small loads.

Order matters only between rows with the same key. If such rows are in two open batches, the earlier batch is submitted
first. Streams with different key fields may write to the same record, and the rows do not show it. So their batches
are never open at the same time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

from target_selligent.batches.body import encode_rows
from target_selligent.batches.same_key import normalize_for_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.batches.batch import Batch, Rows
    from target_selligent.batches.flush_age import FlushAge

Shape = TypeVar("Shape", bound=Hashable)

_MAX_OPEN = 256
_MAX_OPEN_BYTES = 64 << 20


class BatchBuffer(Generic[Shape]):
    """Collects the rows of one List into batches and submits each batch when it is full.

    Rows with the same shape share a batch. A shape is whatever rows of one load must have in common.

    Args:
        new_batch: Creates an empty batch for a shape.
        submit: Called with each complete batch. Batches that share a key are submitted in the order of their rows.
        max_rows: Maximum number of rows in a batch.
        max_bytes: Maximum size of a batch's body; only a batch of one row may exceed it.
        max_open: Maximum number of open batches. The largest is submitted when there would be more.
        max_open_bytes: Maximum memory of all open batches, if there are several. The largest is submitted when they
            need more.
    """

    def __init__(  # noqa: PLR0913 - each is a limit
        self,
        new_batch: Callable[[Shape], Batch],
        submit: Callable[[Batch], None],
        *,
        max_rows: int,
        max_bytes: int,
        max_open: int = _MAX_OPEN,
        max_open_bytes: int = _MAX_OPEN_BYTES,
    ) -> None:
        self._new_batch = new_batch
        self._submit = submit
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_open = max_open
        self._max_open_bytes = max_open_bytes
        self._open: dict[Shape, Batch] = {}
        self._open_bytes = 0
        # Each key to the ticket of the open batch that has it. Empty unless several batches are open, which is rare.
        self._ticket_of: dict[Hashable, int] = {}

    def add(self, shape: Shape, rows: Rows, rows_json: bytes) -> None:
        """Add rows, and submit the batches that become full.

        Args:
            shape: The shape of the rows.
            rows: At least one row, in the order of the records.
            rows_json: All rows as JSON, comma-separated, without outer brackets.
        """
        start = 0
        while start < len(rows):
            batch = self._open_batch(shape)
            stop, fitting_json = self._fit(batch, rows, start, rows_json)
            if stop > start:
                if len(self._open) > 1:
                    self._keep_order(batch, normalize_for_order(batch.route.key_types, rows.keys[start:stop]))
                self._open_bytes -= batch.size_bytes
                batch.append(rows, start, stop, fitting_json)
                self._open_bytes += batch.size_bytes
                start = stop
            if start < len(rows) or len(batch) >= self._max_rows:
                self._submit_batch(shape)
            while self._open_bytes > self._max_open_bytes and len(self._open) > 1:
                self._submit_largest()

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
        old = [(shape, batch) for shape, batch in self._open.items() if batch.opened_at < opened_before]
        for shape, batch in old:
            batch.flush_age = age
            self._submit_batch(shape)
        age.note_flush(len(old))

    def _open_batch(self, shape: Shape) -> Batch:
        """Return the open batch of a shape; create it if there is none."""
        batch = self._open.get(shape)
        if batch is None:
            batch = self._new_batch(shape)
            if any(other.route.key_fields != batch.route.key_fields for other in self._open.values()):
                self.flush()
            if len(self._open) >= self._max_open:
                self._submit_largest()
            if len(self._open) == 1:
                (only,) = self._open.values()
                self._ticket_of = dict.fromkeys(_normalized_keys(only), only.ticket)
            self._open[shape] = batch
            self._open_bytes += batch.size_bytes
        return batch

    def _fit(self, batch: Batch, rows: Rows, start: int, rows_json: bytes) -> tuple[int, bytes]:
        """Find the rows that a batch has room for.

        Args:
            batch: The batch.
            rows: Rows to append.
            start: The index of the first row to append.
            rows_json: All rows as JSON.

        Returns:
            The index after the last row that fits, and rows `start:stop` as JSON. At least one row fits into an empty
            batch.
        """
        stop = min(len(rows), start + self._max_rows - len(batch))
        fitting_json = rows_json if stop - start == len(rows) else encode_rows(rows.values[start:stop])
        room = self._max_bytes - batch.body.size_bytes
        if len(fitting_json) + 1 > room:
            # `Body` counts one comma for each row.
            sizes = list(accumulate(len(encode_rows([row])) + 1 for row in rows.values[start:stop]))
            stop = start + bisect_right(sizes, room)
            if stop == start and not batch:
                stop += 1
            fitting_json = encode_rows(rows.values[start:stop])
        return stop, fitting_json

    def _keep_order(self, batch: Batch, keys: Sequence[Hashable]) -> None:
        """Submit each other open batch that has one of the keys, so that its row arrives first."""
        if others := set(map(self._ticket_of.get, keys)) - {None, batch.ticket}:
            for shape in [shape for shape, other in self._open.items() if other.ticket in others]:
                self._submit_batch(shape)
        self._ticket_of.update(dict.fromkeys(keys, batch.ticket))

    def _submit_largest(self) -> None:
        self._submit_batch(max(self._open, key=lambda shape: self._open[shape].size_bytes))

    def _submit_batch(self, shape: Shape) -> None:
        batch = self._open.pop(shape)
        self._open_bytes -= batch.size_bytes
        if len(self._open) <= 1:
            self._ticket_of.clear()
        else:
            for key in _normalized_keys(batch):
                self._ticket_of.pop(key, None)
        # Here, in the reading thread: the thread that loads the batch then has no work left for single records.
        batch.group_keys_by_segment()
        self._submit(batch)


def _normalized_keys(batch: Batch) -> list[Hashable]:
    return normalize_for_order(batch.route.key_types, batch.keys)

"""The buffer of one List: rows become batches, cut by rows and by encoded bytes. Pure; no I/O.

A record that lacks a column says nothing about it, so nothing may be sent for it: null would erase what the List
holds. Rows of records with the same columns share a batch; the kinds of record that a stream has are gathered side by
side, and only where a key comes again in another kind is order kept by cutting. A tap that leaves out every null makes
many kinds: they must fill their batches, or each would cost a call of its own.

Rows of streams that find records by different key fields may be of the same person, and nothing here can tell. They
are never open side by side, so that they are loaded in the order in which they came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

from target_selligent.body import encode_rows
from target_selligent.same_key import order_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.batch import Batch, Rows
    from target_selligent.flush_age import FlushAge

Shape = TypeVar("Shape", bound=Hashable)

_MAX_OPEN = 256
_MAX_OPEN_BYTES = 64 << 20


class BatchBuffer(Generic[Shape]):
    """Gathers the rows of one List into batches and hands each on when it is full.

    Rows go into one batch if they have the same shape: whatever tells apart rows that cannot share a load.

    Args:
        new_batch: Makes an empty batch for the given shape.
        submit: Takes a batch that is complete. Batches that share a key are submitted in the order of their rows.
        max_rows: Most rows in a batch.
        max_bytes: Most bytes in a batch's body. A single row over it still makes a batch of its own.
        max_open: Most batches that are open side by side; when there are more, the largest is handed on.
        max_open_bytes: Most bytes that several open batches hold together, likewise.
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
        # Ticket of the open batch that holds a key, kept only while there are several: usually there are not.
        self._ticket_of: dict[Hashable, int] = {}

    def add(self, shape: Shape, rows: Rows, encoded: bytes) -> None:
        """Put rows in, submitting what is full before or after each of them.

        Args:
            shape: Their shape.
            rows: The rows, in the order of their records.
            encoded: All of them as JSON text.
        """
        start, count = 0, len(rows)
        while start < count:
            batch = self._batch(shape)
            stop = min(count, start + self._max_rows - len(batch))
            piece = encoded if stop - start == count else encode_rows(rows.values[start:stop])
            fitting = stop
            if batch.body.size + len(piece) + 1 > self._max_bytes:
                sizes = accumulate(len(encode_rows([row])) + 1 for row in rows.values[start:stop])
                fitting = start + bisect_right(list(sizes), self._max_bytes - batch.body.size)
                if fitting == start and not batch:
                    fitting += 1
                piece = encode_rows(rows.values[start:fitting])
            if fitting > start:
                if len(self._open) > 1:
                    self._keep_order(batch, order_keys(batch.source.key_types, rows.keys[start:fitting]))
                self._open_bytes -= batch.held_bytes
                batch.take(rows, start, fitting, piece)
                self._open_bytes += batch.held_bytes
                start = fitting
            if fitting < stop or len(batch) >= self._max_rows:
                self._cut(shape)
            while self._open_bytes > self._max_open_bytes and len(self._open) > 1:
                self._cut_largest()

    def flush(self) -> None:
        """Submit all batches."""
        for shape in list(self._open):
            self._cut(shape)

    def flush_old(self, now: float, age: FlushAge) -> None:
        """Submit the batches that are older than an age.

        Args:
            now: The time, in seconds.
            age: The age; it is told how many they are, and by their loads how long these take.
        """
        opened_before = now - age.seconds
        old = [(shape, batch) for shape, batch in self._open.items() if batch.since < opened_before]
        for shape, batch in old:
            batch.flush_age = age
            self._cut(shape)
        age.note_flush(len(old))

    def _batch(self, shape: Shape) -> Batch:
        """Return the open batch of a shape."""
        batch = self._open.get(shape)
        if batch is None:
            batch = self._new_batch(shape)
            if any(other.source.key_fields != batch.source.key_fields for other in self._open.values()):
                self.flush()
            if len(self._open) >= self._max_open:
                self._cut_largest()
            if len(self._open) == 1:
                (only,) = self._open.values()
                self._ticket_of = dict.fromkeys(_order_keys(only), only.ticket)
            self._open[shape] = batch
        return batch

    def _keep_order(self, batch: Batch, keys: Sequence[Hashable]) -> None:
        """Submit every other open batch that holds one of the keys, so that its row arrives first."""
        if others := set(map(self._ticket_of.get, keys)) - {None, batch.ticket}:
            for shape in [shape for shape, other in self._open.items() if other.ticket in others]:
                self._cut(shape)
        self._ticket_of.update(dict.fromkeys(keys, batch.ticket))

    def _cut_largest(self) -> None:
        self._cut(max(self._open, key=lambda shape: self._open[shape].held_bytes))

    def _cut(self, shape: Shape) -> None:
        batch = self._open.pop(shape)
        self._open_bytes -= batch.held_bytes
        if len(self._open) <= 1:
            self._ticket_of.clear()
        else:
            for key in _order_keys(batch):
                self._ticket_of.pop(key, None)
        batch.gather_members()
        self._submit(batch)


def _order_keys(batch: Batch) -> list[Hashable]:
    return order_keys(batch.source.key_types, batch.keys)

"""Batches: rows on their way to one List load, cut by rows and by encoded bytes. Pure; no I/O.

A record that lacks a column says nothing about it, so nothing may be sent for it: null would erase what the List
holds. Rows of records with the same columns share a batch; the few kinds of record that a stream usually has are
gathered side by side, and only where a key comes again in another kind is order kept by cutting.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Key = tuple[Any, ...]
"""Values of the key fields, in key order, as they are sent."""

Shape = TypeVar("Shape", bound=Hashable)

_MAX_OPEN = 8
_EMPTY_BODY = len("[]") - len(",")
"""Size of a body to which each row adds itself and a comma: the first one needs none."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from and go to: what their loads need to know, and what an answer is traced back to.

    Args:
        stream: Stream of the records, as its sink is named.
        list_api_name: Their List.
        key_fields: Names of the key fields, in key order.
        key_columns: The columns behind them.
        segment_column: Column that names the Segments, if there is one.
    """

    stream: str
    list_api_name: str
    key_fields: tuple[str, ...]
    key_columns: tuple[str, ...]
    segment_column: str | None = None


@dataclass(slots=True)
class Rows:
    """Rows of records that followed each other, side by side with what is needed to answer for them.

    Args:
        rows: Each row as JSON text.
        keys: Each row's key.
        segments: Each record's Segment, or Segments; empty if records are not routed.
        lines: Each record's RECORD message as it came.
        numbers: Each record's number in its stream, from 1.
    """

    rows: list[bytes]
    keys: list[Key]
    segments: Sequence[str | Sequence[str]]
    lines: Sequence[bytes]
    numbers: Sequence[int]


@dataclass(slots=True)
class Batch:
    """The rows of one List load and what is needed to answer for each of them.

    Args:
        ticket: Its checkpoint ticket.
        source: Where the rows come from and go to.
        fields: Field names, in row order.
        since: When it was opened, in seconds.

    Attributes:
        rows: Each row as JSON text, encoded once.
        keys: Each row's key.
        lines: The RECORD message of each row, as it came.
        numbers: Each record's number in its stream, from 1.
        segments: Segment API name to the indexes of its rows, in order of first appearance.
        body_bytes: Size of all rows as a request body.
    """

    ticket: int
    source: Source
    fields: tuple[str, ...]
    since: float
    rows: list[bytes] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    segments: dict[str, list[int]] = field(default_factory=dict)
    body_bytes: int = _EMPTY_BODY

    def take(self, rows: Rows, start: int, stop: int, size: int) -> None:
        """Append some rows.

        Args:
            rows: Where they are.
            start: Position of the first.
            stop: Position after the last.
            size: Their size in a body, separators included.
        """
        segments = self.segments
        for index, names in enumerate(rows.segments[start:stop], len(self.rows)):
            for name in (names,) if names.__class__ is str else names:
                if name in segments:
                    segments[name].append(index)
                else:
                    segments[name] = [index]
        self.rows += rows.rows[start:stop]
        self.keys += rows.keys[start:stop]
        self.lines += rows.lines[start:stop]
        self.numbers += rows.numbers[start:stop]
        self.body_bytes += size


def encode_body(rows: Iterable[bytes]) -> bytes:
    """Return encoded rows as a request body, a JSON array of arrays."""
    return b"[" + b",".join(rows) + b"]"


class BatchBuffer(Generic[Shape]):
    """Gathers the rows of one List into batches and hands each on when it is full.

    Rows go into one batch if they have the same shape: whatever tells apart rows that cannot share a load.

    Args:
        new_batch: Makes an empty batch for the given shape.
        submit: Takes a batch that is complete. Batches that share a key are submitted in the order of their rows.
        max_rows: Most rows in a batch.
        max_bytes: Most bytes in a batch's body. A single row over it still makes a batch of its own.
    """

    def __init__(
        self,
        new_batch: Callable[[Shape], Batch],
        submit: Callable[[Batch], None],
        *,
        max_rows: int,
        max_bytes: int,
    ) -> None:
        self._new_batch = new_batch
        self._submit = submit
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._open: dict[Shape, Batch] = {}
        # Keys by open batch, kept only while there is more than one: usually there is not.
        self._keys: dict[Shape, set[Key]] = {}

    def add(self, shape: Shape, rows: Rows) -> None:
        """Put rows in, submitting what is full before or after each of them.

        Args:
            shape: Their shape.
            rows: The rows, in the order of their records.
        """
        start, count = 0, len(rows.rows)
        while start < count:
            batch = self._open.get(shape) or self._begin(shape)
            stop = min(count, start + self._max_rows - len(batch.rows))
            if len(self._open) > 1:
                self._keep_order(shape, rows.keys[start:stop])
            sizes = [0, *accumulate(len(row) + 1 for row in rows.rows[start:stop])]
            fitting = bisect_right(sizes, self._max_bytes - batch.body_bytes) - 1
            if fitting < 1 and not batch.rows:
                fitting = 1
            if fitting > 0:
                batch.take(rows, start, start + fitting, sizes[fitting])
                start += fitting
            if len(batch.rows) >= self._max_rows or start < stop:
                self._cut(shape)

    def flush(self, opened_before: float = inf) -> None:
        """Submit the batches that were opened before a time; by default all."""
        for shape in [shape for shape, batch in self._open.items() if batch.since < opened_before]:
            self._cut(shape)

    def _begin(self, shape: Shape) -> Batch:
        if len(self._open) >= _MAX_OPEN:
            self._cut(next(iter(self._open)))
        batch = self._open[shape] = self._new_batch(shape)
        if len(self._open) > 1:
            for other, opened in self._open.items():
                self._keys.setdefault(other, set(opened.keys))
        return batch

    def _keep_order(self, shape: Shape, keys: Sequence[Key]) -> None:
        """Submit every other open batch that holds one of the keys, so that its row arrives first."""
        others = [other for other, held in self._keys.items() if other != shape and not held.isdisjoint(keys)]
        for other in others:
            self._cut(other)
        if shape in self._keys:
            self._keys[shape].update(keys)

    def _cut(self, shape: Shape) -> None:
        batch = self._open.pop(shape)
        self._keys.pop(shape, None)
        if len(self._open) <= 1:
            self._keys.clear()
        self._submit(batch)

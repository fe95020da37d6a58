"""Batches: rows on their way to one List load, cut by rows and by encoded bytes. Pure; no I/O.

A record that lacks a column says nothing about it, so nothing may be sent for it: null would erase what the List
holds. Rows of records with the same columns share a batch; the few kinds of record that a stream usually has are
gathered side by side, and only where a key comes again in another kind is order kept by cutting.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, compress, groupby, islice
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import UNSET

from target_selligent.body import Body, encode_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from collections.abc import Set as AbstractSet

Row = tuple[Any, ...]
"""JSON scalars in field order; UNSET where the record lacks the column."""

Key = Any
"""Value of the key field as it is sent; of several key fields, a tuple of them in key order."""

Segments = str | tuple[str, ...]
"""The Segment that a record names; a tuple if it names several, or names it in a list."""

Shape = TypeVar("Shape", bound=Hashable)

_MAX_OPEN = 8


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

    def key_rows(self, keys: Iterable[Key]) -> list[Row]:
        """Return rows that have nothing but their key."""
        return list(keys) if len(self.key_fields) > 1 else list(zip(keys, strict=True))


def several(named: Segments) -> tuple[str, ...]:
    """Return the Segments that a record names, however many."""
    return (named,) if isinstance(named, str) else named


@dataclass(slots=True)
class Rows:
    """Rows of records that followed each other, side by side with what is needed to answer for them.

    Args:
        values: The rows.
        keys: Each row's key.
        segments: Each record's Segment, or Segments; empty if records are not routed.
        lines: Each record's RECORD message as it came.
        numbers: Each record's number in its stream, from 1.
    """

    values: Sequence[Row]
    keys: Sequence[Key]
    segments: Sequence[Segments]
    lines: Sequence[bytes]
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.values)

    def only(self, indexes: Sequence[int]) -> Rows:
        """Return some of the rows."""
        return Rows(
            [self.values[index] for index in indexes],
            [self.keys[index] for index in indexes],
            [self.segments[index] for index in indexes] if self.segments else (),
            [self.lines[index] for index in indexes],
            [self.numbers[index] for index in indexes],
        )

    def by_fields(self, fields: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """Tell kinds of record apart.

        Args:
            fields: Names of all fields, in row order.

        Yields:
            The fields that some of the records have, and their rows without the others. Rows of one key come in the
            order of their records.
        """
        kinds = [tuple(value is not UNSET for value in row) for row in self.values]
        if len(set(self.keys)) == len(self.keys):
            indexes_of: dict[tuple[bool, ...], list[int]] = {}
            for index, kind in enumerate(kinds):
                indexes_of.setdefault(kind, []).append(index)
            groups = list(indexes_of.items())
        else:
            groups = [(kind, list(group)) for kind, group in groupby(range(len(kinds)), kinds.__getitem__)]
        for kind, indexes in groups:
            rows = self.only(indexes)
            rows.values = [tuple(compress(row, kind)) for row in rows.values]
            yield tuple(compress(fields, kind)), rows


@dataclass(slots=True)
class Members:
    """Which record of a batch named which Segment: what is kept of it until its Segments are loaded.

    Attributes:
        segments: What each record names; empty if records are not routed.
        numbers: Parts of the batch: each record's number in its stream, from 1.
        lost: Indexes of records that join no Segment.
    """

    segments: list[Segments] = field(default_factory=list)
    numbers: list[Sequence[int]] = field(default_factory=list)
    lost: AbstractSet[int] = frozenset()

    def naming(self, segment: str) -> list[int]:
        """Return the indexes of the records that name a Segment, in that spelling."""
        return [index for index, named in enumerate(self.segments) if segment in several(named)]

    def naming_none_of(self, segments: Container[str]) -> set[int]:
        """Return the indexes of the records that name Segments, but none of the given ones."""
        return {
            index
            for index, named in enumerate(self.segments)
            if named and not any(name in segments for name in several(named))
        }

    def number(self, index: int) -> int:
        """Return the number of one of the records."""
        return next(islice(chain.from_iterable(self.numbers), index, None))

    def number_of_member(self, segment: str, position: int) -> int:
        """Return the number of the record behind one of a Segment's rows."""
        return self.number([index for index in self.naming(segment) if index not in self.lost][position])


@dataclass(slots=True)
class Batch:
    """The rows of one List load and what is needed to answer for each of them.

    Args:
        ticket: Its checkpoint ticket.
        source: Where the rows come from and go to.
        fields: Field names, in row order.
        since: When it was opened, in seconds.

    Attributes:
        body: The rows, encoded.
        keys: Each row's key.
        members: Which record names which Segment.
        segment_keys: Segment as the records spell it, to its members' keys; in order of first appearance.
        key_bytes: Size of a row with nothing but its key, on average.
        lines: The RECORD message of each row, as it came.
        input_bytes: Size of the lines.
    """

    ticket: int
    source: Source
    fields: tuple[str, ...]
    since: float
    body: Body = field(default_factory=Body)
    keys: list[Key] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    segment_keys: dict[str, list[Key]] = field(default_factory=dict)
    key_bytes: float = 0
    input_bytes: int = 0
    lines: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Rows, start: int, stop: int, piece: bytes) -> None:
        """Append some rows.

        Args:
            rows: Where they are.
            start: Position of the first.
            stop: Position after the last.
            piece: They as JSON text.
        """
        lines = rows.lines[start:stop]
        self.lines += lines
        self.input_bytes += sum(map(len, lines))
        self.body.append(piece, stop - start)
        self.keys += rows.keys[start:stop]
        self.members.segments += rows.segments[start:stop]
        self.members.numbers.append(rows.numbers[start:stop])

    def gather_members(self, lost: AbstractSet[int] = frozenset()) -> None:
        """Work out who joins which Segment, while the keys are at hand.

        Args:
            lost: Indexes of records that join none.
        """
        keys_of: defaultdict[str, list[Key]] = defaultdict(list)
        if self.members.segments:
            self.key_bytes = len(encode_rows(self.source.key_rows(self.keys))) / len(self)
            for index, (named, key) in enumerate(zip(self.members.segments, self.keys, strict=True)):
                if lost and index in lost:
                    continue
                if named.__class__ is str:
                    keys_of[named].append(key)
                else:
                    for name in named:
                        keys_of[name].append(key)
        self.members.lost = lost
        self.segment_keys = dict(keys_of)


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

    def add(self, shape: Shape, rows: Rows, encoded: bytes) -> None:
        """Put rows in, submitting what is full before or after each of them.

        Args:
            shape: Their shape.
            rows: The rows, in the order of their records.
            encoded: All of them as JSON text.
        """
        start, count = 0, len(rows)
        while start < count:
            batch = self._open.get(shape) or self._begin(shape)
            stop = min(count, start + self._max_rows - len(batch))
            if len(self._open) > 1:
                self._keep_order(shape, rows.keys[start:stop])
            piece = encoded if stop - start == count else encode_rows(rows.values[start:stop])
            fitting = stop
            if batch.body.size + len(piece) + 1 > self._max_bytes:
                sizes = accumulate(len(encode_rows([row])) + 1 for row in rows.values[start:stop])
                fitting = start + bisect_right(list(sizes), self._max_bytes - batch.body.size)
                if fitting == start and not batch:
                    fitting += 1
                piece = encode_rows(rows.values[start:fitting])
            if fitting > start:
                batch.take(rows, start, fitting, piece)
                start = fitting
            if fitting < stop or len(batch) >= self._max_rows:
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
        batch.gather_members()
        self._submit(batch)

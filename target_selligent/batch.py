"""Rows and batches: what goes into one List load, and what is needed to answer for each record in it. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, compress, groupby, islice
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from target_selligent.body import Body, encode_rows

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from target_selligent.conversions import FieldType
    from target_selligent.flush_age import FlushAge

Row = tuple[Any, ...]
"""JSON scalars in field order; UNSET where the record lacks the column."""

Key = Any
"""Value of the key field as it is sent; of several key fields, a tuple of them in key order."""

Segments = str | tuple[str, ...]
"""The Segment that a record names; a tuple if it names several, or names it in a list."""


_ROW_BYTES = 150
"""About what a row takes besides its text: its key, and the objects that hold its key and its line."""
_SAMPLED = 16
"""How many keys one stands for where their size is estimated."""
_TEXT = frozenset({str})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from.

    Args:
        stream: Their stream, as the tap names it.
        schema: Its SCHEMA message as it came.
        replayed: Whether they were rejected by an earlier run: no Segment is emptied for them.
    """

    stream: str
    schema: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from and go to: what their loads need to know, and what an answer is traced back to.

    Args:
        stream: Stream of the records, as its sink is named.
        list_api_name: Their List.
        key_fields: Names of the key fields, in key order.
        key_columns: The columns behind them.
        key_types: Their types in the List.
        segment_column: Column that names the Segments, if there is one.
        origin: Where the records come from.
    """

    stream: str
    list_api_name: str
    key_fields: tuple[str, ...]
    key_columns: tuple[str, ...]
    key_types: tuple[FieldType, ...]
    segment_column: str | None = None
    origin: Origin = field(default=Origin("", b"{}"), compare=False)

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

    def by_fields(
        self, fields: tuple[str, ...], order_keys: Sequence[Hashable]
    ) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """Tell kinds of record apart.

        Args:
            fields: Names of all fields, in row order.
            order_keys: A form of each row's key that is equal for rows whose order counts.

        Yields:
            The fields that some of the records have, and their rows without the others. Rows of one key come in the
            order of their records.
        """
        kinds = [tuple(value is not UNSET for value in row) for row in self.values]
        if len(set(order_keys)) == len(order_keys):
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
        flush_age: Told how long the load took, where the batch is loaded for its age.
        body: The rows, encoded.
        keys: Each row's key.
        members: Which record names which Segment.
        segment_keys: Segment as the records spell it, to its members' keys; in order of first appearance.
        key_bytes: About the size of a row with nothing but its key.
        lines: The RECORD message of each row, as it came.
        input_bytes: Size of the lines.
    """

    ticket: int
    source: Source
    fields: tuple[str, ...]
    since: float
    flush_age: FlushAge | None = None
    body: Body = field(default_factory=Body)
    keys: list[Key] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    segment_keys: dict[str, list[Key]] = field(default_factory=dict)
    key_bytes: float = 0
    input_bytes: int = 0
    lines: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def held_bytes(self) -> int:
        """About how much memory the rows, their keys and their lines take."""
        return self.body.size + self.input_bytes + _ROW_BYTES * len(self.keys)

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

    def add_member(self, key: Key, segment: str, line: bytes, number: int) -> None:
        """Append a record that is in its List already, and lacks in a Segment: it has a key and no row.

        Args:
            key: Its key.
            segment: The Segment.
            line: Its message as it came.
            number: Its number in its stream.
        """
        self.keys.append(key)
        self.members.segments.append(segment)
        self.members.numbers.append([number])
        self.lines.append(line)
        self.input_bytes += len(line)
        self.gather_members()

    def gather_members(self, lost: AbstractSet[int] = frozenset()) -> None:
        """Work out who joins which Segment, while the keys are at hand.

        Args:
            lost: Indexes of records that join none.
        """
        self.members.lost = lost
        segments = self.members.segments
        if not segments:
            return
        sample = self.keys[::_SAMPLED]
        self.key_bytes = len(encode_rows(self.source.key_rows(sample))) / len(sample)
        keys_of: defaultdict[Any, list[Key]] = defaultdict(list)
        if not lost and _TEXT.issuperset(map(type, segments)):
            for named, key in zip(segments, self.keys, strict=True):
                keys_of[named].append(key)
        else:
            for index, (named, key) in enumerate(zip(segments, self.keys, strict=True)):
                for name in () if index in lost else several(named):
                    keys_of[name].append(key)
        self.segment_keys = dict(keys_of)

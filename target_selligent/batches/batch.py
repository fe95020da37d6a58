"""Rows and batches: what one List load sends, and what is needed to report on each of its records. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, compress, groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET

from target_selligent.batches.body import Body, encode_keys
from target_selligent.batches.lines import Lines
from target_selligent.records import Origin, select_items

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from target_selligent.batches.body import RowsJson
    from target_selligent.batches.flush_age import FlushAge
    from target_selligent.records import FieldType, Key, Row, Segments

ROW_BYTES = 150
"""The approximate memory of a row besides its text: its key, and the objects for its key and its line."""
PART_BYTES = 100
"""The approximate memory of a `RecordRow` besides its text."""
_KEYS_PER_SAMPLE = 16
"""One key of this many is measured where the size of keys is estimated."""
_TEXT = frozenset({str})


@dataclass(frozen=True, slots=True)
class Route:
    """Where rows come from and where they go.

    Args:
        stream: The stream of the records, under the name that stream maps give it.
        list_api_name: The List of the rows.
        key_fields: The names of the key fields, in key order.
        key_columns: The record column of each key field.
        key_types: The type of each key field in the List.
        segment_column: The column that names the Segments, if there is one.
        replaces_segments: Whether a Segment is cleared once in a run, before its first load.
        loads_list: Whether rows are loaded into the List. If not, they only join Segments.
        origin: Where the records come from.
        fields: All fields that its rows can have, in row order. Without them, its rows are not merged.
    """

    stream: str
    list_api_name: str
    key_fields: tuple[str, ...]
    key_columns: tuple[str, ...]
    key_types: tuple[FieldType, ...]
    segment_column: str | None = None
    replaces_segments: bool = False
    loads_list: bool = True
    origin: Origin = field(default=Origin("", b"{}"), compare=False)
    fields: tuple[str, ...] = field(default=(), compare=False)

    def key_rows(self, keys: Iterable[Key]) -> list[Row]:
        """Return keys as rows of the key fields."""
        return list(keys) if len(self.key_fields) > 1 else list(zip(keys, strict=True))


def segment_tuple(segments: Segments) -> tuple[str, ...]:
    """Return the Segments that a record names as a tuple, even if it names only one."""
    return (segments,) if isinstance(segments, str) else segments


@dataclass(slots=True)
class Rows:
    """The rows of consecutive records of a stream, with what is needed to report on each record.

    Args:
        values: The rows.
        keys: The key of each row.
        segments: The Segment or Segments of each record; empty if the stream has no segment column.
        lines: The RECORD message of each record, exactly as it came.
        numbers: The number of each record in its stream, from 1.
        fingerprints: The hashes of each row's key and of the row; empty unless only changed rows are sent.
    """

    values: Sequence[Row]
    keys: Sequence[Key]
    segments: Sequence[Segments]
    lines: Sequence[bytes]
    numbers: Sequence[int]
    fingerprints: Sequence[tuple[int, bytes]] = ()

    def __len__(self) -> int:
        return len(self.values)

    def select(self, indexes: Sequence[int]) -> Rows:
        """Return only some of the rows."""
        return Rows(
            select_items(self.values, indexes),
            [self.keys[index] for index in indexes],
            [self.segments[index] for index in indexes] if self.segments else (),
            select_items(self.lines, indexes),
            [self.numbers[index] for index in indexes],
            [self.fingerprints[index] for index in indexes] if self.fingerprints else (),
        )

    def split_by_fields(
        self, fields: tuple[str, ...], order_keys: Sequence[Hashable]
    ) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """Split the rows by the fields that their records have.

        Args:
            fields: The names of all fields, in row order.
            order_keys: The key of each row, normalized by `same_key.normalize_for_order`.

        Yields:
            Some of the fields, and the rows that have exactly these, without the others. Rows with the same key stay
            in the order of their records.
        """
        masks = [tuple(value is not UNSET for value in row) for row in self.values]
        if len(set(order_keys)) == len(order_keys):
            indexes_by_mask: dict[tuple[bool, ...], list[int]] = {}
            for index, mask in enumerate(masks):
                indexes_by_mask.setdefault(mask, []).append(index)
            groups = list(indexes_by_mask.items())
        else:
            groups = [(mask, list(group)) for mask, group in groupby(range(len(masks)), masks.__getitem__)]
        for mask, indexes in groups:
            rows = self.select(indexes)
            rows.values = [tuple(compress(row, mask)) for row in rows.values]
            yield tuple(compress(fields, mask)), rows


class RecordRow(NamedTuple):
    """The row of one record.

    Args:
        fields: The names of its fields, in row order.
        row_json: The row as JSON.
    """

    fields: tuple[str, ...]
    row_json: bytes


class MergedRecords(NamedTuple):
    """The records of a row that is sent for all of them.

    Args:
        indexes: The indexes of the records in their batch.
        parts: The row of each record.
    """

    indexes: range
    parts: Sequence[RecordRow]

    @property
    def size_bytes(self) -> int:
        """The approximate memory of the parts."""
        return sum(len(part.row_json) + PART_BYTES for part in self.parts)


@dataclass(slots=True)
class Members:
    """Which record of a batch names which Segment. It is kept until the rows of these Segments are loaded.

    Attributes:
        segments: What each record names; empty if the stream has no segment column.
        numbers: The number of each record in its stream, from 1, in one sequence for each append.
        left_out: The indexes of the records that must join no Segment.
    """

    segments: list[Segments] = field(default_factory=list)
    numbers: list[Sequence[int]] = field(default_factory=list)
    left_out: AbstractSet[int] = frozenset()

    def indexes_naming(self, segment: str) -> list[int]:
        """Return the indexes of the records that name a Segment in exactly this spelling."""
        return [index for index, named in enumerate(self.segments) if segment in segment_tuple(named)]

    def indexes_naming_none_of(self, segments: Container[str]) -> set[int]:
        """Return the indexes of the records that name Segments, but none of these."""
        return {
            index
            for index, named in enumerate(self.segments)
            if named and not any(segment in segments for segment in segment_tuple(named))
        }

    def record_number(self, index: int) -> int:
        """Return the number of one record in its stream."""
        return next(islice(chain.from_iterable(self.numbers), index, None))

    def member_record_number(self, segment: str, position: int) -> int:
        """Return the number, in its stream, of the record of one member; arguments as for `index_of_member`."""
        return self.record_number(self.index_of_member(segment, position))

    def index_of_member(self, segment: str, position: int) -> int:
        """Return the index of the record of one member.

        Args:
            segment: The Segment as the records spell it.
            position: The position of the member among those of this batch in the Segment.
        """
        members = [index for index in self.indexes_naming(segment) if index not in self.left_out]
        return members[position]


@dataclass(slots=True)
class Batch:
    """Rows that are acknowledged together, with what is needed to report on each record. One load may send several.

    Args:
        ticket: Its checkpoint ticket.
        route: Where the rows come from and where they go.
        fields: The names of the fields, in row order.
        opened_at: When it was created, in seconds.

    Attributes:
        flush_age: Set if the batch is submitted for its age. The time of its load is noted there.
        body: The encoded rows.
        keys: The key of each record.
        members: Which record names which Segment.
        segment_keys: Each Segment as the records spell it, mapped to the keys of its members. The Segments are in the
            order in which they first appear.
        key_bytes: The approximate size of a row that holds only its key.
        lines: The RECORD message of each record, exactly as it came.
        fingerprints: The hashes of each record, until the batch is submitted; empty unless only changed rows are sent.
        merged: The rows of several records each: the last rows of the body, and the last records. Each row before them
            is that of one record.
    """

    ticket: int
    route: Route
    fields: tuple[str, ...]
    opened_at: float
    flush_age: FlushAge | None = None
    body: Body = field(default_factory=Body)
    keys: list[Key] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    segment_keys: dict[str, list[Key]] = field(default_factory=dict)
    key_bytes: float = 0
    lines: Lines = field(default_factory=Lines)
    fingerprints: list[tuple[int, bytes]] = field(default_factory=list)
    merged: list[MergedRecords] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def size_bytes(self) -> int:
        """The approximate memory of the rows, their keys and their lines."""
        parts = sum(row.size_bytes for row in self.merged)
        return self.body.size_bytes + parts + self.lines.size_bytes + ROW_BYTES * len(self.keys)

    @property
    def single_rows(self) -> int:
        """How many records have a row of their own. They come first, as their rows do."""
        return len(self.body) - len(self.merged)

    def append(self, rows: Rows, start: int, stop: int, rows_json: RowsJson) -> None:
        """Append the rows from `start` up to, not including, `stop`.

        Args:
            rows: Rows with the fields and the route of this batch.
            start: The index of the first row to append.
            stop: The index after the last row to append.
            rows_json: Rows `start:stop` as JSON, comma-separated, without outer brackets.
        """
        self.lines.extend(rows.lines[start:stop])
        self.body.append(rows_json, stop - start)
        self.keys += rows.keys[start:stop]
        self.members.segments += rows.segments[start:stop]
        self.members.numbers.append(rows.numbers[start:stop])
        self.fingerprints += rows.fingerprints[start:stop]

    def record(self, index: int) -> Rows:
        """Return what is known of a record that has a row of its own, without the row. More rows may be appended."""
        piece, position = self.body.find(index)
        one = slice(index, index + 1)
        return Rows(
            (),
            self.keys[one],
            self.members.segments[one],
            self.lines[one],
            self.members.numbers[piece][position : position + 1],
            self.fingerprints[one],
        )

    def drop(self, left_out: AbstractSet[int]) -> None:
        """Drop records that have a row of their own, and their rows.

        Args:
            left_out: The indexes of the records.
        """
        kept = [index for index in range(len(self.keys)) if index not in left_out]
        numbers = list(chain.from_iterable(self.members.numbers))
        self.body = self.body.select(kept)
        self.keys = [self.keys[index] for index in kept]
        lines = list(self.lines)
        self.lines = Lines([[lines[index] for index in kept]])
        if self.members.segments:
            self.members.segments = [self.members.segments[index] for index in kept]
        self.members.numbers = [[numbers[index] for index in kept]]
        if self.fingerprints:
            self.fingerprints = [self.fingerprints[index] for index in kept]

    def append_member(self, key: Key, segment: str, line: bytes, number: int) -> None:
        """Append a record that is in its List already, but not in a Segment. It has a key and no row.

        Args:
            key: The key of the record.
            segment: The Segment.
            line: The message of the record, exactly as it came.
            number: The number of the record in its stream.
        """
        self.keys.append(key)
        self.members.segments.append(segment)
        self.members.numbers.append([number])
        self.lines.extend([line])
        self.group_keys_by_segment()

    def group_keys_by_segment(self, left_out: AbstractSet[int] = frozenset()) -> None:
        """Set `segment_keys` and `key_bytes` from the rows.

        Args:
            left_out: The indexes of the records that must join no Segment.
        """
        self.members.left_out = left_out
        segments = self.members.segments
        if not segments:
            return
        sample = self.keys[::_KEYS_PER_SAMPLE]
        self.key_bytes = len(encode_keys(sample, len(self.route.key_fields))) / len(sample)
        keys_by_segment: defaultdict[Any, list[Key]] = defaultdict(list)
        if not left_out and _TEXT.issuperset(map(type, segments)):
            for segment, key in zip(segments, self.keys, strict=True):
                keys_by_segment[segment].append(key)
        else:
            for index, (named, key) in enumerate(zip(segments, self.keys, strict=True)):
                for segment in () if index in left_out else segment_tuple(named):
                    keys_by_segment[segment].append(key)
        self.segment_keys = dict(keys_by_segment)

"""Which rows go to which Segment, and when. Pure; no I/O.

A Segment needs its members' keys only, so its rows are small and are gathered over many batches: one call to a Segment
costs as much as one to the List, and a List takes one call at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from target_selligent.batch import Source

_EMPTY_BODY = len("[]") - len(",")
"""Size of a body to which each row adds itself and a comma: the first one needs none."""


def rows_without_segment(segments: Mapping[str, Sequence[int]], names: Mapping[str, str]) -> set[int]:
    """Return the rows that named Segments, but none that can be used.

    Args:
        segments: Segment as the records give it, to the indexes of its rows.
        names: Segment as given, to the tenant's spelling; unusable ones are not in it.

    Returns:
        Indexes of rows that must not be loaded.
    """
    if all(given in names for given in segments):
        return set()
    usable = {index for given, rows in segments.items() if given in names for index in rows}
    return {index for given, rows in segments.items() if given not in names for index in rows} - usable


def plan_segment_loads(
    segments: Mapping[str, Sequence[int]], names: Mapping[str, str], lost: AbstractSet[int]
) -> dict[str, list[int]]:
    """Return which rows of a batch go to which Segment.

    Args:
        segments: Segment as the records give it, to the indexes of its rows.
        names: Segment as given, to the tenant's spelling; unusable ones are not in it.
        lost: Rows that the List did not take: they cannot be members.

    Returns:
        Segment in the tenant's spelling to row indexes, in order; Segments without rows are left out.
    """
    plan: dict[str, list[int]] = {}
    for given, rows in segments.items():
        members = [index for index in rows if index not in lost] if given in names else []
        if members:
            plan.setdefault(names[given], []).extend(members)
    return plan


@dataclass(slots=True)
class SegmentRows:
    """The rows gathered for one Segment.

    Args:
        segment: API name of the Segment.
        source: Where the rows came from.
        since: When the first row came, in seconds.

    Attributes:
        rows: Each member's key as a row of JSON text, to the number of its last record.
        read: How many records named them.
        body_bytes: Size of the rows as a request body.
        tickets: Batches that have rows here.
    """

    segment: str
    source: Source
    since: float
    rows: dict[bytes, int] = field(default_factory=dict)
    read: int = 0
    body_bytes: int = _EMPTY_BODY
    tickets: set[int] = field(default_factory=set)


class Gathering:
    """Gathers Segment rows over batches and says what must be loaded when.

    Args:
        max_rows: Most rows in one load.
        max_bytes: Most bytes in one load's body.
        max_gathered: Most rows to hold for all Segments together.
    """

    def __init__(self, *, max_rows: int, max_bytes: int, max_gathered: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_gathered = max_gathered
        self._gathered = 0
        self._segments: dict[tuple[str, Source], SegmentRows] = {}
        self._waiting: dict[int, int] = {}

    def add(  # noqa: PLR0913 - what there is to know of the rows
        self, ticket: int, segment: str, source: Source, rows: dict[bytes, int], now: float, read: int | None = None
    ) -> Iterator[SegmentRows]:
        """Take rows in and yield what is full.

        Args:
            ticket: Batch the rows are from, between its `begin` and its `end`.
            segment: The Segment.
            source: Where the rows came from.
            rows: Each row as JSON text, with the number of its record.
            now: The time, in seconds.
            read: How many records named the rows; by default as many as there are.

        Yields:
            Rows to load now; they are no longer held here.
        """
        repeated = 0 if read is None else read - len(rows)
        gathered = self._segments.get((segment, source))
        for part, part_size in self._parts(rows, sum(map(len, rows)) + len(rows)):
            if gathered is not None and not self._has_room(gathered, len(part), part_size):
                yield self._take(gathered)
                gathered = None
            if gathered is None:
                gathered = self._segments[segment, source] = SegmentRows(segment, source, now)
            before = len(gathered.rows)
            gathered.rows.update(part)
            gathered.read += len(part) + repeated
            repeated = 0
            gathered.body_bytes += part_size
            self._gathered += len(gathered.rows) - before
            if ticket not in gathered.tickets:
                gathered.tickets.add(ticket)
                self._waiting[ticket] += 1
            if len(gathered.rows) >= self._max_rows:
                yield self._take(gathered)
                gathered = None
        if self._gathered > self._max_gathered:
            yield from self.take_all()

    def take_due(self, before: float) -> Iterator[SegmentRows]:
        """Yield the rows of every Segment whose first came before a time; they are no longer held here."""
        for gathered in [gathered for gathered in self._segments.values() if gathered.since <= before]:
            yield self._take(gathered)

    def take_all(self) -> Iterator[SegmentRows]:
        """Yield everything; it is no longer held here."""
        for gathered in list(self._segments.values()):
            yield self._take(gathered)

    def begin(self, ticket: int) -> None:
        """Note that rows of a batch may follow: it is not done before `end`, even if all so far are loaded."""
        self._waiting[ticket] = 1

    def end(self, ticket: int) -> list[int]:
        """Note that no more rows of a batch follow; return its ticket if it has none left to load."""
        return self._done([ticket])

    def loaded(self, gathered: SegmentRows) -> list[int]:
        """Note that rows are loaded; return the tickets of batches that have none left to load."""
        return self._done(sorted(gathered.tickets))

    def _done(self, tickets: Iterable[int]) -> list[int]:
        done = []
        for ticket in tickets:
            self._waiting[ticket] -= 1
            if not self._waiting[ticket]:
                del self._waiting[ticket]
                done.append(ticket)
        return done

    @property
    def oldest(self) -> float | None:
        """When the oldest row came; None if there is none."""
        return min((gathered.since for gathered in self._segments.values()), default=None)

    def _has_room(self, gathered: SegmentRows, count: int, size: int) -> bool:
        return len(gathered.rows) + count <= self._max_rows and gathered.body_bytes + size <= self._max_bytes

    def _parts(self, rows: dict[bytes, int], size: int) -> Iterator[tuple[dict[bytes, int], int]]:
        """Yield rows, cut where they are too many or too large for one load, with the size of each part."""
        if len(rows) <= self._max_rows and size + _EMPTY_BODY <= self._max_bytes:
            yield rows, size
            return
        part: dict[bytes, int] = {}
        part_size = 0
        for row, number in rows.items():
            length = len(row) + 1
            if part and (len(part) >= self._max_rows or part_size + length + _EMPTY_BODY > self._max_bytes):
                yield part, part_size
                part, part_size = {}, 0
            part[row] = number
            part_size += length
        yield part, part_size

    def _take(self, gathered: SegmentRows) -> SegmentRows:
        del self._segments[gathered.segment, gathered.source]
        self._gathered -= len(gathered.rows)
        return gathered

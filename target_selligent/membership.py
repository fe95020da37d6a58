"""Segment rows on their way to their loads. Pure; no I/O.

A Segment needs its members' keys only, so its rows are small and are gathered over many batches: one call to a Segment
costs as much as one to the List, and a List takes one call at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_selligent.body import Body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_selligent.batch import Members, Source


@dataclass(slots=True)
class SegmentRows:
    """The rows gathered for one Segment.

    Args:
        segment: API name of the Segment.
        source: Where the rows came from.
        since: When the first row came, in seconds.

    Attributes:
        body: Key of each record that names the Segment.
        tickets: Batches that have rows here.
    """

    segment: str
    source: Source
    since: float
    body: Body = field(default_factory=Body)
    tickets: set[int] = field(default_factory=set)
    _starts: list[int] = field(default_factory=list)
    _members: list[tuple[Members, str]] = field(default_factory=list)

    def take(self, ticket: int, members: Members, given: str) -> None:
        """Append a batch's rows.

        Args:
            ticket: The batch.
            members: Its members.
            given: The Segment as they spell it.
        """
        self.tickets.add(ticket)
        self._starts.append(len(self.body))
        self._members.append((members, given))
        self.body.append(*members.rows[given])

    def number(self, index: int) -> int:
        """Return the number of a row's record."""
        taken = bisect_right(self._starts, index) - 1
        members, given = self._members[taken]
        return members.number(given, index - self._starts[taken])


class Gathering:
    """Gathers Segment rows over batches and says what must be loaded when.

    Args:
        max_rows: Most rows to gather for one load; only a batch that has more by itself passes it.
        max_bytes: Most bytes to gather for one load, likewise.
        max_gathered_rows: Most rows to hold for all Segments together.
        max_gathered_bytes: Most bytes to hold, likewise.
    """

    def __init__(self, *, max_rows: int, max_bytes: int, max_gathered_rows: int, max_gathered_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_gathered_rows = max_gathered_rows
        self._max_gathered_bytes = max_gathered_bytes
        self._rows = 0
        self._bytes = 0
        # In order of their first rows.
        self._segments: dict[tuple[str, Source], SegmentRows] = {}
        self._waiting: dict[int, int] = {}

    def add(
        self, ticket: int, source: Source, members: Members, names: Mapping[str, str], now: float
    ) -> list[SegmentRows]:
        """Take a batch's members in.

        Args:
            ticket: The batch.
            source: Where it came from.
            members: Its members.
            names: Segment as given, to the tenant's spelling; unusable ones are not in it.
            now: The time, in seconds.

        Returns:
            Rows to load now; they are no longer held here. The batch is done when each that has a part of it is given
            to `loaded`, after `end`.
        """
        full: list[SegmentRows] = []
        self._waiting[ticket] = 1
        for given, (piece, count) in members.rows.items():
            if given not in names:
                continue
            where = (names[given], source)
            gathered = self._segments.get(where)
            if gathered is not None and not self._has_room(gathered, count, len(piece)):
                full.append(self._take(gathered))
                gathered = None
            if gathered is None:
                gathered = self._segments[where] = SegmentRows(*where, now)
            self._waiting[ticket] += ticket not in gathered.tickets
            self._rows += count
            self._bytes -= gathered.body.size
            gathered.take(ticket, members, given)
            self._bytes += gathered.body.size
            if not self._has_room(gathered, 1, 0):
                full.append(self._take(gathered))
        if self._rows > self._max_gathered_rows or self._bytes > self._max_gathered_bytes:
            full += self.take_all()
        return full

    def take_due(self, before: float) -> list[SegmentRows]:
        """Return the rows of every Segment whose first came before a time; they are no longer held here."""
        due = []
        for gathered in self._segments.values():
            if gathered.since > before:
                break
            due.append(gathered)
        return [self._take(gathered) for gathered in due]

    def take_all(self) -> list[SegmentRows]:
        """Return everything; it is no longer held here."""
        return [self._take(gathered) for gathered in list(self._segments.values())]

    def end(self, ticket: int) -> list[int]:
        """Note that what `add` returned for a batch is loaded; return its ticket if it has nothing left to load."""
        return self._done([ticket])

    def loaded(self, gathered: SegmentRows) -> list[int]:
        """Note that rows are loaded; return the tickets of batches that have none left to load."""
        return self._done(sorted(gathered.tickets))

    @property
    def oldest(self) -> float | None:
        """When the oldest row came; None if there is none."""
        return next((gathered.since for gathered in self._segments.values()), None)

    def _done(self, tickets: Iterable[int]) -> list[int]:
        done = []
        for ticket in tickets:
            self._waiting[ticket] -= 1
            if not self._waiting[ticket]:
                del self._waiting[ticket]
                done.append(ticket)
        return done

    def _has_room(self, gathered: SegmentRows, count: int, size: int) -> bool:
        body = gathered.body
        return len(body) + count <= self._max_rows and body.size + size <= self._max_bytes

    def _take(self, gathered: SegmentRows) -> SegmentRows:
        del self._segments[gathered.segment, gathered.source]
        self._rows -= len(gathered.body)
        self._bytes -= gathered.body.size - Body().size
        return gathered

"""Segment rows on their way to their loads. Pure; no I/O.

A Segment needs its members' keys only, so its rows are small and are gathered over many batches: one call to a Segment
costs as much as one to the List, and a List takes one call at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from math import inf
from typing import TYPE_CHECKING

from target_selligent.body import Body, encode_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_selligent.batch import Batch, Key, Members, Source

_WORTH_ENCODING = 500
"""Rows of one Segment that are encoded together: as JSON they take a quarter of the memory."""


@dataclass(slots=True)
class SegmentRows:
    """The rows gathered for one Segment.

    Args:
        segment: API name of the Segment.
        source: Where the rows came from.
        since: When the first row came, in seconds.

    Attributes:
        count: How many rows there are: one for each record that names the Segment.
        size: About how many bytes of JSON they are.
        tickets: Batches that have rows here.
    """

    segment: str
    source: Source
    since: float
    count: int = 0
    size: float = 0
    tickets: set[int] = field(default_factory=set)
    _body: Body = field(default_factory=Body)
    _keys: list[Key] = field(default_factory=list)
    _members: list[Members] = field(default_factory=list)
    _given: list[str] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)

    def take(self, batch: Batch, given: str, keys: list[Key]) -> None:
        """Append rows.

        Args:
            batch: Batch they are from.
            given: The Segment as its records spell it.
            keys: The keys of those records.
        """
        count = len(keys)
        self.count += count
        self.size += count * batch.key_bytes
        self.tickets.add(batch.ticket)
        self._members.append(batch.members)
        self._given.append(given)
        self._counts.append(count)
        self._keys += keys
        if len(self._keys) >= _WORTH_ENCODING:
            self._encode()

    def body(self) -> Body:
        """Return the rows as a request body."""
        self._encode()
        return self._body

    def number(self, index: int) -> int:
        """Return the number of a row's record."""
        stops = list(accumulate(self._counts))
        taken = bisect_right(stops, index)
        return self._members[taken].number_of_member(self._given[taken], index - stops[taken] + self._counts[taken])

    def _encode(self) -> None:
        if self._keys:
            self._body.append(encode_rows(self.source.key_rows(self._keys)), len(self._keys))
            self._keys.clear()


class Gathering:
    """Gathers Segment rows over batches and says what must be loaded when.

    Args:
        max_rows: Most rows to gather for one load; only a batch that has more by itself passes it.
        max_bytes: About how many bytes to gather for one load, likewise.
        max_gathered_rows: Most rows to hold for all Segments together.
        max_gathered_bytes: About how many bytes of JSON to hold, likewise.
    """

    def __init__(self, *, max_rows: int, max_bytes: int, max_gathered_rows: int, max_gathered_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_gathered_rows = max_gathered_rows
        self._max_gathered_bytes = max_gathered_bytes
        self._rows = 0
        self._bytes = 0.0
        self._segments: defaultdict[Source, dict[str, SegmentRows]] = defaultdict(dict)
        self._waiting: dict[int, int] = {}

    def add(self, batch: Batch, names: Mapping[str, str], now: float) -> list[SegmentRows]:
        """Take a batch's Segment rows in.

        Args:
            batch: The batch.
            names: Segment as records spell it, to the tenant's spelling; unusable ones are not in it.
            now: The time, in seconds.

        Returns:
            Rows to load now; they are no longer held here. The batch is done when each that has a part of it is given
            to `loaded`, after `end`.
        """
        full: list[SegmentRows] = []
        ticket, source = batch.ticket, batch.source
        segments = self._segments[source]
        waiting = 1
        for given, keys in batch.segment_keys.items():
            segment = names.get(given)
            if segment is None:
                continue
            size = len(keys) * batch.key_bytes
            gathered = segments.get(segment)
            if gathered is not None and (
                gathered.count + len(keys) > self._max_rows or gathered.size + size > self._max_bytes
            ):
                full.append(self._take(gathered))
                gathered = None
            if gathered is None:
                gathered = segments[segment] = SegmentRows(segment, source, now)
            waiting += ticket not in gathered.tickets
            gathered.take(batch, given, keys)
            self._rows += len(keys)
            self._bytes += size
            if gathered.count >= self._max_rows:
                full.append(self._take(gathered))
        self._waiting[ticket] = waiting
        if self._rows > self._max_gathered_rows or self._bytes > self._max_gathered_bytes:
            full += self.take_all()
        return full

    def take_due(self, before: float) -> list[SegmentRows]:
        """Return the rows of every Segment whose first came before a time; they are no longer held here."""
        due: list[SegmentRows] = []
        for segments in self._segments.values():
            # In order of their first rows.
            due += takewhile(lambda gathered: gathered.since <= before, segments.values())
        return [self._take(gathered) for gathered in due]

    def take_all(self) -> list[SegmentRows]:
        """Return everything; it is no longer held here."""
        return self.take_due(inf)

    def end(self, ticket: int) -> list[int]:
        """Note that what `add` returned for a batch is loaded; return its ticket if it has nothing left to load."""
        return self._done([ticket])

    def loaded(self, gathered: SegmentRows) -> list[int]:
        """Note that rows are loaded; return the tickets of batches that have none left to load."""
        return self._done(sorted(gathered.tickets))

    @property
    def oldest(self) -> float | None:
        """When the oldest row came; None if there is none."""
        firsts = (next(iter(segments.values())).since for segments in self._segments.values() if segments)
        return min(firsts, default=None)

    def _done(self, tickets: Iterable[int]) -> list[int]:
        done = []
        for ticket in tickets:
            self._waiting[ticket] -= 1
            if not self._waiting[ticket]:
                del self._waiting[ticket]
                done.append(ticket)
        return done

    def _take(self, gathered: SegmentRows) -> SegmentRows:
        del self._segments[gathered.source][gathered.segment]
        self._rows -= gathered.count
        self._bytes -= gathered.size
        return gathered

"""The buffer of Segment rows: collects the keys of members over many batches, for few Segment loads. Pure; no I/O.

A Segment load costs as much time as a List load, and a List accepts one load at a time (docs/selligent-api.md). A
Segment row holds only the key of a record, so it is small, and many of them fit into memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from math import inf
from typing import TYPE_CHECKING

from target_selligent.batches.body import Body, encode_keys
from target_selligent.batches.pending_tickets import PendingTickets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_selligent.batches.batch import Batch, Members, Route
    from target_selligent.records import Key

_KEYS_PER_ENCODING = 500
"""How many keys of one Segment are kept as objects before they are encoded. JSON needs a quarter of their memory."""


@dataclass(slots=True)
class SegmentRows:
    """The rows of one Segment that wait for its next load.

    Args:
        segment: The API name of the Segment.
        route: The route of the rows.
        opened_at: When the first row was appended, in seconds.

    Attributes:
        count: The number of rows: one for each record that names the Segment.
        size_bytes: The approximate size of the rows as JSON.
        tickets: The tickets of the batches that have rows here.
    """

    segment: str
    route: Route
    opened_at: float
    count: int = 0
    size_bytes: float = 0
    tickets: set[int] = field(default_factory=set)
    _body: Body = field(default_factory=Body)
    _keys: list[Key] = field(default_factory=list)
    _members: list[Members] = field(default_factory=list)
    _segments_as_given: list[str] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)
    _tickets: list[int] = field(default_factory=list)

    def append(self, batch: Batch, segment_as_given: str, keys: list[Key]) -> None:
        """Append rows.

        Args:
            batch: The batch of the rows.
            segment_as_given: The Segment as the batch's records spell it.
            keys: The keys of those records.
        """
        count = len(keys)
        self.count += count
        self.size_bytes += count * batch.key_bytes
        self.tickets.add(batch.ticket)
        self._members.append(batch.members)
        self._segments_as_given.append(segment_as_given)
        self._counts.append(count)
        self._tickets.append(batch.ticket)
        self._keys += keys
        if len(self._keys) >= _KEYS_PER_ENCODING:
            self._encode_keys()

    def body(self) -> Body:
        """Return the encoded rows."""
        self._encode_keys()
        return self._body

    def record_number(self, index: int) -> int:
        """Return the number, in its stream, of the record of one row."""
        found, position = self._locate(index)
        return self._members[found].member_record_number(self._segments_as_given[found], position)

    def ticket_and_index(self, index: int) -> tuple[int, int]:
        """Return the ticket of the batch of one row, and the index of its record in the batch."""
        found, position = self._locate(index)
        return self._tickets[found], self._members[found].index_of_member(self._segments_as_given[found], position)

    def _locate(self, index: int) -> tuple[int, int]:
        """Return which of the batches has one row, and the position of the row among those of the batch."""
        stops = list(accumulate(self._counts))
        found = bisect_right(stops, index)
        return found, index - (stops[found] - self._counts[found])

    def _encode_keys(self) -> None:
        if self._keys:
            self._body.append(encode_keys(self._keys, len(self.route.key_fields)), len(self._keys))
            self._keys.clear()


class SegmentBuffer:
    """Collects Segment rows over batches and returns those that must be loaded.

    Load all rows that a method returns: they are no longer in the buffer. Call `note_loaded` after each load, and
    acknowledge the tickets that `pop_finished_tickets` returns.

    Args:
        max_rows: Maximum number of rows in one load; a batch that alone has more may exceed it.
        max_bytes: Approximate maximum size of one load, with the same exception.
        max_total_rows: Maximum number of rows of all Segments together.
        max_total_bytes: Approximate maximum size of all rows as JSON.
    """

    def __init__(self, *, max_rows: int, max_bytes: int, max_total_rows: int, max_total_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_total_rows = max_total_rows
        self._max_total_bytes = max_total_bytes
        self._rows = 0
        self._bytes = 0.0
        self._segments: defaultdict[Route, dict[str, SegmentRows]] = defaultdict(dict)
        self._pending = PendingTickets()

    def add(self, batch: Batch, tenant_spelling: Mapping[str, str], now: float) -> list[SegmentRows]:
        """Add the Segment rows of a batch.

        Args:
            batch: The batch.
            tenant_spelling: Each Segment as records spell it, mapped to its API name. A Segment that is not in it
                gets no rows.
            now: The current time, in seconds.

        Returns:
            The rows to load now: those of Segments that are full, or all if there are too many in total.
        """
        full: list[SegmentRows] = []
        segments = self._segments[batch.route]
        loads = 0
        for segment_as_given, keys in batch.segment_keys.items():
            segment = tenant_spelling.get(segment_as_given)
            if segment is None:
                continue
            rows = segments.get(segment)
            if rows is not None and not self._has_room(rows, len(keys), len(keys) * batch.key_bytes):
                full.append(self._pop(rows))
                rows = None
            if rows is None:
                rows = segments[segment] = SegmentRows(segment, batch.route, now)
            loads += batch.ticket not in rows.tickets
            rows.append(batch, segment_as_given, keys)
            self._rows += len(keys)
            self._bytes += len(keys) * batch.key_bytes
            if rows.count >= self._max_rows:
                full.append(self._pop(rows))
        self._pending.expect(batch.ticket, loads)
        if self._rows > self._max_total_rows or self._bytes > self._max_total_bytes:
            full += self.pop_all()
        return full

    def pop_due(self, opened_until: float) -> list[SegmentRows]:
        """Return the rows of each Segment whose first row was added at or before a time.

        Args:
            opened_until: The time, in seconds.
        """
        due: list[SegmentRows] = []
        for segments in self._segments.values():
            # A dict keeps its order, so the Segment with the oldest row comes first.
            due += takewhile(lambda rows: rows.opened_at <= opened_until, segments.values())
        return [self._pop(rows) for rows in due]

    def pop_all(self) -> list[SegmentRows]:
        """Return all rows."""
        return self.pop_due(inf)

    def note_loaded(self, rows: SegmentRows) -> None:
        """Note that rows are loaded."""
        self._pending.done(sorted(rows.tickets))

    def pop_finished_tickets(self) -> list[int]:
        """Return the tickets of batches that have no Segment rows left to load, each once."""
        return self._pending.pop_finished()

    @property
    def oldest_opened_at(self) -> float | None:
        """When the oldest row was added, in seconds; None if there is no row."""
        oldest = (next(iter(segments.values())).opened_at for segments in self._segments.values() if segments)
        return min(oldest, default=None)

    def _has_room(self, rows: SegmentRows, count: int, size_bytes: float) -> bool:
        return rows.count + count <= self._max_rows and rows.size_bytes + size_bytes <= self._max_bytes

    def _pop(self, rows: SegmentRows) -> SegmentRows:
        del self._segments[rows.route][rows.segment]
        self._rows -= rows.count
        self._bytes -= rows.size_bytes
        return rows

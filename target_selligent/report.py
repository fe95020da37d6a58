"""Counts of a run, for the summary at its end."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from target_selligent.client import LoadResult

_MAX_SEGMENT_LINES = 1000


@dataclass(slots=True)
class Counts:
    """What became of the records of one List or Segment.

    Args:
        read: Records that came from the tap.
        sent: Rows that were sent.
        inserted: Rows that Selligent inserted or added.
        updated: Rows whose record was there already.
        duplicates: Rows that lost to another of the same key.
        not_found: Rows without a record to update or to add.
        refused: Rows that Selligent refused.
        rejected_before_sending: Records that were rejected and thus not sent.
        deleted: Records that the source marks as deleted: not sent either.
    """

    read: int = 0
    sent: int = 0
    inserted: int = 0
    updated: int = 0
    duplicates: int = 0
    not_found: int = 0
    refused: int = 0
    rejected_before_sending: int = 0
    deleted: int = 0

    def add(self, other: Counts) -> None:
        """Add another's counts to these."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def tell_of_a_load(self, *, only_insert: bool) -> bool:
        """Say whether a List load took any of its rows, or left them out for others that were loaded.

        A duplicate may stand back behind a row that was refused: whether Selligent leaves duplicates out before or
        after it looks at values is not documented.

        Args:
            only_insert: Whether a duplicate may also be a row whose record was there before.
        """
        if not self.refused:
            return self.sent + self.duplicates > 0
        return self.sent - self.refused - (0 if only_insert else self.duplicates) > 0

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, name):,} {name.replace('_', ' ')}" for name in _COUNTS)


_COUNTS = tuple(slot.name for slot in fields(Counts))


class RunReport:
    """Adds up counts by List and Segment; may be used from any thread. As text it is the whole summary.

    Args:
        rejected: Returns one sentence for each kind of rejected record.
    """

    def __init__(self, rejected: Callable[[], Iterable[str]] = tuple) -> None:
        self._rejected = rejected
        self._lock = threading.Lock()
        self._lists: defaultdict[str, Counts] = defaultdict(Counts)
        self._segments: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)

    def add_list(self, list_api_name: str, counts: Counts) -> None:
        """Add to the counts of a List."""
        with self._lock:
            self._lists[list_api_name].add(counts)

    def add_segment(self, list_api_name: str, segment: str, counts: Counts) -> None:
        """Add to the counts of a Segment."""
        with self._lock:
            self._segments[list_api_name, segment].add(counts)

    @property
    def records_read(self) -> int:
        """How many records came from the tap."""
        with self._lock:
            return sum(counts.read for counts in self._lists.values())

    def lines(self) -> Iterator[str]:
        """Yield the summary, a line for each List and for each of its Segments."""
        with self._lock:
            for name, counts in self._lists.items():
                yield f"List {name}: {counts}"
            for shown, ((list_api_name, segment), counts) in enumerate(self._segments.items()):
                if shown == _MAX_SEGMENT_LINES:
                    yield f"and {len(self._segments) - shown:,} Segments more"
                    return
                yield f"Segment {segment} of List {list_api_name}: {counts}"

    def warnings(self) -> Iterator[str]:
        """Yield what is lacking, a line for each stream, field and kind of fault."""
        yield from self._rejected()

    def __str__(self) -> str:
        return "\n".join((*self.lines(), *self.warnings()))


def counts_of(result: LoadResult, *, rows: int, refused: int) -> Counts:
    """Return a load's answer as counts.

    Args:
        result: The answer.
        rows: How many rows were sent.
        refused: How many of them were refused; a row with two faults is one.
    """
    return Counts(
        sent=rows,
        inserted=result.inserted,
        updated=result.updated,
        duplicates=result.duplicates,
        not_found=result.not_found,
        refused=refused,
    )

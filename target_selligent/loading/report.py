"""Counts the records of a run, for the summary at its end."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_selligent.api import LoadResult
    from target_selligent.rejects import RejectionKind

_MAX_SEGMENT_LINES = 1000


@dataclass(slots=True)
class Counts:
    """What became of the records of one List or Segment.

    Args:
        read: Records that came from the tap.
        sent: Rows that were sent.
        inserted: Rows that Selligent inserted or added.
        updated: Rows whose key the List already had.
        duplicates: Rows that were left out, because another row has the same key.
        not_found: Rows whose key the List does not have, so that nothing could be updated or added.
        refused: Rows that Selligent refused. Each of them is rejected.
        rejected_before_sending: Records that were rejected by the target, and not sent.
        deleted: Records that the source marks as deleted. They are not sent.
        removed: Members that have left the Segment, or records that were deleted from the List.
        unchanged: Records that are in the List as they are, by the snapshot. They are not sent.
        new: Records that are sent, and whose key the snapshot does not have.
        changed: Records that are sent, and whose key the snapshot has.
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
    removed: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0

    def add(self, other: Counts) -> None:
        """Add other counts to these."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def show_a_load(self, *, only_insert: bool) -> bool:
        """Return whether a List load loaded a row for certain, or left rows out in favour of loaded ones.

        A duplicate may have been left out in favour of a refused row. The vendor does not document whether Selligent
        removes duplicates before or after it checks the values.

        Args:
            only_insert: Whether a row also counts as a duplicate if the List had its key before.
        """
        if not self.refused:
            return self.sent + self.duplicates > 0
        return self.sent - self.refused - (0 if only_insert else self.duplicates) > 0

    def __str__(self) -> str:
        rarely = [name for name in _SHOWN_IF_COUNTED if getattr(self, name)]
        shown = [name for name in _COUNTS if name not in _SHOWN_IF_COUNTED or name in rarely]
        return ", ".join(f"{getattr(self, name):,} {name.replace('_', ' ')}" for name in shown)


_COUNTS = tuple(slot.name for slot in fields(Counts))
_SHOWN_IF_COUNTED = frozenset({"removed", "unchanged", "new", "changed"})


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """The batches of one stream.

    Args:
        batches: How many are loaded into their List.
        seconds: How long that took together.
    """

    batches: int = 0
    seconds: float = 0.0


class RunReport:
    """Adds up counts for each List and Segment. May be used from any thread. As text, it is the whole summary.

    Args:
        count_rejected: Returns the number of rejected records of each kind.
    """

    def __init__(self, count_rejected: Callable[[], Mapping[RejectionKind, int]] = Counter) -> None:
        self.count_rejected = count_rejected
        self._lock = threading.Lock()
        self._lists: defaultdict[str, Counts] = defaultdict(Counts)
        self._segments: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
        self._ignored: dict[str, int] = {}
        self._batches: defaultdict[str, BatchTimes] = defaultdict(BatchTimes)
        self._acknowledged = 0
        self._batch_sizes: dict[str, int] = {}

    def add_list(self, list_api_name: str, counts: Counts) -> None:
        """Add to the counts of a List."""
        with self._lock:
            self._lists[list_api_name].add(counts)

    def add_segment(self, list_api_name: str, segment: str, counts: Counts) -> None:
        """Add to the counts of a Segment."""
        with self._lock:
            self._segments[list_api_name, segment].add(counts)

    def add_ignored(self, stream: str, count: int) -> None:
        """Add to the records of a stream that is not loaded. With 0, only the stream is noted."""
        with self._lock:
            self._ignored[stream] = self._ignored.get(stream, 0) + count

    def add_batch(self, stream: str, seconds: float) -> None:
        """Count a batch whose List load has ended.

        Args:
            stream: The stream of its rows.
            seconds: How long the load took, with all its calls.
        """
        with self._lock:
            known = self._batches[stream]
            self._batches[stream] = BatchTimes(known.batches + 1, known.seconds + seconds)

    def note_batch_size(self, list_api_name: str, rows: int) -> None:
        """Note how many rows the loads of a List have, if they have grown."""
        with self._lock:
            self._batch_sizes[list_api_name] = rows

    def add_acknowledged(self, records: int) -> None:
        """Count records that are loaded, or rejected and recorded."""
        with self._lock:
            self._acknowledged += records

    @property
    def acknowledged(self) -> int:
        """Number of records that are loaded, or rejected and recorded."""
        return self._acknowledged

    @property
    def batches(self) -> dict[str, BatchTimes]:
        """By stream, the batches that are loaded into their List."""
        with self._lock:
            return dict(self._batches)

    @property
    def lists(self) -> list[tuple[str, Counts]]:
        """The counts of each List, in the order in which they first came."""
        with self._lock:
            return [(name, replace(counts)) for name, counts in self._lists.items()]

    @property
    def segments(self) -> list[tuple[tuple[str, str], Counts]]:
        """The counts of each Segment, by List and Segment."""
        with self._lock:
            return [(place, replace(counts)) for place, counts in self._segments.items()]

    @property
    def ignored_streams(self) -> list[tuple[str, int]]:
        """Each stream that is not loaded, and how many records of it came."""
        with self._lock:
            return list(self._ignored.items())

    @property
    def records_read(self) -> int:
        """Number of records that came from the tap, without those of streams that are ignored."""
        with self._lock:
            return sum(counts.read for counts in self._lists.values())

    def counts(self) -> list[tuple[str, str | None, Counts]]:
        """Return the counts of each List, without a Segment, then those of each Segment with its List."""
        with self._lock:
            lists = [(name, None, replace(counts)) for name, counts in self._lists.items()]
            return [*lists, *((name, segment, replace(counts)) for (name, segment), counts in self._segments.items())]

    def lines(self) -> Iterator[str]:
        """Yield the summary: a line for each List, for each ignored stream, then for each Segment.

        If the loads of a List have grown, it has a second line.
        """
        with self._lock:
            for name, counts in self._lists.items():
                yield f"List {name}: {counts}"
            for name, rows in self._batch_sizes.items():
                yield f"Loads of List {name} have grown to {rows:,} rows"
            for stream, count in self._ignored.items():
                yield f"Stream {stream}: {count:,} ignored, because it has no entry in streams"
            for index, ((list_api_name, segment), counts) in enumerate(self._segments.items()):
                if index == _MAX_SEGMENT_LINES:
                    yield f"and {len(self._segments) - index:,} more Segments"
                    return
                yield f"Segment {segment} of List {list_api_name}: {counts}"

    def warnings(self) -> Iterator[str]:
        """Yield the rejected records: one line for each stream, field and kind of fault."""
        for (stream, field, code), count in sorted(self.count_rejected().items(), key=str):
            where = f", field {field}" if field else ""
            yield f"rejected {count:,} records of stream {stream}{where}: {code}"

    def __str__(self) -> str:
        return "\n".join((*self.lines(), *self.warnings()))


def counts_of(result: LoadResult, *, rows: int, refused: int) -> Counts:
    """Return what became of the rows of one load call.

    Args:
        result: Selligent's answer.
        rows: Number of rows that were sent.
        refused: Number of rows that were refused. A row with two faults counts once.
    """
    return Counts(
        sent=rows,
        inserted=result.inserted,
        updated=result.updated,
        duplicates=result.duplicates,
        not_found=result.not_found,
        refused=refused,
        removed=result.removed,
    )

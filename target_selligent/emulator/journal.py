"""The journal: every request, every committed write, and counters."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext

# Tests compare the values of written rows with their source. The oldest are dropped above this limit.
_VALUE_BYTES = 256 * 1024 * 1024


@dataclass
class RequestEntry:
    """A request and its response.

    Attributes:
        seq: Number of the request; the first is 1.
        time: When it began, in seconds since 1970.
        monotonic: When it began, on a clock that never goes back.
        status: HTTP status; None if no response was sent.
        rows: How many rows a bulk body has; None for other calls.
        outcome: `answered`, `refused` (400, 405, 413, 415), `unauthorized`, `quota`, `busy`, `failed` (a defect of the
            emulator), `gone` (the client closed the connection before the end of its body), `slow` (the body did not
            arrive within `upload_seconds`), `too_large` (the connection was reset, see `body_reset`), or
            `fault:<kind>`.
    """

    seq: int
    time: float
    monotonic: float
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    rows: int | None
    body_bytes: int
    duration_ms: float
    outcome: str


@dataclass
class WriteEntry:
    """A committed write. Its keys and values are kept as JSON."""

    seq: int
    time: float
    monotonic: float
    operation: str
    organization: str
    fields: list[str]
    key_fields: list[str]
    count: int
    keys: bytes
    values: bytes | None
    segment: str | None
    list: str

    def as_dict(self, *, values: bool) -> dict[str, Any]:
        """Return the entry as `/_emulator/writes` shows it."""
        described = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"keys", "values"}}
        described["keys"] = jsontext.decode(self.keys)
        if values:
            described["values"] = None if self.values is None else jsontext.decode(self.values)
        return described


@dataclass
class Write:
    """What one write changed.

    Attributes:
        operation: `list_load`, `list_delete`, `segment_load`, `segment_delete`, `segment_clear`, `save_record`,
            `create_list`, `update_list`, `delete_list`, `create_fields`, `create_segment`, `delete_segment`.
        fields: The columns of the rows; for `create_fields`, the new fields.
        key_fields: Those of the columns that are the key.
        rows: The rows that were written, in order.
        keys: The keys of these rows.
    """

    operation: str
    organization: str
    list: str
    segment: str | None = None
    fields: Sequence[str] = ()
    key_fields: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    keys: Sequence[Sequence[Any]] = ()


@dataclass
class Counters:
    """How often each thing happened."""

    requests: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    quota_429: int = 0
    busy_429: int = 0
    faults: int = 0
    loads: int = 0
    rows: int = 0
    segment_loads: int = 0
    segment_rows: int = 0


class Journal:
    """Keeps the latest requests and the latest writes.

    Args:
        size: How many of each to keep.

    Attributes:
        generation: How often the journal was emptied: numbers of entries begin again each time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.generation = 0
        self.clear()

    def clear(self) -> None:
        """Drop all entries, and count from the start again."""
        self.generation += 1
        self.counters = Counters()
        self._request_seq = self._write_seq = self._value_bytes = 0
        self._requests: deque[RequestEntry] = deque(maxlen=self._size)
        self._writes: deque[WriteEntry] = deque(maxlen=self._size)
        self._with_values: deque[WriteEntry] = deque()

    def add_request(self, entry: RequestEntry) -> None:
        """Add a request, and give it the next number."""
        self._request_seq += 1
        entry.seq = self._request_seq
        self._requests.append(entry)
        counters = self.counters
        counters.requests += 1
        status = str(entry.status or "none")
        counters.by_status[status] = counters.by_status.get(status, 0) + 1
        counters.refused += entry.outcome == "refused"
        counters.quota_429 += entry.outcome in {"quota", "fault:quota"}
        counters.busy_429 += entry.outcome in {"busy", "fault:busy"}
        counters.faults += entry.outcome.startswith("fault:")

    def add_write(self, write: Write) -> None:
        """Add a committed write."""
        self._write_seq += 1
        values = jsontext.encode(list(write.rows))
        entry = WriteEntry(
            seq=self._write_seq,
            time=time.time(),
            monotonic=time.monotonic(),
            operation=write.operation,
            organization=write.organization,
            list=write.list,
            segment=write.segment,
            fields=list(write.fields),
            key_fields=list(write.key_fields),
            count=len(write.rows),
            keys=jsontext.encode(list(write.keys)),
            values=values,
        )
        self._writes.append(entry)
        self._with_values.append(entry)
        self._value_bytes += len(values)
        while self._value_bytes > _VALUE_BYTES:
            oldest = self._with_values.popleft()
            self._value_bytes -= len(oldest.values or b"")
            oldest.values = None

    def requests(self, since: int) -> list[dict[str, Any]]:
        """Return the requests whose number is above `since`."""
        return [vars(entry) for entry in _entries_after(self._requests, since)]

    def latest_requests(self, since: int, count: int) -> list[RequestEntry]:
        """Return the requests whose number is above `since`: the latest of them, at most `count`."""
        return _entries_after(self._requests, max(since, self._request_seq - count))

    def writes(self, since: int, *, values: bool) -> list[dict[str, Any]]:
        """Return the writes whose number is above `since`."""
        return [entry.as_dict(values=values) for entry in _entries_after(self._writes, since)]


def _entries_after(entries: "deque[Any]", since: int) -> list[Any]:
    if not entries:
        return []
    first = max(0, since + 1 - entries[0].seq)
    return [entries[index] for index in range(first, len(entries))] if first else list(entries)

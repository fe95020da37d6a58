"""What happened: every request, every committed write, and the counters."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext

# Values of written rows are kept for comparison with a source, but not without end.
_VALUE_BYTES = 256 * 1024 * 1024


@dataclass
class RequestEntry:
    """A request and its answer.

    Attributes:
        outcome: `answered`, `refused` (400, 405, 413, 415), `unauthorized`, `quota`, `busy`, `failed` (a defect of the
            emulator), `gone` (the client left before its body was whole), `slow` (the body did not arrive within
            `upload_seconds`) or `fault:<kind>`.
        status: None if no answer was sent.
        rows: Rows in a bulk body; None for other calls.
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
    """A committed write; keys and values are kept as JSON."""

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
        """Return the entry for the admin API."""
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"keys", "values"}}
        shown["keys"] = jsontext.decode(self.keys)
        if values:
            shown["values"] = None if self.values is None else jsontext.decode(self.values)
        return shown


@dataclass
class Write:
    """What a write touched.

    Attributes:
        operation: `list_load`, `list_delete`, `segment_load`, `segment_delete`, `segment_clear`, `save_record`,
            `create_list`, `update_list`, `delete_list`, `create_fields`, `create_segment`, `delete_segment`.
        fields: The columns of the rows; for create_fields the new fields.
        rows: The rows that took effect, in order.
        keys: Their keys.
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
    """How often what happened."""

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
    """Remembers requests and writes, the latest `size` of each.

    Args:
        size: How many of each.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget everything and count from the start."""
        self.counters = Counters()
        self._request_seq = self._write_seq = self._value_bytes = 0
        self._requests: deque[RequestEntry] = deque(maxlen=self._size)
        self._writes: deque[WriteEntry] = deque(maxlen=self._size)
        self._valued: deque[WriteEntry] = deque()

    def add_request(self, entry: RequestEntry) -> None:
        """Add a request; its number is given here."""
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

    def add_write(self, written: Write) -> None:
        """Add a committed write."""
        self._write_seq += 1
        values = jsontext.encode(list(written.rows))
        entry = WriteEntry(
            seq=self._write_seq,
            time=time.time(),
            monotonic=time.monotonic(),
            operation=written.operation,
            organization=written.organization,
            list=written.list,
            segment=written.segment,
            fields=list(written.fields),
            key_fields=list(written.key_fields),
            count=len(written.rows),
            keys=jsontext.encode(list(written.keys)),
            values=values,
        )
        self._writes.append(entry)
        self._valued.append(entry)
        self._value_bytes += len(values)
        while self._value_bytes > _VALUE_BYTES:
            oldest = self._valued.popleft()
            self._value_bytes -= len(oldest.values or b"")
            oldest.values = None

    def requests(self, since: int) -> list[dict[str, Any]]:
        """Return the requests with a number above `since`."""
        return [vars(entry) for entry in _after(self._requests, since)]

    def writes(self, since: int, *, values: bool) -> list[dict[str, Any]]:
        """Return the writes with a number above `since`."""
        return [entry.as_dict(values=values) for entry in _after(self._writes, since)]


def _after(entries: "deque[Any]", since: int) -> list[Any]:
    if not entries:
        return []
    first = max(0, since + 1 - entries[0].seq)
    return [entries[index] for index in range(first, len(entries))] if first else list(entries)

"""Records that did not make it: counted, named in the log without their values, kept whole in the rejects file."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from target_selligent import lenient
from target_selligent.errors import DestinationError, RunStoppedError, TooManyRejectsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.settings import RejectLimit

logger = logging.getLogger("target-selligent")

_SHOWN_OF_A_KIND = 10
_OWNER_ONLY = 0o600
_CODE = re.compile(r"\w{1,60}")

NO_SEGMENT = "no_segment"
"""Code of a record that names no Segment: what becomes of it is a matter of settings, and no fault."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that could not be loaded, or could not become member of one Segment.

    Args:
        stream: Its stream, as the tap names it.
        number: Its number in the stream, from 1.
        record: The record as it came.
        list_api_name: List it was meant for.
        reason: Why, without values.
        code: Kind of fault, or Selligent's validation code.
        field: Column or field at fault, if known.
        segment: Segment it could not join, if the List took it.
        said: What Selligent said, which may repeat values.
        redact: Blots them out; needed where something was said.
    """

    stream: str
    number: int
    record: dict[str, Any]
    list_api_name: str
    reason: str
    code: str
    field: str | None = None
    segment: str | None = None
    said: str | None = None
    redact: Callable[[str], str] | None = None

    def explanation(self) -> str:
        """Return why, with what Selligent said, without values."""
        return f"{self.reason}: {self.redact(self.said)}" if self.said and self.redact else self.reason

    @property
    def kind(self) -> tuple[str, str | None, str]:
        """Stream, field and code, without values: Selligent named the last two."""
        field = self.redact(self.field) if self.field and self.said and self.redact else self.field
        return self.stream, field, self.code if _CODE.fullmatch(self.code) else "Unknown"

    def __str__(self) -> str:
        _, field, _ = self.kind
        where = f", field {field}" if field else ""
        what = f", as a Segment member: {self.explanation()}" if self.segment else f": {self.explanation()}"
        return f"record {self.number} of stream {self.stream}{where}{what}"


class Rejects:
    """Takes rejected records, from any thread.

    Each is one JSON line in the rejects file, flushed before this returns, and thus before any STATE that covers it.
    A line is a Singer RECORD message with more to say, so that the file can be piped back behind the SCHEMA.

    Args:
        strict: Whether the first one ends the run (`skip_invalid_records: false`).
        path: The rejects file; None to keep none.
        limit: How many are too many; None for no limit.

    Raises:
        DestinationError: If the file cannot be opened.
    """

    def __init__(self, *, strict: bool, path: str | None = None, limit: RejectLimit | None = None) -> None:
        self._strict = strict
        self._limit = limit
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str | None, str]] = Counter()
        self._reasons: dict[tuple[str, str | None, str], str] = {}
        self._run_id = str(uuid.uuid4())
        self._file = _open(path) if path else None

    def add(self, rejection: Rejection) -> None:
        """Put a rejection on the record.

        Raises:
            RunStoppedError: If the run may not go on past it.
            TooManyRejectsError: If there are more than `max_rejects` now.
        """
        kind = rejection.kind
        with self._lock:
            self._kinds[kind] += 1
            shown = self._kinds[kind]
            self._reasons.setdefault(kind, rejection.reason)
            self._write(rejection)
        if self._strict:
            raise RunStoppedError(
                f"{rejection}; the run ends here because skip_invalid_records is false: "
                "correct the record, or set it to true to skip and count such records"
            )
        if shown <= _SHOWN_OF_A_KIND:
            logger.warning("Skipped %s", rejection)
        if shown == _SHOWN_OF_A_KIND:
            logger.warning("More records like this are only counted (stream %s, %s)", rejection.stream, kind[2])
        if self._limit is not None and self._limit.count is not None and self.total > self._limit.count:
            raise TooManyRejectsError(f"more than {self._limit.count:,} records were rejected (max_rejects): {kind[2]}")

    @property
    def total(self) -> int:
        """How many records were rejected so far."""
        return self._kinds.total() if hasattr(self._kinds, "total") else sum(self._kinds.values())

    def check_share(self, records_read: int) -> None:
        """Judge the whole run by the share that `max_rejects` allows.

        Args:
            records_read: How many records were read.

        Raises:
            TooManyRejectsError: If a larger share was rejected.
        """
        if self._limit is None or self._limit.share is None or not records_read:
            return
        if self.total > self._limit.share * records_read:
            raise TooManyRejectsError(
                f"{self.total:,} of {records_read:,} records were rejected, more than max_rejects allows "
                f"({self._limit.share:.2%}): the others are loaded; see the log and rejects_path for the reasons"
            )

    def most_frequent(self, stream: str) -> str | None:
        """Return why most records of a stream were rejected; None if none was.

        Records without a Segment do not count.

        Args:
            stream: The stream, as the tap names it.
        """
        with self._lock:
            kinds = [kind for kind in self._kinds if kind[0] == stream and kind[2] != NO_SEGMENT]
            if not kinds:
                return None
            kind = max(kinds, key=self._kinds.__getitem__)
            return f"field {kind[1]}: {self._reasons[kind]}" if kind[1] else self._reasons[kind]

    def lines(self) -> Iterator[str]:
        """Yield the counts, a line for each stream, field and kind of fault."""
        with self._lock:
            for (stream, field, code), count in sorted(self._kinds.items(), key=str):
                where = f", field {field}" if field else ""
                yield f"skipped {count:,} records of stream {stream}{where}: {code}"

    def _write(self, rejection: Rejection) -> None:
        if self._file is None:
            return
        line = {
            "type": "RECORD",
            "stream": rejection.stream,
            "record": rejection.record,
            "reason": rejection.said or rejection.reason,
            "field": rejection.field,
            "code": rejection.code,
            "segment": rejection.segment,
            "list": rejection.list_api_name,
            "record_number": rejection.number,
            "time": datetime.now(timezone.utc).isoformat(),
            "run_id": self._run_id,
        }
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise RunStoppedError(f"the rejects file cannot be written ({error.strerror}): see rejects_path") from None


def record_of(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return the stream and the record of a RECORD message, as they came.

    Args:
        line: The message's line, known to be one; it may hold what strict JSON does not allow.
    """
    message = lenient.loads(line)
    return message["stream"], message["record"]


def _open(path: str) -> IO[str]:
    """Open the file to append, readable by its owner only: it holds customers' data."""
    try:
        descriptor = os.open(Path(path).expanduser(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: `~` and no such user. ValueError: a NUL in the path.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DestinationError(f"rejects_path {path!r} cannot be opened: {reason}") from None
    return os.fdopen(descriptor, "a", encoding="utf-8")

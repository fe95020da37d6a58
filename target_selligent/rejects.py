"""Records that did not make it: counted, named in the log without their values, kept whole in the rejects file."""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from target_selligent.errors import RejectedRecord, RunStoppedError, TooManyRejectsError
from target_selligent.reject_lines import RejectDetails, SchemaDetails, add_details
from target_selligent.rejects_file import RejectsFile
from target_selligent.same_key import normalize_for_order
from target_selligent.segment_names import NO_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from target_selligent.batch import Batch
    from target_selligent.row_types import Origin
    from target_selligent.settings import RejectLimit, Settings

logger = logging.getLogger("target-selligent")

_SHOWN_OF_A_KIND = 10
_MAX_KEYS = 100_000
_NEWER = RejectedRecord(
    "loaded, and kept here because an earlier record of its key was rejected: a replay must end with this one",
    code="newer",
)
_CODE = re.compile(r"\w{1,60}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that could not be loaded, or could not become member of one Segment.

    Args:
        error: What is wrong with it, without values; its code may be Selligent's validation code.
        record_number: Its number in the stream, from 1.
        line: Its message as it came; for a Segment member, what `encode_member_message` returned.
        origin: Where the message came from.
        list_api_name: List it was meant for.
        key: Its key as `same_key.normalize_key_for_order` gives it, if known; of a Segment member, None.
        segment: Segment it could not join, if the List took it.
        vendor_message: What Selligent said, which may repeat values.
        redact: Blots them out; needed where something was said.
    """

    error: RejectedRecord
    record_number: int
    line: bytes
    origin: Origin
    list_api_name: str
    key: Hashable = None
    segment: str | None = None
    vendor_message: str | None = None
    redact: Callable[[str], str] | None = None

    def redacted_reason(self) -> str:
        """Return why, with what Selligent said, without values."""
        reason = self.error.reason
        return f"{reason}: {self.redact(self.vendor_message)}" if self.vendor_message and self.redact else reason

    @property
    def kind(self) -> tuple[str, str | None, str]:
        """Stream, field and code, without values: Selligent named the last two."""
        field, code = self.error.field, self.error.code
        if field and self.vendor_message and self.redact:
            field = self.redact(field)
        return self.origin.stream, field, code if _CODE.fullmatch(code) else "Unknown"

    def __str__(self) -> str:
        stream, field, _ = self.kind
        where = f", field {field}" if field else ""
        what = f", as a Segment member: {self.redacted_reason()}" if self.segment else f": {self.redacted_reason()}"
        return f"record {self.record_number} of stream {stream}{where}{what}"


class Rejects:
    """Takes rejected records, from any thread.

    Each is one line in the rejects file, written before this returns, and thus before any STATE that covers it. A line
    is the tap's message with more to say, behind the SCHEMA that it came with, so that the file can be replayed.

    Args:
        strict: Whether the first one ends the run (`skip_invalid_records: false`).
        path: The rejects file; None to keep none.
        limit: How many are too many; None for no limit.
        keeps_newer_records: Whether records that come after a rejected one of their key are kept, too: replayed, the
            rejected one would win.

    Raises:
        DestinationError: If the file cannot be opened.
    """

    def __init__(
        self,
        *,
        strict: bool,
        path: str | None = None,
        limit: RejectLimit | None = None,
        keeps_newer_records: bool = False,
    ) -> None:
        self._strict = strict
        self._limit = limit
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str | None, str]] = Counter()
        self._reasons: dict[tuple[str, str | None, str], str] = {}
        # A bit for each record of a stream in a List: whether it was rejected, by the List or by any of its Segments.
        self._counted: defaultdict[tuple[str, str], bytearray] = defaultdict(bytearray)
        self._total = 0
        self._run_id = str(uuid.uuid4())
        self._file = RejectsFile(path) if path else None
        self._keep_newer = keeps_newer_records
        self._rejected: dict[str, dict[Hashable, tuple[str, int]]] = {}
        # By stream, the SCHEMA that was last written, as it came and as it was written.
        self._schemas: dict[str, tuple[bytes, bytes]] = {}

    @classmethod
    def for_run(cls, settings: Settings) -> Rejects:
        """Return the rejects of a run with these settings."""
        return cls(
            strict=not settings.skip_invalid_records,
            path=settings.rejects_path,
            limit=settings.max_rejects,
            keeps_newer_records=settings.last_record_wins,
        )

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
            if kind not in self._reasons:
                self._reasons[kind] = rejection.redacted_reason()
            self._count(rejection)
            self._note_key(rejection)
            self._write(rejection)
        if self._strict:
            raise RunStoppedError(
                f"{rejection}; the run ends here because skip_invalid_records is false: "
                "correct the record, or set it to true to reject such records and go on",
                code=rejection.error.code,
            )
        if shown <= _SHOWN_OF_A_KIND:
            logger.warning("Rejected %s", rejection)
        if shown == _SHOWN_OF_A_KIND:
            logger.warning("More records like this are only counted (stream %s, %s)", kind[0], kind[2])
        if self._limit is not None and self._limit.count is not None and self.total > self._limit.count:
            raise TooManyRejectsError(f"more than {self._limit.count:,} records were rejected (max_rejects): {kind[2]}")

    @property
    def total(self) -> int:
        """How many records were rejected so far; one that several Segments refused is one."""
        return self._total

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

    def most_frequent_reason(self, stream: str) -> str | None:
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

    def summary_lines(self) -> Iterator[str]:
        """Yield the counts, a line for each stream, field and kind of fault."""
        with self._lock:
            for (stream, field, code), count in sorted(self._kinds.items(), key=str):
                where = f", field {field}" if field else ""
                yield f"rejected {count:,} records of stream {stream}{where}: {code}"

    def write_newer_records(self, batch: Batch, indexes: Iterable[int]) -> None:
        """Write loaded records to the rejects file that came after a rejected one of their key.

        Args:
            batch: Their batch.
            indexes: Their indexes.
        """
        route, origin = batch.route, batch.route.origin
        rejected = self._rejected.get(route.list_api_name)
        if not rejected or not len(batch.body):
            return
        keys = normalize_for_order(route.key_types, batch.keys)
        with self._lock:
            for index in indexes:
                stream, first = rejected.get(keys[index], (None, 0))
                number = batch.members.record_number(index) if stream is not None else 0
                if stream is not None and (stream != origin.stream or number > first):
                    self._write(Rejection(_NEWER, number, batch.lines[index], origin, route.list_api_name))

    def _count(self, rejection: Rejection) -> None:
        counted = self._counted[rejection.origin.stream, rejection.list_api_name]
        place, bit = rejection.record_number // 8, 1 << rejection.record_number % 8
        counted.extend(bytes(max(0, place + 1 - len(counted))))
        if not counted[place] & bit:
            counted[place] |= bit
            self._total += 1

    def _note_key(self, rejection: Rejection) -> None:
        if self._file is None or not self._keep_newer or rejection.key is None:
            return
        keys = self._rejected.setdefault(rejection.list_api_name, {})
        if len(keys) < _MAX_KEYS:
            keys.setdefault(rejection.key, (rejection.origin.stream, rejection.record_number))
            if len(keys) == _MAX_KEYS:
                logger.warning(
                    "List %s: more than %d records are rejected: replaying those that follow can bring back old values",
                    rejection.list_api_name,
                    _MAX_KEYS,
                )

    def _write(self, rejection: Rejection) -> None:
        if self._file is None:
            return
        time = datetime.now(timezone.utc).isoformat()
        origin, error = rejection.origin, rejection.error
        line = add_details(
            rejection.line,
            RejectDetails(
                reason=rejection.vendor_message or error.reason,
                field=error.field,
                code=error.code,
                segment=rejection.segment,
                list=rejection.list_api_name,
                record_number=rejection.record_number,
                time=time,
                run_id=self._run_id,
            ),
        )
        message, schema = self._schemas.get(origin.stream, (b"", b""))
        known = message is origin.schema
        if not known:
            schema = add_details(origin.schema, SchemaDetails(rejects_of_run=self._run_id, time=time))
        if self._file.append(line if known else schema + line, schema if known else b""):
            self._schemas.clear()
        self._schemas[origin.stream] = origin.schema, schema

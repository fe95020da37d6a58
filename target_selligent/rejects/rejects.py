"""The rejected records of a run: counted, logged without their values, and written whole to the rejects file."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter, defaultdict
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING

from target_selligent.batches import normalize_for_order
from target_selligent.errors import RejectedRecord, RunStoppedError, TooManyRejectsError
from target_selligent.records import NO_SEGMENT, NOT_IN_LIST
from target_selligent.rejects.file import RejectsFile
from target_selligent.rejects.lines import RejectDetails, SchemaDetails, add_details
from target_selligent.rejects.rejection import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from target_selligent.batches import Batch
    from target_selligent.rejects.rejection import RejectionKind
    from target_selligent.settings import Limit, Settings

logger = logging.getLogger("target-selligent")

_LOGGED_OF_A_KIND = 10
_MAX_KEYS = 100_000
_NO_FAULTS = frozenset({NO_SEGMENT, NOT_IN_LIST})
_NEWER = RejectedRecord(
    "loaded, and kept here because an earlier record of its key was rejected: a replay must end with this one",
    code="newer",
)


class Rejects:
    """Counts, logs and stores rejected records. Any thread may use it.

    `add` writes the line of a record to the rejects file before it returns, so the line is in the file before any
    STATE covers the record. The SCHEMA of its stream comes before it, so the file can be replayed.

    Args:
        strict: Whether the first rejected record ends the run (`skip_invalid_records: false`).
        path: The rejects file; None for no file.
        limit: How many rejected records a run may have; None for any number.
        keeps_newer_records: Returns for the name of a List whether its loaded records go to the rejects file, too, if
            an earlier record with the same key was rejected. Without them, a replay of the rejected record would
            overwrite them.

    Attributes:
        run_id: Names the run in the rejects file, and in static fields.

    Raises:
        DestinationError: If the file cannot be opened.
    """

    def __init__(
        self,
        *,
        strict: bool,
        path: str | None = None,
        limit: Limit | None = None,
        keeps_newer_records: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._strict = strict
        self._limit = limit
        self._lock = threading.Lock()
        self._counts: Counter[RejectionKind] = Counter()
        self._first_reasons: dict[RejectionKind, str] = {}
        # By stream and List, a bit for each record: whether it was rejected, by the List or by any of its Segments.
        self._rejected_bits: defaultdict[tuple[str, str], bytearray] = defaultdict(bytearray)
        self._total = 0
        self.run_id = str(uuid.uuid4())
        self._file = RejectsFile(path) if path else None
        self._keeps_newer_records = keeps_newer_records
        # By List and key, the stream and number of the first rejected record.
        self._first_rejected: dict[str, dict[Hashable, tuple[str, int]]] = {}
        # By stream, the SCHEMA that was last written: as it came, and as it was written.
        self._schemas: dict[str, tuple[bytes, bytes]] = {}

    @classmethod
    def for_run(cls, settings: Settings) -> Rejects:
        """Return the rejects of a run with these settings."""
        return cls(
            strict=not settings.skip_invalid_records,
            path=settings.rejects_path,
            limit=settings.max_rejects,
            keeps_newer_records=cache(lambda list_api_name: settings.for_list(list_api_name).last_record_wins),
        )

    def add(self, rejection: Rejection) -> None:
        """Count, store and log a rejection.

        Raises:
            RunStoppedError: If the first rejected record ends the run, or the rejects file cannot be written.
            TooManyRejectsError: If more records are rejected now than `max_rejects` allows.
        """
        kind = rejection.kind
        with self._lock:
            self._counts[kind] += 1
            count_of_kind = self._counts[kind]
            if kind not in self._first_reasons:
                self._first_reasons[kind] = rejection.redacted_reason()
            self._count_record(rejection)
            self._note_key(rejection)
            self._write(rejection)
        if self._strict:
            raise RunStoppedError(
                f"{rejection}; the run ends here because skip_invalid_records is false: "
                "correct the record, or set it to true to reject such records and go on",
                code=rejection.error.code,
            )
        if count_of_kind <= _LOGGED_OF_A_KIND:
            logger.warning("Rejected %s", rejection)
        if count_of_kind == _LOGGED_OF_A_KIND:
            logger.warning("More records like this are only counted (stream %s, %s)", kind.stream, kind.code)
        if self._limit is not None and self._limit.count is not None and self.total > self._limit.count:
            raise TooManyRejectsError(
                f"more than {self._limit.count:,} records were rejected (max_rejects): {kind.code}"
            )

    @property
    def total(self) -> int:
        """How many records were rejected so far. A record that several Segments refused counts once."""
        return self._total

    def check_share(self, records_read: int) -> None:
        """Check the share of rejected records at the end of the run, if `max_rejects` is a share.

        Args:
            records_read: How many records the run has read.

        Raises:
            TooManyRejectsError: If the share of rejected records is larger than `max_rejects`.
        """
        if self._limit is None or self._limit.share is None or not records_read:
            return
        if self.total > self._limit.share * records_read:
            raise TooManyRejectsError(
                f"{self.total:,} of {records_read:,} records were rejected, more than max_rejects allows "
                f"({self._limit.share:.2%}): the others are loaded; see the log and rejects_path for the reasons"
            )

    def most_frequent_reason(self, stream: str) -> str | None:
        """Return why most records of a stream were rejected, or None if none was.

        Records that name no Segment do not count, nor do those that a List does not have which is not loaded.

        Args:
            stream: The stream, as the tap names it.
        """
        with self._lock:
            kinds = [kind for kind in self._counts if kind.stream == stream and kind.code not in _NO_FAULTS]
            if not kinds:
                return None
            kind = max(kinds, key=self._counts.__getitem__)
            reason = self._first_reasons[kind]
            return f"field {kind.field}: {reason}" if kind.field else reason

    def reasons(self) -> list[tuple[RejectionKind, int, str]]:
        """Return each reason for which records were rejected, how often, and what was said of the first one.

        The most frequent comes first.
        """
        with self._lock:
            return [(kind, count, self._first_reasons[kind]) for kind, count in self._counts.most_common()]

    def counts(self) -> Counter[RejectionKind]:
        """Return the number of rejected records of each stream, field and code."""
        with self._lock:
            return self._counts.copy()

    def write_newer_records(self, batch: Batch, indexes: Iterable[int]) -> None:
        """Write loaded records to the rejects file if an earlier record with the same key was rejected.

        Args:
            batch: The batch of the records.
            indexes: The indexes of the loaded records.
        """
        route, stream = batch.route, batch.route.origin.stream
        first_rejected = self._first_rejected.get(route.list_api_name)
        if not first_rejected or not len(batch.body):
            return
        keys = normalize_for_order(route.key_types, batch.keys)
        with self._lock:
            for index in indexes:
                rejected_stream, rejected_number = first_rejected.get(keys[index], (None, 0))
                if rejected_stream is None:
                    continue
                number = batch.members.record_number(index)
                if rejected_stream != stream or number > rejected_number:
                    self._write(Rejection.from_line(_NEWER, route, number, batch.lines[index], None))

    def _count_record(self, rejection: Rejection) -> None:
        """Count the record of a rejection, unless another rejection of the same record was counted."""
        bits = self._rejected_bits[rejection.origin.stream, rejection.list_api_name]
        place, bit = rejection.record_number // 8, 1 << rejection.record_number % 8
        bits.extend(bytes(max(0, place + 1 - len(bits))))
        if not bits[place] & bit:
            bits[place] |= bit
            self._total += 1

    def _note_key(self, rejection: Rejection) -> None:
        """Note the key of a rejected record, so that newer records with this key are recognized."""
        if self._file is None or rejection.key is None or not self._keeps_newer_records(rejection.list_api_name):
            return
        keys = self._first_rejected.setdefault(rejection.list_api_name, {})
        if len(keys) < _MAX_KEYS:
            keys.setdefault(rejection.key, (rejection.origin.stream, rejection.record_number))
            if len(keys) == _MAX_KEYS:
                logger.warning(
                    "List %s: more than %d records are rejected: replaying those that follow can bring back old values",
                    rejection.list_api_name,
                    _MAX_KEYS,
                )

    def _write(self, rejection: Rejection) -> None:
        """Write the line of a rejection, and before it the SCHEMA if the file does not have it yet."""
        if self._file is None or not rejection.line:
            # A member that leaves because no record names it has no message.
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
                run_id=self.run_id,
            ),
        )
        last_schema, schema_line = self._schemas.get(origin.stream, (b"", b""))
        is_written = last_schema is origin.schema
        if not is_written:
            schema_line = add_details(origin.schema, SchemaDetails(rejects_of_run=self.run_id, time=time))
        file_was_moved = self._file.append(
            line if is_written else schema_line + line, if_moved=schema_line if is_written else b""
        )
        if file_was_moved:
            # The new file has no SCHEMA of the other streams.
            self._schemas.clear()
        self._schemas[origin.stream] = origin.schema, schema_line

"""Loads the batches of one List into the List and its Segments, and accounts for each row."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.api import LoadOptions, redact
from target_selligent.batches import FirstRows, FlushAge, LoadedKeys, SegmentBuffer, normalize_for_identity
from target_selligent.errors import DestinationError, RejectedRecord
from target_selligent.loading.list_members import ListMembers
from target_selligent.loading.loads import ABSENT, SegmentLoad
from target_selligent.loading.merged_loads import are_joinable, load_joined_rows, load_rows
from target_selligent.loading.parts import PartLoader
from target_selligent.loading.report import Counts
from target_selligent.loading.sizes import SizeLimit
from target_selligent.records import NOT_IN_LIST, decode_record
from target_selligent.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from target_selligent.api import SelligentClient
    from target_selligent.batches import Batch, Route, SegmentRows
    from target_selligent.loading.batch_size import BatchSize
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.report import RunReport
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings

_MAX_SEGMENT_ROWS = 500_000
_MAX_SEGMENT_BYTES = 64 << 20
_MAX_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch whose Segments are found and whose rows are chosen.

    Args:
        batch: The batch.
        rejected: Indexes of the rows that are rejected because no Segment can have the names that they give.
        indexes: Indexes of the rows to load into the List.
        first_rows: Chooses these rows, if the first record of a key wins. Otherwise None.
    """

    batch: Batch
    rejected: set[int]
    indexes: Sequence[int]
    first_rows: FirstRows | None = None


class Delivery:
    """Loads the batches of one List, with no more calls at a time than its tenant allows.

    Args:
        client: Calls Selligent.
        destination: The List.
        settings: The run's settings.
        rejects: Receives the rows that Selligent refuses.
        report: Receives the counts.
        on_acknowledged: Called with the ticket of a batch, once each of its rows is loaded or rejected.
        on_loaded: Called with the stream of a batch, once Selligent has loaded rows of it.
        on_rejected: Called with the ticket of a batch and the index of a record of it that is rejected, or that a
            Segment rejects, if it is given.
        batch_size: Learns how many rows a load should have.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        client: SelligentClient,
        destination: ListDestination,
        settings: Settings,
        rejects: Rejects,
        report: RunReport,
        on_acknowledged: Callable[[int], None],
        on_loaded: Callable[[str], None],
        on_rejected: Callable[[int, int], None] | None = None,
        batch_size: BatchSize | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.client = client
        self._destination = destination
        self.settings = settings
        self.own = own = settings.for_list(destination.api_name)
        self.options = LoadOptions(settings.mode, own.deduplication, settings.error_handling)
        self.rejects = rejects
        self.report = report
        self._on_acknowledged = on_acknowledged
        self._on_loaded = on_loaded
        self._on_rejected = on_rejected
        self._parts = PartLoader(
            client,
            destination,
            SizeLimit(settings.max_request_bytes),
            threading.Semaphore(settings.max_parallel_requests_per_list),
            stop_on_error=settings.error_handling == "StopOnError",
        )
        # From the spelling in the records to the tenant's spelling. Names that no Segment can have are not in it.
        self._segment_names: dict[str, str] = {}
        self._list_members = ListMembers(client, destination, ignore_case=own.ignores_case_of_keys)
        self._loaded_keys = LoadedKeys() if own.deduplication == "ImportFirstMatch" else None
        self._cleared_segments: set[str] = set()
        self._records_of: dict[int, int] = {}
        self._segment_age = FlushAge(own.segment_batch_max_age_seconds)
        self._segment_buffer = SegmentBuffer(
            max_rows=own.segment_batch_size_rows,
            max_bytes=settings.max_request_bytes,
            max_total_rows=_MAX_SEGMENT_ROWS,
            max_total_bytes=_MAX_SEGMENT_BYTES,
        )

    def prepare(self, batch: Batch) -> PreparedBatch:
        """Find the Segments of a batch and choose the rows to load. Called in order, in the list worker's thread.

        Args:
            batch: The batch.

        Returns:
            What `load` and `finish_batch` need.

        Raises:
            TargetSelligentError: If the run cannot go on. The batch is not acknowledged.
        """
        indexes: Sequence[int] = range(len(batch))
        rejected: set[int] = set()
        if self._find_segments(batch):
            rejected = batch.members.indexes_naming_none_of(self._segment_names)
            self.report.add_list(batch.route.list_api_name, Counts(rejected_before_sending=len(rejected)))
            indexes = [index for index in indexes if index not in rejected]
        if self._loaded_keys is None or not len(batch.body) or not batch.route.loads_list:
            return PreparedBatch(batch, rejected, indexes)
        keys = normalize_for_identity(batch.route, batch.keys, ignore_case=self.own.ignores_case_of_keys)
        first_rows = FirstRows(keys, indexes, self._loaded_keys)
        return PreparedBatch(batch, rejected, first_rows.indexes, first_rows)

    def load(self, prepared: PreparedBatch) -> set[int]:
        """Load the rows of a batch into the List.

        Called in any thread, side by side with other loads whose rows have no key in common with these.

        Args:
            prepared: The batch.

        Returns:
            Indexes of the rows that Selligent refused, or that the List does not have if it must not be loaded.

        Raises:
            TargetSelligentError: If the run cannot go on. The batch is not acknowledged.
        """
        if not prepared.batch.route.loads_list:
            return self._reject_absent(prepared)
        refused: set[int] = set()
        indexes = prepared.indexes
        started_at = time.monotonic()
        while indexes:
            newly_refused = self._load_rows(prepared.batch, indexes)
            refused |= newly_refused
            first_rows = prepared.first_rows
            indexes = () if first_rows is None else first_rows.replacements_for(newly_refused)
        if len(prepared.batch.body):
            self.report.add_batch(prepared.batch.route.stream, time.monotonic() - started_at)
        return refused

    def may_join(self, batches: Sequence[Batch], other: Batch) -> bool:
        """Return whether a batch may be loaded together with those before it, because loads have grown since.

        Args:
            batches: The batches before it, at least one.
            other: The batch.
        """
        if self.batch_size is None or self._loaded_keys is not None:
            return False
        limit = self._parts.sizes
        return are_joinable([*batches, other], min(self.batch_size.rows, limit.max_rows), limit.max_bytes)

    def load_together(self, group: Sequence[PreparedBatch]) -> list[set[int]]:
        """Load the rows of batches that may be joined into the List, in one load. See `load`.

        Args:
            group: The batches, in order.

        Returns:
            What `load` returns for each.
        """
        if len(group) == 1:
            refused = [self.load(group[0])]
        else:
            started_at = time.monotonic()
            refused = load_joined_rows(self, self._parts, [(one.batch, one.indexes) for one in group])
            for one in group:
                self._list_members.note_load(one.batch.route, one.batch.fields)
                self.report.add_batch(one.batch.route.stream, (time.monotonic() - started_at) / len(group))
        return refused

    def _reject_absent(self, prepared: PreparedBatch) -> set[int]:
        """Reject the rows that the List does not have, and spell the keys of the others as the List does.

        Returns:
            The indexes of the rejected rows.
        """
        batch, indexes = prepared.batch, prepared.indexes
        found = self._list_members.find(batch.route, [batch.keys[index] for index in indexes])
        absent = {index for index, key in zip(indexes, found, strict=True) if key is None}
        for index in sorted(absent):
            self.reject_row(batch, index, RejectedRecord(ABSENT, code=NOT_IN_LIST))
        if absent:
            self.report.add_list(batch.route.list_api_name, Counts(not_found=len(absent)))
        for index, key in zip(indexes, found, strict=True):
            if key is not None:
                batch.keys[index] = key
        batch.group_keys_by_segment()
        return absent

    def _load_rows(self, batch: Batch, indexes: Sequence[int]) -> set[int]:
        """Load records of a batch into the List; return the indexes of those that Selligent refused."""
        before = self.client.response_seconds
        refused = load_rows(self, self._parts, batch, indexes)
        self._list_members.note_load(batch.route, batch.fields)
        if batch.flush_age is not None:
            batch.flush_age.note_load(self.client.response_seconds - before)
        return refused

    def finish_batch(self, prepared: PreparedBatch, refused: set[int]) -> None:
        """Buffer the loaded rows for their Segments, and load the Segments that are full or old.

        Called in the list worker's thread, after `load`, in the order of the batches.

        Args:
            prepared: The batch.
            refused: What `load` returned.

        Raises:
            TargetSelligentError: If the run cannot go on. The batch is not acknowledged.
        """
        batch = prepared.batch
        if prepared.first_rows is not None:
            self.count_rows(batch.route, Counts(duplicates=prepared.first_rows.finish(refused)))
        self.rejects.write_newer_records(batch, set(prepared.indexes) - refused)
        if not_loaded := prepared.rejected | refused:
            batch.group_keys_by_segment(not_loaded)
        self._records_of[batch.ticket] = len(batch)
        for full in self._segment_buffer.add(batch, self._segment_names, time.monotonic()):
            self._load_segment(full)
        self._acknowledge_finished()
        self.load_due_segments()

    def load_due_segments(self) -> None:
        """Load the Segments whose rows have waited long enough."""
        due = self._segment_buffer.pop_due(time.monotonic() - self._segment_age.seconds)
        self._segment_age.note_flush(len(due))
        for segment_rows in due:
            before = self.client.response_seconds
            self._load_segment(segment_rows)
            self._segment_age.note_load(self.client.response_seconds - before)

    def load_all_segments(self) -> None:
        """Load all buffered Segment rows. Called after the last batch."""
        for segment_rows in self._segment_buffer.pop_all():
            self._load_segment(segment_rows)

    def seconds_until_due(self) -> float | None:
        """Return in how many seconds `load_due_segments` must be called. None if no Segment rows are buffered."""
        oldest = self._segment_buffer.oldest_opened_at
        return None if oldest is None else max(0.0, oldest + self._segment_age.seconds - time.monotonic())

    def _find_segments(self, batch: Batch) -> bool:
        """Find all Segments of a batch before its first call, so that a missing Segment leaves nothing half loaded.

        Records with a name that no Segment can have are rejected.

        Returns:
            Whether there are such records.

        Raises:
            DestinationError: Naming the Segments that are missing or cannot be loaded.
        """
        problems = []
        impossible: dict[str, RejectedRecord] = {}
        for spelling in batch.segment_keys:
            if spelling in self._segment_names:
                continue
            try:
                self._segment_names[spelling] = self._destination.segment_name(spelling)
            except DestinationError as error:
                problems.append(str(error))
            except RejectedRecord as rejection:
                impossible[spelling] = rejection
        if problems:
            more = f"; and {len(problems) - _MAX_PROBLEMS:,} more Segments" if len(problems) > _MAX_PROBLEMS else ""
            raise DestinationError("; ".join(problems[:_MAX_PROBLEMS]) + more)
        rejected = batch.members.indexes_naming_none_of(self._segment_names) if impossible else ()
        for spelling, reason in impossible.items():
            for index in batch.members.indexes_naming(spelling):
                self.reject_row(batch, index, reason, segment=spelling, is_in_list=index not in rejected)
        return bool(impossible)

    def _load_segment(self, segment_rows: SegmentRows) -> None:
        """Load members into a Segment, and acknowledge the batches that have nothing left to load."""
        list_api_name, segment = segment_rows.route.list_api_name, segment_rows.segment
        # A replay adds missing members. The run before it has cleared the Segment and filled it again.
        replayed = segment_rows.route.origin.replayed
        if segment_rows.route.replaces_segments and segment not in self._cleared_segments and not replayed:
            self._destination.retry_until_visible(lambda: self.client.clear_segment(list_api_name, segment))
            self._cleared_segments.add(segment)
        body = segment_rows.body()
        self.report.add_segment(list_api_name, segment, Counts(read=len(body)))
        self._parts.load(body, SegmentLoad(self, segment_rows))
        self._segment_buffer.note_loaded(segment_rows)
        self._acknowledge_finished()

    def _acknowledge_finished(self) -> None:
        for ticket in self._segment_buffer.pop_finished_tickets():
            self._on_acknowledged(ticket)
            self.report.add_acknowledged(self._records_of.pop(ticket))

    def count_rows(self, route: Route, counts: Counts) -> None:
        """Add to the counts of the List, and report the stream as loaded if the counts show it."""
        self.report.add_list(route.list_api_name, counts)
        if counts.show_a_load(only_insert=self.own.list_data_import_option == "OnlyInsert"):
            self._on_loaded(route.stream)

    def count_members(self, route: Route, segment: str, counts: Counts) -> None:
        """Add to the counts of a Segment. If nothing but Segments is loaded, they show whether the stream is."""
        self.report.add_segment(route.list_api_name, segment, counts)
        if not route.loads_list and counts.show_a_load(only_insert=False):
            self._on_loaded(route.stream)

    def reject_row(  # noqa: PLR0913 - what is known about it
        self,
        batch: Batch,
        index: int,
        rejection: RejectedRecord,
        *,
        segment: str | None = None,
        vendor_message: str | None = None,
        is_in_list: bool = False,
    ) -> None:
        """Reject a record of a batch: count it, log it and write it to the rejects file.

        Args:
            batch: The batch.
            index: Index of the record.
            rejection: Why it is rejected.
            segment: The Segment that it cannot join. None if the List cannot load it.
            vendor_message: What Selligent said about it.
            is_in_list: Whether the List loads it, so that only the Segment lacks it.

        Raises:
            RunStoppedError: If the run must end at this rejected record.
        """
        route, key, line = batch.route, batch.keys[index], batch.lines[index]
        self.note_rejected(batch.ticket, index)
        record_number = batch.members.record_number(index)
        if is_in_list and segment:
            key_row = route.key_rows([key])[0]
            self.rejects.add(Rejection.from_member(rejection, route, record_number, key_row, segment))
            return

        def redact_values(text: str) -> str:
            return self.redact(text, lambda: [decode_record(line), batch.body.encode_all()], batch.fields)

        self.rejects.add(
            Rejection.from_line(
                rejection,
                route,
                record_number,
                line,
                key,
                segment=segment,
                vendor_message=vendor_message,
                redact=redact_values,
            )
        )

    def note_rejected(self, ticket: int, index: int) -> None:
        """Note that a record of a batch is rejected, or that one of its Segments rejects it."""
        if self._on_rejected is not None:
            self._on_rejected(ticket, index)

    def redact(self, text: str, values: Callable[[], Iterable[object]] | None, fields: Sequence[str]) -> str:
        """Remove from a message of Selligent's what it quotes of the records that were sent.

        Args:
            text: The message.
            values: Returns the values that were sent. None if they are not at hand.
            fields: Field names, which the message may contain.
        """
        return redact(text, values, names=(*fields, self._destination.api_name), secrets=self.settings.secrets)

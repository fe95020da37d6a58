"""Batches into one List and its Segments: the calls, what is split, and who answers for each row."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.client import LoadOptions
from target_selligent.errors import DestinationError, RejectedRecord
from target_selligent.flush_age import FlushAge
from target_selligent.loads import ListLoad, SegmentLoad
from target_selligent.parts import PartLoader
from target_selligent.record_lines import decode_record
from target_selligent.redaction import redact
from target_selligent.rejection import Rejection
from target_selligent.report import Counts
from target_selligent.run_store import FirstRows, LoadedKeys
from target_selligent.same_key import normalize_for_identity
from target_selligent.segment_buffer import SegmentBuffer
from target_selligent.sizes import SizeLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from target_selligent.batch import Batch, Route
    from target_selligent.client import SelligentClient
    from target_selligent.destination import ListDestination
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.segment_buffer import SegmentRows
    from target_selligent.settings import Settings

_MAX_SEGMENT_ROWS = 500_000
_MAX_SEGMENT_BYTES = 64 << 20
_MAX_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is ready to be loaded.

    Args:
        batch: The batch.
        lost: Indexes of rows that are not loaded because none of their Segments is usable.
        indexes: Indexes of the rows to load into the List.
        firsts: Which of them to load, if the first of a key wins.
    """

    batch: Batch
    lost: set[int]
    indexes: Sequence[int]
    firsts: FirstRows | None = None


class Delivery:
    """Loads the batches of one List, with no more calls at a time than its tenant allows.

    Args:
        client: Calls Selligent.
        destination: The List.
        settings: The run's settings.
        rejects: Takes the rows that Selligent refuses.
        report: Takes the counts.
        on_acknowledged: Called with a batch's ticket when each of its rows is loaded, or rejected on the record.
        on_loaded: Called with the stream of a batch when rows of it are loaded.
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
    ) -> None:
        self.client = client
        self._destination = destination
        self.settings = settings
        self.options = LoadOptions(settings.mode, settings.deduplication, settings.error_handling)
        self.rejects = rejects
        self.report = report
        self._on_acknowledged = on_acknowledged
        self._on_loaded = on_loaded
        self._parts = PartLoader(
            client,
            destination,
            SizeLimit(settings.max_request_bytes),
            threading.Semaphore(settings.max_parallel_requests_per_list),
            stop_on_error=settings.error_handling == "StopOnError",
        )
        # Segment as records spell it, to the tenant's spelling; those that cannot be used are not in it.
        self._names: dict[str, str] = {}
        self._loaded_keys = LoadedKeys() if settings.deduplication == "ImportFirstMatch" else None
        self._cleared: set[str] = set()
        self._age = FlushAge(settings.segment_batch_max_age_seconds)
        self._segment_buffer = SegmentBuffer(
            max_rows=settings.segment_batch_size_rows,
            max_bytes=settings.max_request_bytes,
            max_total_rows=_MAX_SEGMENT_ROWS,
            max_total_bytes=_MAX_SEGMENT_BYTES,
        )

    def prepare(self, batch: Batch) -> Prepared:
        """Check a batch's Segments and choose the rows to load. From the list worker's thread, in order.

        Args:
            batch: The batch.

        Returns:
            What `load` and `finish_batch` need.

        Raises:
            TargetSelligentError: If the run cannot go on; the batch is not acknowledged.
        """
        indexes: Sequence[int] = range(len(batch))
        lost: set[int] = set()
        if self._find_segments(batch):
            lost = batch.members.indexes_naming_none_of(self._names)
            self.report.add_list(batch.route.list_api_name, Counts(rejected_before_sending=len(lost)))
            indexes = [index for index in indexes if index not in lost]
        if self._loaded_keys is None or not len(batch.body):
            return Prepared(batch, lost, indexes)
        keys = normalize_for_identity(batch.route, batch.keys, ignore_case=self.settings.ignores_case_of_keys)
        firsts = FirstRows(keys, indexes, self._loaded_keys)
        return Prepared(batch, lost, firsts.indexes, firsts)

    def load(self, prepared: Prepared) -> set[int]:
        """Load a batch's rows into the List; from any thread, side by side with others that share no key.

        Args:
            prepared: The batch.

        Returns:
            Indexes of the rows that Selligent refused.

        Raises:
            TargetSelligentError: If the run cannot go on; the batch is not acknowledged.
        """
        refused: set[int] = set()
        indexes = prepared.indexes
        while indexes:
            new = self._load_rows(prepared.batch, indexes)
            refused |= new
            indexes = () if prepared.firsts is None else prepared.firsts.replacements_for(new)
        return refused

    def _load_rows(self, batch: Batch, indexes: Sequence[int]) -> set[int]:
        """Load rows of a batch into the List; return the indexes of those that Selligent refused."""
        body = batch.body if len(indexes) == len(batch) else batch.body.select(indexes)
        before = self.client.response_seconds
        refused = self._parts.load(body, ListLoad(self, batch, indexes))
        if batch.flush_age is not None:
            batch.flush_age.note_load(self.client.response_seconds - before)
        return {indexes[position] for position in refused}

    def finish_batch(self, prepared: Prepared, refused: set[int]) -> None:
        """Gather the rows that arrived for their Segments; load what is full or old. From the list worker's thread.

        Args:
            prepared: The batch.
            refused: What `load` returned.

        Raises:
            TargetSelligentError: If the run cannot go on; the batch is not acknowledged.
        """
        batch = prepared.batch
        if prepared.firsts is not None:
            self.count_rows(batch.route, Counts(duplicates=prepared.firsts.finish(refused)))
        self.rejects.write_newer_records(batch, set(prepared.indexes) - refused)
        if lost := prepared.lost | refused:
            batch.group_keys_by_segment(lost)
        for full in self._segment_buffer.add(batch, self._names, time.monotonic()):
            self._load_segment(full)
        self._acknowledge_finished()
        self.load_due_segments()

    def load_due_segments(self) -> None:
        """Load the Segments whose rows have waited for long enough."""
        due = self._segment_buffer.pop_due(time.monotonic() - self._age.seconds)
        self._age.note_flush(len(due))
        for segment_rows in due:
            before = self.client.response_seconds
            self._load_segment(segment_rows)
            self._age.note_load(self.client.response_seconds - before)

    def load_all_segments(self) -> None:
        """Load all Segment rows that wait: after the last batch."""
        for segment_rows in self._segment_buffer.pop_all():
            self._load_segment(segment_rows)

    def seconds_until_due(self) -> float | None:
        """Return how long `load_due_segments` has nothing to do; None if no Segment rows wait."""
        oldest = self._segment_buffer.oldest_opened_at
        return None if oldest is None else max(0.0, oldest + self._age.seconds - time.monotonic())

    def _find_segments(self, batch: Batch) -> bool:
        """Find every Segment of a batch before its first call, so that a missing one leaves nothing half-loaded.

        Returns:
            Whether there are some that cannot be used; their records are rejected.
        """
        new = [given for given in batch.segment_keys if given not in self._names]
        problems = []
        unusable: dict[str, RejectedRecord] = {}
        for given in new:
            try:
                self._names[given] = self._destination.segment_name(given)
            except DestinationError as error:
                problems.append(str(error))
            except RejectedRecord as rejection:
                unusable[given] = rejection
        if problems:
            more = f"; and {len(problems) - _MAX_PROBLEMS:,} Segments more" if len(problems) > _MAX_PROBLEMS else ""
            raise DestinationError("; ".join(problems[:_MAX_PROBLEMS]) + more)
        lost = batch.members.indexes_naming_none_of(self._names) if unusable else ()
        for given, reason in unusable.items():
            for index in batch.members.indexes_naming(given):
                self.reject_row(batch, index, reason, segment=given, loaded=index not in lost)
        return bool(unusable)

    def _load_segment(self, segment_rows: SegmentRows) -> None:
        """Load members into a Segment and acknowledge the batches that have nothing left to load."""
        list_api_name, segment = segment_rows.route.list_api_name, segment_rows.segment
        # A replay adds the members that are lacking; the run before has emptied the Segment and filled it again.
        replayed = segment_rows.route.origin.replayed
        if self.settings.replaces_segments and segment not in self._cleared and not replayed:
            self._destination.when_visible(lambda: self.client.clear_segment(list_api_name, segment))
            self._cleared.add(segment)
        body = segment_rows.body()
        self.report.add_segment(list_api_name, segment, Counts(read=len(body)))
        self._parts.load(body, SegmentLoad(self, segment_rows))
        self._segment_buffer.note_loaded(segment_rows)
        self._acknowledge_finished()

    def _acknowledge_finished(self) -> None:
        for ticket in self._segment_buffer.pop_finished_tickets():
            self._on_acknowledged(ticket)

    def count_rows(self, route: Route, counts: Counts) -> None:
        """Add to the counts of the List, and say whether rows of the route are loaded."""
        self.report.add_list(route.list_api_name, counts)
        if counts.tell_of_a_load(only_insert=self.settings.list_data_import_option == "OnlyInsert"):
            self._on_loaded(route.stream)

    def reject_row(  # noqa: PLR0913 - what is known of it
        self,
        batch: Batch,
        index: int,
        rejection: RejectedRecord,
        *,
        segment: str | None = None,
        vendor_message: str | None = None,
        loaded: bool = False,
    ) -> None:
        """Put a record of a batch on the record as rejected.

        Args:
            batch: The batch.
            index: Index of the record.
            rejection: Why.
            segment: Segment that it cannot join, if the List may take it.
            vendor_message: What Selligent said.
            loaded: Whether the List takes it, so that its membership alone is left to do.

        Raises:
            RunStoppedError: If the run may not go on past it.
        """
        route, key, line = batch.route, batch.keys[index], batch.lines[index]
        number = batch.members.record_number(index)

        def redact_values(text: str) -> str:
            return self.redact(text, lambda: [decode_record(line), batch.body.encode_all()], batch.fields)

        if loaded and segment:
            self.rejects.add(Rejection.from_member(rejection, route, number, route.key_rows([key])[0], segment))
            return
        self.rejects.add(
            Rejection.from_line(
                rejection,
                route,
                number,
                line,
                key,
                segment=segment,
                vendor_message=vendor_message,
                redact=redact_values,
            )
        )

    def redact(self, text: str, values: Callable[[], Iterable[object]] | None, fields: Sequence[str]) -> str:
        """Blot out of Selligent's words about a record what they quote of it and of those that were sent with it.

        Args:
            text: Its words.
            values: Returns what was sent; None if it is not at hand.
            fields: Names that the words may hold.
        """
        return redact(text, values, names=(*fields, self._destination.api_name), secrets=self.settings.secrets)

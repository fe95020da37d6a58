"""One batch into its List and Segments: the calls, what is split, and who answers for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.batch import encode_body
from target_selligent.client import LoadOptions
from target_selligent.errors import ApiTimeoutError, PayloadTooLargeError, RejectedRecord, RunStoppedError
from target_selligent.membership import plan_segment_loads, rows_without_segment
from target_selligent.rejects import Rejection
from target_selligent.report import Counts, counts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_selligent.batch import Batch, Key
    from target_selligent.client import LoadResult, RefusedRow, SelligentClient
    from target_selligent.destination import ListDestination
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.settings import Settings

_LONGEST_SHORT_VALUE = 2
_encode = msgspec.json.Encoder().encode


class Delivery:
    """Loads the batches of one List, one call at a time, from one thread.

    Args:
        client: Calls Selligent.
        destination: The List.
        settings: The run's settings.
        rejects: Takes the rows that Selligent refuses.
        report: Takes the counts.
    """

    def __init__(
        self,
        client: SelligentClient,
        destination: ListDestination,
        settings: Settings,
        rejects: Rejects,
        report: RunReport,
    ) -> None:
        self._client = client
        self._destination = destination
        self._settings = settings
        self._options = LoadOptions(settings.mode, settings.deduplication, settings.error_handling)
        self._rejects = rejects
        self._report = report
        self._first_wins = settings.deduplication == "ImportFirstMatch"
        self._max_bytes = settings.max_request_bytes
        self._index_base = 0
        self._loaded_keys: set[Key] = set()
        self._cleared: set[str] = set()

    def deliver(self, batch: Batch) -> None:
        """Load a batch into the List, then the rows that arrived into their Segments.

        When this returns, each row is loaded, or rejected on the record.

        Args:
            batch: The batch.

        Raises:
            TargetSelligentError: If the run cannot go on; the batch counts as not loaded.
        """
        names = self._segment_names(batch)
        lost = rows_without_segment(batch.segments, names)
        self._report.add_list(batch.list_api_name, Counts(skipped=len(lost)))
        lost |= self._load_list(batch, [index for index in range(len(batch.rows)) if index not in lost])
        for segment, members in plan_segment_loads(batch.segments, names, lost).items():
            if self._settings.replaces_segments and segment not in self._cleared:
                self._client.clear_segment(batch.list_api_name, segment)
                self._cleared.add(segment)
            self._load_segment(batch, segment, members)

    def _segment_names(self, batch: Batch) -> dict[str, str]:
        """Check every Segment of a batch before its first call, so that a missing one leaves nothing half-loaded."""
        names = {}
        for given, rows in batch.segments.items():
            try:
                names[given] = self._destination.segment_name(given)
            except RejectedRecord as rejection:
                for index in rows:
                    self._reject(batch, index, rejection, segment=given)
        return names

    def _load_list(self, batch: Batch, rows: list[int]) -> set[int]:
        """Load rows into the List; return the indexes of those that Selligent refused."""
        if self._first_wins:
            first = [index for index in rows if batch.keys[index] not in self._loaded_keys]
            self._report.add_list(batch.list_api_name, Counts(duplicates=len(rows) - len(first)))
            rows = first
        refused = self._load_in_parts(batch, rows, batch.rows, self._call_list_load(batch), segment=None)
        if self._first_wins:
            self._loaded_keys.update(batch.keys[index] for index in rows if index not in refused)
        return refused

    def _load_segment(self, batch: Batch, segment: str, members: list[int]) -> None:
        """Load members into a Segment.

        Their keys are all that is sent: whether other fields would change the List's records is not documented.
        """
        unique = list({batch.keys[index]: index for index in members}.values())
        self._report.add_segment(
            batch.list_api_name, segment, Counts(read=len(members), duplicates=len(members) - len(unique))
        )
        rows = {index: _encode(batch.keys[index]) for index in unique}
        self._load_in_parts(batch, unique, rows, self._call_segment_load(batch, segment), segment=segment)

    def _call_list_load(self, batch: Batch) -> Callable[[bytes], LoadResult]:
        return lambda body: self._client.load_list(
            batch.list_api_name,
            batch.fields,
            batch.key_fields,
            body,
            self._settings.list_data_import_option,
            self._options,
        )

    def _call_segment_load(self, batch: Batch, segment: str) -> Callable[[bytes], LoadResult]:
        return lambda body: self._client.load_segment(
            batch.list_api_name, segment, batch.key_fields, batch.key_fields, body, self._options
        )

    def _load_in_parts(
        self,
        batch: Batch,
        indexes: list[int],
        rows: Sequence[bytes] | Mapping[int, bytes],
        load: Callable[[bytes], LoadResult],
        *,
        segment: str | None,
    ) -> set[int]:
        """Load rows in as few calls as Selligent takes; return the indexes of those that it refused.

        A part that is too large, or whose failures cannot be told apart, is halved, down to single rows. The size that
        was found to be too large is not tried again.
        """
        refused: set[int] = set()
        pending = list(_parts(indexes, rows, self._max_bytes))[::-1]
        while pending:
            part = pending.pop()
            body = encode_body([rows[index] for index in part])
            try:
                result = self._destination.when_visible(lambda: load(body))  # noqa: B023 - called at once
            except (PayloadTooLargeError, ApiTimeoutError) as error:
                if len(part) > 1:
                    self._max_bytes = max(1, len(body) // 2)
                    pending += _halves(part)
                elif isinstance(error, PayloadTooLargeError):
                    too_large = RejectedRecord("the record alone is too large for Selligent", code="too_large")
                    self._reject(batch, part[0], too_large, segment=segment)
                    refused.add(part[0])
                else:
                    raise
                continue
            named = self._named(part, result.refused)
            if result.failed > len(named) and len(part) > 1 and self._settings.error_handling == "ContinueOnError":
                pending += _halves(part)
                continue
            self._count(batch, segment, counts_of(result, rows=len(part)))
            refused |= self._reject_refused(batch, part, named, result, segment)
        return refused

    def _named(self, part: list[int], refused: Sequence[RefusedRow]) -> dict[int, RefusedRow]:
        """Find the rows that Selligent's answer names.

        The vendor does not say whether `record_index` counts from 0 or from 1. 0 is assumed until an index is as large
        as the number of rows sent, which only happens when counting from 1.
        """
        if any(row.index == len(part) for row in refused):
            self._index_base = 1
        positions = ((row.index - self._index_base, row) for row in refused)
        return {part[position]: row for position, row in positions if 0 <= position < len(part)}

    def _reject_refused(
        self,
        batch: Batch,
        part: list[int],
        named: Mapping[int, RefusedRow],
        result: LoadResult,
        segment: str | None,
    ) -> set[int]:
        refused = {
            index: RejectedRecord(
                f"Selligent refused it: {without_values(row.message, batch.records[index])}",
                field=row.field,
                code=row.code,
            )
            for index, row in named.items()
        }
        if result.failed and not named and len(part) == 1:
            refused[part[0]] = RejectedRecord("Selligent refused it and gave no reason", code="Unknown")
        for index, rejection in refused.items():
            self._reject(batch, index, rejection, segment=segment)
        if (refused or result.failed) and self._settings.error_handling == "StopOnError":
            raise RunStoppedError(
                f"List {batch.list_api_name} stopped loading at a refused record of stream {batch.stream}, because "
                "error_handling is StopOnError: correct the record, or set ContinueOnError to load the others"
            )
        return set(refused)

    def _count(self, batch: Batch, segment: str | None, counts: Counts) -> None:
        if segment is None:
            self._report.add_list(batch.list_api_name, counts)
        else:
            self._report.add_segment(batch.list_api_name, segment, counts)

    def _reject(self, batch: Batch, index: int, rejection: RejectedRecord, *, segment: str | None) -> None:
        self._rejects.add(
            Rejection(
                stream=batch.stream,
                number=batch.numbers[index],
                record=batch.records[index],
                list_api_name=batch.list_api_name,
                reason=rejection.reason,
                code=rejection.code,
                field=rejection.field,
                segment=segment,
            )
        )


def without_values(message: str, record: Mapping[str, Any]) -> str:
    """Return Selligent's reason for refusing a record, with the record's own values blotted out.

    Args:
        message: The reason, which may quote the value at fault.
        record: The record.

    Returns:
        The reason on one line, fit for a log.
    """
    texts = sorted({str(value) for value in record.values() if value is not None}, key=len, reverse=True)
    for text in texts:
        if len(text) > _LONGEST_SHORT_VALUE:
            message = message.replace(text, "[value]")
    return " ".join(message.split())


def _parts(indexes: list[int], rows: Sequence[bytes] | Mapping[int, bytes], max_bytes: int) -> Iterator[list[int]]:
    """Cut rows into bodies of at most the given size; a single row may pass it."""
    part: list[int] = []
    size = 0
    for index in indexes:
        length = len(rows[index]) + 1
        if part and size + length > max_bytes:
            yield part
            part, size = [], 0
        part.append(index)
        size += length
    if part:
        yield part


def _halves(part: list[int]) -> list[list[int]]:
    """Return the two halves of a part, the first one last, as a stack wants them."""
    middle = len(part) // 2
    return [part[middle:], part[:middle]]

"""Puts the rows of one stream in batches, or in the spool until the end of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.batches import (
    Rows,
    SpooledRow,
    decode_row,
    encode_rows,
    encode_rows_apart,
    measure_rows,
    normalize_for_identity,
    normalize_for_order,
    segment_tuple,
)
from target_selligent.errors import RejectedRecord
from target_selligent.loading.report import Counts
from target_selligent.records import NO_SEGMENT
from target_selligent.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches import BatchBuffer, Route, RowsJson, Spool
    from target_selligent.loading.changes import ChangedRows
    from target_selligent.loading.run_parts import RunParts
    from target_selligent.loading.stream_removals import StreamRemovals
    from target_selligent.records import Key

_BRACKETS = len("[]")


class BatchFiller:
    """Puts the rows of one stream in batches, or in the spool until the end of the input.

    It also counts the records of the stream, and rejects those that cannot be loaded.

    Args:
        route: The route of the rows.
        parts: What all streams of the run share.
        buffer: The open batches of the List.
        removals: What leaves Segments and List at the end of the run; None if nothing can leave.
        changes: Chooses the rows that are sent; None if all are.
    """

    def __init__(
        self,
        route: Route,
        parts: RunParts,
        buffer: BatchBuffer[tuple[Route, tuple[str, ...]]],
        removals: StreamRemovals | None = None,
        changes: ChangedRows | None = None,
    ) -> None:
        self._route, self._parts, self._buffer = route, parts, buffer
        self._removals, self._changes = removals, changes
        self._max_row_bytes = parts.settings.max_request_bytes - _BRACKETS
        own = parts.settings.for_list(route.list_api_name)
        self._ignore_case = own.ignores_case_of_keys
        self._spool = parts.spool if own.spools_records else None
        self._loader_index = self._spool.register(route, self.load_spooled) if self._spool is not None else 0

    def add(self, field_names: tuple[str, ...], rows: Rows, leaving: Sequence[bool] = ()) -> None:
        """Put rows in batches or in the spool. Rows with different fields go to different batches.

        Rows of records that leave their Segments go to neither.

        Args:
            field_names: The names of the fields, in row order.
            rows: The rows. A value is UNSET where a record lacks the column.
            leaving: For each row, whether its record leaves its Segments; empty if none does.

        Raises:
            RunStoppedError: If a row is too large and `skip_invalid_records` is false.
            UnicodeEncodeError: If a value has text that is not valid Unicode.
        """
        if self._removals is not None:
            self._parts.report.add_list(self._route.list_api_name, Counts(read=sum(leaving)))
            rows = self._removals.note_rows(rows, leaving)
            if not rows:
                return
        try:
            encoded = encode_rows(rows.values)
        except TypeError:
            # UNSET cannot be written as JSON.
            keys = normalize_for_order(self._route.key_types, rows.keys)
            for names, same_fields in rows.split_by_fields(field_names, keys):
                self._add_same_fields(names, same_fields, encode_rows(same_fields.values))
        else:
            self._add_same_fields(field_names, rows, encoded)

    def load_spooled(self, spooled: SpooledRow) -> None:
        """Put a row from the spool in a batch, at the end of the input.

        Args:
            spooled: The row.
        """
        rows = Rows([decode_row(spooled.row)], [spooled.key], [spooled.segments], [spooled.line], [spooled.number])
        self._add_to_batch(spooled.fields, rows, spooled.row)

    def reject(self, error: RejectedRecord, line: bytes, number: int, key: Key | None = None) -> None:
        """Count and reject a record that will not be sent.

        Args:
            error: What is wrong with it.
            line: Its RECORD message, exactly as it came.
            number: Its number in the stream.
            key: Its key; None if it is not known.

        Raises:
            RunStoppedError: If `skip_invalid_records` is false.
        """
        self._parts.report.add_list(self._route.list_api_name, Counts(read=1, rejected_before_sending=1))
        self._parts.report.add_acknowledged(1)
        if error.code != NO_SEGMENT:
            self._parts.stream_outcomes.note_records(self._route.stream, 1)
        if self._removals is not None and key is not None:
            self._removals.note_kept(key)
        if self._changes is not None and key is not None:
            self._changes.forget(key)
        self._parts.rejects.add(Rejection.from_line(error, self._route, number, line, key))

    def flush(self) -> None:
        """Submit all open batches of the List."""
        self._buffer.flush()

    def normalize_key(self, key: Key) -> bytes:
        """Return the form of a key that identifies it in the spool.

        Args:
            key: The key.
        """
        return self._normalize_keys([key])[0]

    def _add_same_fields(self, field_names: tuple[str, ...], rows: Rows, encoded: RowsJson) -> None:
        """Put rows that have the same fields in batches or in the spool."""
        if len(encoded) > self._max_row_bytes:
            rows = self._reject_too_large(rows)
            if not rows:
                return
            encoded = encode_rows(rows.values)
        self._parts.stream_outcomes.note_records(self._route.stream, len(rows))
        if self._changes is not None:
            rows, encoded = self._select_changed(self._changes, field_names, rows)
            if not rows:
                return
        if self._spool is None:
            self._add_to_batch(field_names, rows, encoded)
        else:
            self._add_to_spool(self._spool, field_names, rows)

    def _select_changed(self, changes: ChangedRows, field_names: tuple[str, ...], rows: Rows) -> tuple[Rows, RowsJson]:
        """Return the rows that are sent, and these rows as JSON. The others are in the List as they are."""
        chosen, rows_json = changes.select(field_names, rows, encode_rows_apart(rows.values))
        if len(chosen) < len(rows):
            self._parts.stream_outcomes.note_loaded(self._route.stream)
        return chosen, b",".join(rows_json)

    def _reject_too_large(self, rows: Rows) -> Rows:
        """Reject the rows that do not fit into a request even alone. Return the other rows."""
        fitting = []
        for index, size in enumerate(measure_rows(rows.values)):
            if size <= self._max_row_bytes:
                fitting.append(index)
                continue
            error = RejectedRecord("the record alone is larger than max_request_bytes", code="too_large")
            self.reject(error, rows.lines[index], rows.numbers[index], rows.keys[index])
        return rows.select(fitting)

    def _add_to_batch(self, field_names: tuple[str, ...], rows: Rows, encoded: RowsJson) -> None:
        self._parts.report.add_list(self._route.list_api_name, Counts(read=len(rows)))
        self._buffer.add((self._route, field_names), rows, encoded)

    def _add_to_spool(self, spool: Spool, field_names: tuple[str, ...], rows: Rows) -> None:
        """Store rows until the last row of each key is known."""
        normalized_keys = self._normalize_keys(rows.keys)
        each = zip(encode_rows_apart(rows.values), rows.lines, normalized_keys, strict=True)
        for index, (row_json, line, normalized_key) in enumerate(each):
            replaced = spool.put(
                normalized_key,
                SpooledRow(
                    loader_index=self._loader_index,
                    number=rows.numbers[index],
                    key=rows.keys[index],
                    fields=field_names,
                    row=row_json,
                    line=line,
                    segments=segment_tuple(rows.segments[index]) if rows.segments else (),
                ),
            )
            if replaced:
                self._parts.report.add_list(self._route.list_api_name, Counts(read=1, duplicates=1))
                self._parts.report.add_acknowledged(1)

    def _normalize_keys(self, keys: Sequence[Key]) -> list[bytes]:
        return normalize_for_identity(self._route, keys, ignore_case=self._ignore_case)

"""One stream's records on their way to rows and batches. It knows nothing of Singer's SDK.

A record comes in one of three ways: decoded to the stream's type, many at once (`process_messages`); alone, as the dict
of its message (`process_dict`); or from a Python program (`take`), which writes messages that go the first two ways.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.batch import Batch, Route, Rows
from target_selligent.body import decode_row, encode_rows
from target_selligent.errors import RejectedRecord
from target_selligent.exact_numbers import parse_json_float
from target_selligent.fields import is_deleted, is_metadata_column
from target_selligent.record_lines import RecordLineWriter, UnwritableRecord, decode_record
from target_selligent.record_type import RecordType
from target_selligent.reject_lines import parse_member_message
from target_selligent.rejection import Rejection
from target_selligent.report import Counts
from target_selligent.rows import RowMapper
from target_selligent.run_store import SpooledRow
from target_selligent.same_key import normalize_for_identity, normalize_for_order
from target_selligent.segment_names import NO_SEGMENT, parse_flattened_array, read_segment_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_selligent.buffer import BatchBuffer
    from target_selligent.description import StreamDescription
    from target_selligent.destination import ListDestination
    from target_selligent.fields import StreamFields
    from target_selligent.row_types import Key, Origin, Segments
    from target_selligent.run_parts import RunParts
    from target_selligent.spool import Spool

logger = logging.getLogger("target-selligent")

_BRACKETS = len("[]")
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class StreamLoader:
    """Turns the records of one stream into batches for its List.

    `LoadRun.open_stream` creates it. All of its methods are called from the thread that reads.

    Args:
        description: What the stream's schema and settings say.
        fields: The columns, as the List has their fields.
        origin: Where the records come from.
        parts: What all streams of the run share.
        destination: The List.
        buffer: The List's open batches.
        records_read: How many records of the stream came under its earlier schemas.

    Attributes:
        records_read: How many records of the stream have been read, also under its earlier schemas.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        description: StreamDescription,
        fields: StreamFields,
        origin: Origin,
        parts: RunParts,
        destination: ListDestination,
        buffer: BatchBuffer[tuple[Route, tuple[str, ...]]],
        records_read: int = 0,
    ) -> None:
        self.records_read = records_read
        self._description, self._fields, self._name = description, fields, description.name
        self._parts, self._destination, self._buffer = parts, destination, buffer
        self._line_writer = RecordLineWriter(origin.stream)
        self._max_row_bytes = parts.settings.max_request_bytes - _BRACKETS
        self._known_extra: set[str] = set()
        field_of = {column.column_name: column.field for column in fields.columns}
        key_fields = [field_of[name] for name in fields.key_columns]
        self._route = Route(
            self._name,
            destination.api_name,
            tuple(field.name for field in key_fields),
            fields.key_columns,
            tuple(field.data_type for field in key_fields),
            fields.segment_column,
            origin=origin,
        )
        self._loader_index = parts.spool.register(self._route, self.load_spooled) if parts.spool is not None else 0
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._set_type(RecordType(self._name, description.schema, fields, validate=description.validator is not None))

    def _set_type(self, record_type: RecordType) -> None:
        self._record_type = record_type
        self._mapper = RowMapper(record_type, self._fields.columns, self._fields.key_columns)

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """What the stream's RECORDs are decoded to; it changes when records turn out to be other than expected."""
        return self._record_type.message_type

    @property
    def list_api_name(self) -> str:
        """The List that the records go to."""
        return self._destination.api_name

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Load records that a Python program has at hand; rejected ones are counted and kept as any others.

        The call returns when all of them are in batches, not when they are loaded. A value may be anything that
        msgspec can write as JSON: dates, Decimals and UUIDs too. Bytes become Base64 text.

        Args:
            records: The records, column to value. An exception that they raise is passed on, after the records before
                it are in batches.

        Raises:
            RunStoppedError: If the run was stopped or is finished, or a record must be rejected and
                `skip_invalid_records` is false.
            Exception: What ended the loading of a List.
        """
        for chunk in self._line_writer.write_chunks(records):
            self._parts.before_chunk()
            if isinstance(chunk, UnwritableRecord):
                self.reject(RejectedRecord(chunk.reason, code="invalid_type"), chunk.line, decode_record(chunk.line))
            else:
                self._process_lines(chunk)

    def _process_lines(self, lines: Sequence[bytes]) -> None:
        """Process RECORD messages of this stream, together as far as its type fits them."""
        start = 0
        while start < len(lines):
            if messages := self._decode_prefix(lines, start):
                self.process_messages(messages, lines[start : start + len(messages)])
                start += len(messages)
            for line in lines[start : start + 1]:
                self.process_dict(decode_record(line, exact=True), line)
                start += 1

    def _decode_prefix(self, lines: Sequence[bytes], start: int) -> list[Any]:
        """Return the messages from `start` on, up to the first that is not of the stream's type."""
        if self.message_type is None:
            return []
        if self._decoder is None or self._decoder.type is not self.message_type:
            self._decoder = msgspec.json.Decoder(self.message_type, float_hook=parse_json_float)
        messages: list[Any] = []
        # What is decoded before the first line that is not stays in the list.
        with suppress(*_UNREADABLE):
            messages.extend(map(self._decoder.decode, islice(lines, start, None)))
        return messages

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Make the rows of RECORDs that were decoded to the stream's type and put them in batches.

        Args:
            messages: The RECORDs, each with its `record`.
            lines: The line of each, as it came.

        Raises:
            RunStoppedError: If one must be rejected and `skip_invalid_records` is false.
        """
        first = self.records_read + 1
        self.records_read += len(messages)
        self._process([message.record for message in messages], lines, range(first, first + len(messages)))

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that is not of the stream's type, and widen the type if the record is right.

        Args:
            record: The record.
            line: Its RECORD message as it came.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        if is_deleted(record):
            self.process_deleted(record, line)
            return
        self.records_read += 1
        if self._process_alone(record, line, self.records_read) and (wider := self._record_type.widen_for(record)):
            self._set_type(wider)

    def process_transformed(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that the SDK's stream maps, flattening or metadata have changed.

        Args:
            record: The record.
            line: The RECORD message that it came from.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        if is_deleted(record):
            self.process_deleted(record, line)
            return
        column = self._fields.segment_column
        if self._description.flattened and column in record:
            record[column] = parse_flattened_array(record[column])
        self.records_read += 1
        self._process_alone(record, line, self.records_read)

    def process_deleted(self, record: Mapping[str, Any], line: bytes) -> None:
        """Count a record that the source marks as deleted; it is not loaded, whatever else is in it.

        Where records are spooled, it removes the one before it with the same key, which would be inserted at the end.

        Args:
            record: The record; only its key columns matter.
            line: Its RECORD message as it came.

        Raises:
            RunStoppedError: If records are spooled, it has no usable key and `skip_invalid_records` is false.
        """
        self.records_read += 1
        try:
            self._parts.deletions.count(
                self._name, self.list_api_name, lambda: self._normalize_keys([self._mapper.get_key(record)])[0]
            )
        except RejectedRecord as rejection:
            self._reject(rejection, line, self.records_read)

    def process_member(self, message: Mapping[str, Any], line: bytes) -> None:
        """Have a record that is in its List join the Segment that a message of `encode_member_message` names."""
        self.records_read += 1
        batch = Batch(self._parts.checkpoints.open(), self._route, (), time.monotonic())
        batch.append_member(*parse_member_message(message, self._route), line, self.records_read)
        self._parts.list_workers.submit(batch, self._destination)

    def reject(self, rejection: RejectedRecord, line: bytes, record: Mapping[str, Any] | None = None) -> None:
        """Reject a record that never gets as far as its row.

        Args:
            rejection: What is wrong with it.
            line: Its RECORD message as it came.
            record: The record, if it is known.

        Raises:
            RunStoppedError: If `skip_invalid_records` is false.
        """
        self.records_read += 1
        key = self._mapper.get_key_or_none(record) if record is not None else None
        self._reject(rejection, line, self.records_read, key)

    def flush(self) -> None:
        """Submit all open batches of the List."""
        self._buffer.flush()

    def load_spooled(self, spooled: SpooledRow) -> None:
        """Put a row that was spooled until the end of the input in a batch."""
        rows = Rows([decode_row(spooled.row)], [spooled.key], [spooled.segments], [spooled.line], [spooled.number])
        self._add_to_batch(spooled.fields, rows, spooled.row)

    def _process(self, records: Sequence[msgspec.Struct], lines: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Put records in batches. One that cannot be sent must not harm the others: halving finds it."""
        try:
            segments = self._segments(records)
            values, keys = self._mapper.create_rows(records, decoded=True)
        except RejectedRecord:
            if len(records) == 1:
                self._process_alone(decode_record(lines[0], exact=True), lines[0], numbers[0])
                return
            for half in (slice(len(records) // 2), slice(len(records) // 2, None)):
                self._process(records[half], lines[half], numbers[half])
        else:
            self._put(Rows(values, keys, segments, lines, numbers))

    def _process_alone(self, record: dict[str, Any], line: bytes, number: int) -> bool:
        """Put a record in a batch, or reject it for what is wrong with it; return whether it is in a batch."""
        try:
            self._check(record)
            records = [self._record_type.create_record(record)]
            segments = self._segments(records)
            values, keys = self._mapper.create_rows(records, decoded=False)
            self._put(Rows(values, keys, segments, [line], [number]))
        except RejectedRecord as rejection:
            self._reject(rejection, line, number, self._mapper.get_key_or_none(record))
        except UnicodeEncodeError:
            not_unicode = RejectedRecord("text that is not valid Unicode (a lone surrogate)", code="invalid_text")
            self._reject(not_unicode, line, number, self._mapper.get_key_or_none(record))
        else:
            self._note_unknown_columns(record)
            return True
        return False

    def _check(self, record: Mapping[str, Any]) -> None:
        """Check what must be known of a record before its row is made.

        Raises:
            RejectedRecord: If a key column is missing or the record does not fit the schema.
        """
        for column in self._fields.key_columns:
            if column not in record:
                raise RejectedRecord("the key is missing", field=column, code="missing_key")
        validator = self._description.validator
        if validator is not None and not validator.are_all_valid([record]):
            raise validator.find_violation(record)

    def _put(self, rows: Rows) -> None:
        """Put rows in batches, told apart by the fields that their records have."""
        try:
            encoded = encode_rows(rows.values)
        except TypeError:
            # UNSET, which has no form in JSON.
            for fields, some in rows.split_by_fields(
                self._mapper.field_names, normalize_for_order(self._route.key_types, rows.keys)
            ):
                self._put_alike(fields, some, encode_rows(some.values))
        else:
            self._put_alike(self._mapper.field_names, rows, encoded)

    def _put_alike(self, fields: tuple[str, ...], rows: Rows, encoded: bytes) -> None:
        """Put rows that have the same fields in batches or in the spool."""
        if len(encoded) > self._max_row_bytes:
            rows = self._without_too_large(rows)
            if not rows:
                return
            encoded = encode_rows(rows.values)
        self._parts.stream_outcomes.note_records(self._name, len(rows))
        if self._parts.spool is None:
            self._add_to_batch(fields, rows, encoded)
        else:
            self._add_to_spool(self._parts.spool, fields, rows)

    def _without_too_large(self, rows: Rows) -> Rows:
        """Reject the rows that no load can hold; return the others."""
        fitting = []
        for index, row in enumerate(rows.values):
            if len(encode_rows([row])) <= self._max_row_bytes:
                fitting.append(index)
                continue
            too_large = RejectedRecord("the record alone is larger than max_request_bytes", code="too_large")
            self._reject(too_large, rows.lines[index], rows.numbers[index], rows.keys[index])
        return rows.select(fitting)

    def _add_to_spool(self, spool: Spool, fields: tuple[str, ...], rows: Rows) -> None:
        """Store rows until the last of each key is known."""
        for index, (row, normalized_key) in enumerate(zip(rows.values, self._normalize_keys(rows.keys), strict=True)):
            named = rows.segments[index] if rows.segments else ()
            replaced = spool.put(
                normalized_key,
                SpooledRow(
                    loader_index=self._loader_index,
                    number=rows.numbers[index],
                    key=rows.keys[index],
                    fields=fields,
                    row=encode_rows([row]),
                    line=rows.lines[index],
                    segments=(named,) if isinstance(named, str) else named,
                ),
            )
            if replaced:
                self._parts.report.add_list(self.list_api_name, Counts(read=1, duplicates=1))

    def _add_to_batch(self, fields: tuple[str, ...], rows: Rows, encoded: bytes) -> None:
        self._parts.report.add_list(self.list_api_name, Counts(read=len(rows)))
        self._buffer.add((self._route, fields), rows, encoded)

    def _normalize_keys(self, keys: Sequence[Key]) -> list[bytes]:
        return normalize_for_identity(self._route, keys, ignore_case=self._parts.settings.ignores_case_of_keys)

    def _reject(self, rejection: RejectedRecord, line: bytes, number: int, key: Key | None = None) -> None:
        self._parts.report.add_list(self.list_api_name, Counts(read=1, rejected_before_sending=1))
        if rejection.code != NO_SEGMENT:
            self._parts.stream_outcomes.note_records(self._name, 1)
        self._parts.rejects.add(Rejection.from_line(rejection, self._route, number, line, key))

    def _note_unknown_columns(self, record: Mapping[str, Any]) -> None:
        """Warn once about each column that a record has and its schema has not: it is not sent."""
        for column in record.keys() - self._fields.known_columns - self._known_extra:
            self._known_extra.add(column)
            if not is_metadata_column(column):
                logger.warning("Column %s of stream %s is not in its schema: not sent", column, self._name)

    def _segments(self, records: Sequence[msgspec.Struct]) -> Sequence[Segments]:
        """Return the Segment or Segments that each record names; empty if records are not routed.

        Raises:
            RejectedRecord: If a record names none and must, or holds what is no name.
        """
        column = self._fields.segment_column
        if column is None:
            return ()
        values = list(map(self._record_type.create_getter(column), records))
        return read_segment_names(values, column, required=self._parts.settings.records_without_segment == "skip")

"""One stream's records on their way to rows and batches."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink

from target_selligent.batch import Batch, Rows, Source
from target_selligent.body import decode_row, encode_rows
from target_selligent.deletions import is_deleted
from target_selligent.errors import RejectedRecord, RunStoppedError
from target_selligent.fields import METADATA, is_metadata, stream_fields, without_metadata
from target_selligent.keys import HeldRow
from target_selligent.records import RecordType
from target_selligent.reject_lines import member_of
from target_selligent.rejects import NO_SEGMENT, Rejection, record_of
from target_selligent.report import Counts
from target_selligent.rows import RowMapper
from target_selligent.same_key import order_key, order_keys, run_keys
from target_selligent.schemas import in_current_draft
from target_selligent.sdk_errors import MissingKeyError
from target_selligent.segment_names import array_of, named_segments
from target_selligent.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec
    from singer_sdk.target_base import Target

    from target_selligent.batch import Key, Segments
    from target_selligent.target import TargetSelligent

_BRACKETS = len("[]")


class SelligentSink(Sink):
    """Turns the records of one stream into batches for its List.

    The SDK's own validation and date parsing are left out (`get_validator`, `_validate_and_parse`): they log whole
    records and make Python dates that would only have to be written out again. Both happen on the way to the row.

    Args:
        target: The target, which holds what all sinks share.
        stream_name: Name of the stream.
        schema: JSON Schema of its records.
        key_properties: Its key columns, as the tap names them.

    Attributes:
        records_read: How many records of the stream have been read, also by sinks before this one.
    """

    target: TargetSelligent

    def __init__(
        self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self.target = target  # type: ignore[assignment]
        self.records_read = 0
        self._known_extra: set[str] = set()

    def setup(self) -> None:
        """Work out the stream's fields and make sure that the List has them, before any record is taken."""
        settings = self.target.settings
        own = settings.for_stream(self.stream_name)
        schema = in_current_draft(self.schema)
        self._flattened = bool(self.config.get("flattening_enabled"))
        if self._flattened and own.segment_column in schema["properties"]:
            # Flattening changes what it holds; whether it names Segments is seen by itself.
            schema["properties"][own.segment_column] = {}
        if not self.include_sdc_metadata_properties:
            named = [column for column, field in own.field_mapping.items() if field is not None]
            schema = without_metadata(schema, kept=(*named, own.segment_column))
        # Made even if it is not used: it says whether the schema is one. Records may have metadata that it has not.
        validator = RecordValidator(self.stream_name, schema, also_allowed=f"^({METADATA}|{METADATA.upper()})")
        self._record_validator = validator if self.validate_schema else None
        fields = stream_fields(
            self.stream_name,
            schema,
            self.key_properties,
            key_fields=own.key_fields,
            field_mapping=own.field_mapping,
            segment_column=own.segment_column,
            text_field_length=settings.text_field_length,
        )
        self._destination = self.target.destination(own.list_api_name)
        self._fields = self._destination.prepare(self.stream_name, fields)
        self._segment_column = fields.segment_column
        names = {column.column: column.field.name for column in self._fields.columns}
        types = {column.column: column.field.data_type for column in self._fields.columns}
        self._source = Source(
            self.stream_name,
            self._destination.api_name,
            tuple(names[column] for column in fields.key_columns),
            fields.key_columns,
            tuple(types[column] for column in fields.key_columns),
            fields.segment_column,
            origin=self.target.origin,
        )
        self._held_as = self.target.number_sink(self, self._source)
        self._max_row_bytes = settings.max_request_bytes - _BRACKETS
        self._use(RecordType(self.stream_name, schema, self._fields, validate=self.validate_schema))
        self._buffer = self.target.buffer(self._destination)

    def _use(self, record_type: RecordType) -> None:
        self._record_type = record_type
        self._mapper = RowMapper(record_type, self._fields.columns, self._fields.key_columns)

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """What the stream's RECORDs are decoded to; it changes when records turn out to be other than expected."""
        return self._record_type.message

    @property
    def list_api_name(self) -> str:
        """The List that the records go to."""
        return self._destination.api_name

    @property
    def is_full(self) -> bool:
        """Always false: batches are cut and handed over in `BatchBuffer`, by rows and by bytes."""
        return False

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Leave metadata to `setup`, which keeps what field_mapping names."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Leave metadata in: what is not sent does no harm, and one column says that the record is deleted."""

    def get_validator(self) -> None:
        """Leave validation to the ways of taking records below."""

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Leave the check of the key to the row mapper, which looks at the key fields."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Write out the dates that stream map expressions make, so that the rest sees JSON only."""
        for column, value in record.items():
            if isinstance(value, (dt.date, dt.time)):
                record[column] = value.isoformat()
        return record

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Take one record that came through the SDK's own path (maps, flattening, metadata), which counts it itself.

        Args:
            record: The record, transformed.
            context: Unused.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        line = self.target.message_reader.line
        if is_deleted(record):
            self._leave_out(record, line)
            return
        if self._flattened and self._segment_column in record:
            record[self._segment_column] = array_of(record[self._segment_column])
        self.records_read += 1
        self._process_alone(record, line, self.records_read)

    def reject_unmapped(self, rejection: RejectedRecord) -> None:
        """Reject the record in work, for what is wrong with it to a stream map."""
        self.records_read += 1
        self.record_counter_metric.increment()
        self._reject(rejection, self.target.message_reader.line, self.records_read)

    def process_line(self, record: dict[str, Any], line: bytes) -> None:
        """Take one record that is not of the stream's type, and widen the type if the record is right.

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
        self.record_counter_metric.increment()
        if self._process_alone(record, line, self.records_read) and (wider := self._record_type.widened_for(record)):
            self._use(wider)

    def process_deleted(self, record: dict[str, Any], line: bytes) -> None:
        """Count a record that the source marks as deleted; it is not loaded, whatever else is in it.

        Where records are held, it takes back the one before it with the same key, which would be inserted at the end.

        Args:
            record: The record; only its key columns matter.
            line: Its RECORD message as it came.

        Raises:
            RunStoppedError: If records are held, it has no usable key and `skip_invalid_records` is false.
        """
        self.record_counter_metric.increment()
        self._leave_out(record, line)

    def _leave_out(self, record: dict[str, Any], line: bytes) -> None:
        """Count a deleted record and forget what is held of its key."""
        self.records_read += 1
        try:
            self.target.deletions.count(
                self.stream_name, self.list_api_name, lambda: self._run_keys([self._mapper.key(record)])[0]
            )
        except RejectedRecord as rejection:
            self._reject(rejection, line, self.records_read)

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
        self.record_counter_metric.increment(len(messages))
        self._process([message.record for message in messages], lines, range(first, first + len(messages)))

    def _process(self, records: Sequence[msgspec.Struct], lines: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Put records in batches; if one cannot be sent, the others must not suffer, so it is looked for by halves."""
        try:
            segments = self._segments(records)
            values, keys = self._mapper(records, decoded=True)
        except RejectedRecord:
            if len(records) == 1:
                self._process_alone(record_of(lines[0], exact=True)[1], lines[0], numbers[0])
                return
            for half in (slice(len(records) // 2), slice(len(records) // 2, None)):
                self._process(records[half], lines[half], numbers[half])
        else:
            self._put(Rows(values, keys, segments, lines, numbers))

    def _process_alone(self, record: dict[str, Any], line: bytes, number: int) -> bool:
        """Put a record in a batch, or reject it for what is wrong with it; say which."""
        try:
            self._check(record)
            records = [self._record_type.record(record)]
            segments = self._segments(records)
            values, keys = self._mapper(records, decoded=False)
            self._put(Rows(values, keys, segments, [line], [number]))
        except RejectedRecord as rejection:
            self._reject(rejection, line, number, self._mapper.key_or_none(record))
        except UnicodeEncodeError:
            not_unicode = RejectedRecord("text that is not valid Unicode (a lone surrogate)", code="invalid_text")
            self._reject(not_unicode, line, number, self._mapper.key_or_none(record))
        else:
            self._note_unknown_columns(record)
            return True
        return False

    def _check(self, record: dict[str, Any]) -> None:
        """Check what must be known of a record before its row is made.

        Raises:
            RejectedRecord: If a key column is missing or the record does not fit the schema.
        """
        for column in self._fields.key_columns:
            if column not in record:
                raise RejectedRecord("the key is missing", field=column, code="missing_key")
        if self._record_validator is not None and not self._record_validator.all_valid([record]):
            raise self._record_validator.violation(record)

    def _put(self, rows: Rows) -> None:
        """Put rows in batches, told apart by the fields that their records have."""
        try:
            encoded = encode_rows(rows.values)
        except TypeError:
            # UNSET, which has no form in JSON.
            for fields, some in rows.by_fields(self._mapper.fields, order_keys(self._source.key_types, rows.keys)):
                self._put_alike(fields, some, encode_rows(some.values))
        else:
            self._put_alike(self._mapper.fields, rows, encoded)

    def _put_alike(self, fields: tuple[str, ...], rows: Rows, encoded: bytes) -> None:
        if len(encoded) > self._max_row_bytes:
            rows = self._without_too_large(rows)
            if not rows:
                return
            encoded = encode_rows(rows.values)
        self.target.streams.note_records(self.stream_name, len(rows))
        if self.target.held_records is None:
            self._take(fields, rows, encoded)
        else:
            self._hold(fields, rows)

    def _without_too_large(self, rows: Rows) -> Rows:
        """Reject the rows that no load can hold; return the others."""
        fitting = []
        for index, row in enumerate(rows.values):
            if len(encode_rows([row])) <= self._max_row_bytes:
                fitting.append(index)
                continue
            too_large = RejectedRecord("the record alone is larger than max_request_bytes", code="too_large")
            self._reject(too_large, rows.lines[index], rows.numbers[index], rows.keys[index])
        return rows.only(fitting)

    def _hold(self, fields: tuple[str, ...], rows: Rows) -> None:
        """Keep rows until the last of each key is known."""
        for index, (row, run_key) in enumerate(zip(rows.values, self._run_keys(rows.keys), strict=True)):
            named = rows.segments[index] if rows.segments else ()
            held = HeldRow(
                source=self._held_as,
                number=rows.numbers[index],
                key=rows.keys[index],
                fields=fields,
                row=encode_rows([row]),
                line=rows.lines[index],
                segments=(named,) if isinstance(named, str) else named,
            )
            if self.target.held_records is not None and self.target.held_records.put(run_key, held):
                self.target.report.add_list(self.list_api_name, Counts(read=1, duplicates=1))

    def _run_keys(self, keys: Sequence[Key]) -> list[bytes]:
        return run_keys(self._source, keys, ignore_case=self.target.settings.ignores_case_of_keys)

    def take_held(self, held: HeldRow) -> None:
        """Put a row that was held until the end of the input in a batch.

        Args:
            held: The row.
        """
        rows = Rows([decode_row(held.row)], [held.key], [held.segments], [held.line], [held.number])
        self._take(held.fields, rows, held.row)

    def _take(self, fields: tuple[str, ...], rows: Rows, encoded: bytes) -> None:
        self.target.report.add_list(self.list_api_name, Counts(read=len(rows)))
        self._buffer.add((self._source, fields), rows, encoded)

    def process_member(self, message: Mapping[str, Any], line: bytes) -> None:
        """Have a record that is in its List join the Segment that a message of `member_line` names."""
        self.records_read += 1
        batch = Batch(self.target.checkpoints.open(), self._source, (), time.monotonic())
        batch.add_member(*member_of(message, self._source), line, self.records_read)
        self.target.loader.submit(batch, self._destination)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Hand over what is gathered."""
        self.flush()

    def flush(self) -> None:
        """Hand all batches of the List to the loader."""
        self._buffer.flush()

    def _reject(self, rejection: RejectedRecord, line: bytes, number: int, key: Key | None = None) -> None:
        self.target.report.add_list(self.list_api_name, Counts(read=1, skipped=1))
        if rejection.code != NO_SEGMENT:
            self.target.streams.note_records(self.stream_name, 1)
        try:
            self.target.rejects.add(
                Rejection(
                    rejection,
                    number=number,
                    line=line,
                    origin=self._source.origin,
                    key=order_key(self._source.key_types, key),
                    list_api_name=self.list_api_name,
                )
            )
        except RunStoppedError as stop:
            if rejection.code == "missing_key":
                raise MissingKeyError(str(stop)) from None
            raise

    def _note_unknown_columns(self, record: dict[str, Any]) -> None:
        """Say once for each column that a record has and its schema has not: it is not sent."""
        for column in record.keys() - self._fields.known_columns - self._known_extra:
            self._known_extra.add(column)
            if not is_metadata(column):
                self.logger.warning("Column %s of stream %s is not in its schema: not sent", column, self.stream_name)

    def _segments(self, records: Sequence[msgspec.Struct]) -> Sequence[Segments]:
        """Return the Segment or Segments that each record names; empty if records are not routed.

        Raises:
            RejectedRecord: If a record names none and must, or holds what is no name.
        """
        if self._segment_column is None:
            return ()
        values = list(map(self._record_type.get(self._segment_column), records))
        return named_segments(
            values, self._segment_column, required=self.target.settings.records_without_segment == "skip"
        )

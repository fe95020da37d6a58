"""One stream's records on their way to rows and batches."""

from __future__ import annotations

import datetime as dt
import time
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError
from singer_sdk.sinks import Sink

from target_selligent.batch import Batch, BatchBuffer, Source
from target_selligent.errors import RejectedRecord, RunStoppedError
from target_selligent.fields import stream_fields
from target_selligent.rejects import Rejection, record_of
from target_selligent.report import Counts
from target_selligent.rows import RowMapper
from target_selligent.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.target_base import Target

    from target_selligent.batch import Key
    from target_selligent.target import TargetSelligent

_BRACKETS = len("[]")
_encode = msgspec.json.Encoder().encode


class MissingKeyError(RunStoppedError, MissingKeyPropertiesError):
    """When a record without a usable key ends the run; the SDK knows it by its own class."""


class SelligentSink(Sink):
    """Turns the records of one stream into batches for its List.

    The SDK's own validation and date parsing are left out (`get_validator`, `_validate_and_parse`): they log whole
    records and make Python dates that would only have to be written out again. Both happen in `process_record`.

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
        fields = stream_fields(
            self.stream_name,
            self.schema,
            self.key_properties,
            key_fields=own.key_fields,
            field_mapping=own.field_mapping,
            segment_column=own.segment_column,
            text_field_length=settings.text_field_length,
        )
        validator = RecordValidator(self.stream_name, self.schema) if self.validate_schema else None
        self._record_validator = validator
        self._is_valid = validator.is_valid if validator else None
        self._destination = self.target.destination(own.list_api_name)
        self._fields = self._destination.prepare(self.stream_name, fields)
        self._segment_column = fields.segment_column
        self._held = self.target.held_records
        self._held_as = self.target.number_sink(self)
        names = {column.column: column.field.name for column in self._fields.columns}
        self._source = Source(
            self.stream_name,
            self._destination.api_name,
            tuple(names[column] for column in fields.key_columns),
            fields.key_columns,
            fields.segment_column,
        )
        self._max_row_bytes = settings.max_request_bytes - _BRACKETS
        self._mappers: dict[tuple[str, ...], RowMapper] = {}
        columns = [column.column for column in self._fields.columns]
        self._mapper = self._mapper_for(dict.fromkeys(columns))
        self._buffer = BatchBuffer(
            self._new_batch,
            self._submit,
            max_rows=settings.batch_size_rows,
            max_bytes=settings.max_request_bytes,
        )

    @property
    def is_full(self) -> bool:
        """Always false: batches are cut and handed over in `process_record`, by rows and by bytes."""
        return False

    def get_validator(self) -> None:
        """Leave validation to `process_record`."""

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
        """Check one record, make its row and put it in a batch; or reject it.

        Args:
            record: The record, after stream maps.
            context: Unused.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        self.records_read += 1
        number = self.records_read
        try:
            if self._is_valid is not None and not self._is_valid(record):
                raise self._violation(record)
            segments = self._segments(record, self._segment_column) if self._segment_column is not None else ()
            mapper, encoded, key = self._row(record)
        except RejectedRecord as rejection:
            self._reject(rejection)
            return
        except UnicodeEncodeError:
            self._reject(_invalid_text())
            return
        if len(record) != len(self._fields.known_columns) or mapper is not self._mapper:
            self._note_extra_columns(record)
        line = self.target.message_reader.line
        if self._held is None:
            self._buffer.add(mapper.fields, encoded, key, segments, line, number)
        elif self._held.put(key, self._held_as, number, record, line, segments):
            self.target.report.add_list(self._destination.api_name, Counts(read=1, duplicates=1))

    def take_held(self, record: dict[str, Any], line: bytes, number: int, segments: Sequence[str]) -> None:
        """Put a record that was held until the end of the input in a batch.

        Args:
            record: The record.
            line: Its RECORD message as it came.
            number: Its number in the stream.
            segments: Segments it and the records before it named.
        """
        mapper, encoded, key = self._row(record)
        self._buffer.add(mapper.fields, encoded, key, segments, line, number)

    def _row(self, record: dict[str, Any]) -> tuple[RowMapper, bytes, Key]:
        """Return the mapper of a record's columns, the row as JSON text, and its key.

        Raises:
            RejectedRecord: If the record cannot be sent as it is.
        """
        mapper = self._mapper
        try:
            row = mapper(record)
        except KeyError:
            mapper = self._mapper_for(record)
            row = mapper(record)
        encoded = _encode_row(row)
        if len(encoded) > self._max_row_bytes:
            raise RejectedRecord("the record alone is larger than max_request_bytes", code="too_large")
        return mapper, encoded, tuple([row[index] for index in mapper.key_indexes])

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Hand over what is gathered."""
        self.flush()

    def flush(self, opened_before: float = inf) -> None:
        """Hand the batches that were opened before a time to the loader; by default all."""
        self._buffer.flush(opened_before)

    def _new_batch(self, fields: tuple[str, ...]) -> Batch:
        return Batch(self.target.checkpoints.open(), self._source, fields, time.monotonic())

    def _submit(self, batch: Batch) -> None:
        self.record_counter_metric.increment(len(batch.rows))
        self.target.report.add_list(batch.source.list_api_name, Counts(read=len(batch.rows)))
        self.target.loader.submit(batch, self._destination)

    def _mapper_for(self, record: dict[str, Any]) -> RowMapper:
        """Return the mapper for the columns that a record has.

        Raises:
            RejectedRecord: If a key column is not among them.
        """
        columns = [column for column in self._fields.columns if column.column in record]
        shape = tuple(column.column for column in columns)
        mapper = self._mappers.get(shape)
        if mapper is None:
            for key_column in self._fields.key_columns:
                if key_column not in record:
                    raise RejectedRecord("the key is missing", field=key_column, code="missing_key")
            mapper = RowMapper(columns, self._fields.key_columns, validated=self.validate_schema)
            self._mappers[shape] = mapper
        return mapper

    @staticmethod
    def _segments(record: dict[str, Any], column: str) -> Sequence[str]:
        """Return the Segments a record names.

        Raises:
            RejectedRecord: If it names none that could exist.
        """
        value = record.get(column)
        if isinstance(value, str) and value.strip():
            return (value,)
        names = [
            name if isinstance(name, str) else str(name)
            for name in (value if isinstance(value, list) else [value])
            if (isinstance(name, str) and name.strip()) or (isinstance(name, int) and not isinstance(name, bool))
        ]
        if not names:
            raise RejectedRecord("it names no Segment", field=column, code="no_segment")
        return list(dict.fromkeys(names))

    def _violation(self, record: dict[str, Any]) -> RejectedRecord:
        missing = next((column for column in self._fields.key_columns if column not in record), None)
        if missing is not None:
            return RejectedRecord("the key is missing", field=missing, code="missing_key")
        assert self._record_validator is not None  # noqa: S101 - only called with one
        return self._record_validator.violation(record)

    def _reject(self, rejection: RejectedRecord) -> None:
        stream, record = record_of(self.target.message_reader.line)
        list_api_name = self._destination.api_name
        self.target.report.add_list(list_api_name, Counts(read=1, skipped=1))
        try:
            self.target.rejects.add(
                Rejection(
                    stream=stream,
                    number=self.records_read,
                    record=record,
                    list_api_name=list_api_name,
                    reason=rejection.reason,
                    code=rejection.code,
                    field=rejection.field,
                )
            )
        except RunStoppedError as stop:
            if rejection.code == "missing_key":
                raise MissingKeyError(str(stop)) from None
            raise

    def _note_extra_columns(self, record: dict[str, Any]) -> None:
        """Say once for each column that a record has and its schema has not: it is not sent."""
        for column in record.keys() - self._fields.known_columns - self._known_extra:
            self._known_extra.add(column)
            if not column.startswith("_sdc_"):
                self.logger.warning("Column %s of stream %s is not in its schema: not sent", column, self.stream_name)


def _invalid_text() -> RejectedRecord:
    return RejectedRecord("text that is not valid Unicode (a lone surrogate)", code="invalid_text")


def _encode_row(row: list[Any]) -> bytes:
    """Return a row as JSON text.

    Raises:
        RejectedRecord: If it holds an integer that JSON could not.
        UnicodeEncodeError: If it holds text that UTF-8 cannot.
    """
    try:
        return _encode(row)
    except OverflowError:
        raise RejectedRecord("an integer beyond 64 bits") from None

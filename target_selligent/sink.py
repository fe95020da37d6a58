"""One stream's records on their way to rows and batches."""

from __future__ import annotations

import datetime as dt
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError
from singer_sdk.sinks import Sink

from target_selligent.batch import Rows, Source
from target_selligent.errors import RejectedRecord, RunStoppedError
from target_selligent.fields import stream_fields
from target_selligent.rejects import Rejection, record_of
from target_selligent.report import Counts
from target_selligent.rows import RowMapper
from target_selligent.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.target_base import Target

    from target_selligent.target import TargetSelligent

_BRACKETS = len("[]")
_TEXT = frozenset({str})
_encode = msgspec.json.Encoder().encode


class MissingKeyError(RunStoppedError, MissingKeyPropertiesError):
    """When a record without a usable key ends the run; the SDK knows it by its own class."""


class SelligentSink(Sink):
    """Turns the records of one stream into batches for its List.

    The SDK's own validation and date parsing are left out (`get_validator`, `_validate_and_parse`): they log whole
    records and make Python dates that would only have to be written out again. Both happen in `process_records`.

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
        # Made even if it is not used: it says whether the schema is one. The SDK takes the metadata columns of a tap
        # out of the schema; records may still have them.
        validator = RecordValidator(self.stream_name, self.schema, also_allowed="^_sdc_")
        self._record_validator = validator if self.validate_schema else None
        fields = stream_fields(
            self.stream_name,
            self.schema,
            self.key_properties,
            key_fields=own.key_fields,
            field_mapping=own.field_mapping,
            segment_column=own.segment_column,
            text_field_length=settings.text_field_length,
        )
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
        self._mapper = self._mapper_for({column.column: None for column in self._fields.columns})
        self._buffer = self.target.buffer(self._destination)

    @property
    def is_full(self) -> bool:
        """Always false: batches are cut and handed over in `process_records`, by rows and by bytes."""
        return False

    def get_validator(self) -> None:
        """Leave validation to `process_records`."""

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
        """Take one record that came through the SDK's own path: stream maps, flattening, metadata columns.

        Args:
            record: The record, transformed.
            context: Unused.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        self.process_records([record], [self.target.message_reader.line])

    def process_records(self, records: Sequence[dict[str, Any]], lines: Sequence[bytes]) -> None:
        """Check records, make their rows and put them in batches; reject those that cannot be sent.

        Many records at once cost a fraction of what they cost one by one. If there is anything about one of them,
        they are taken one by one, and it is found.

        Args:
            records: Records that followed each other.
            lines: The RECORD message of each, as it came.

        Raises:
            RunStoppedError: If one must be rejected and `skip_invalid_records` is false.
        """
        numbers = range(self.records_read + 1, self.records_read + len(records) + 1)
        try:
            rows = self._rows(self._mapper, records, lines, numbers)
        except (RejectedRecord, KeyError, UnicodeEncodeError):
            for record, line, number in zip(records, lines, numbers, strict=True):
                self.records_read = number
                self._process_alone(record, line, number)
            return
        self.records_read += len(records)
        self._note_extra_columns(records)
        self._put(self._mapper, rows, records)

    def _process_alone(self, record: dict[str, Any], line: bytes, number: int) -> None:
        try:
            mapper = self._mapper_for(record)
            rows = self._rows(mapper, [record], [line], [number])
        except RejectedRecord as rejection:
            self._reject(rejection, line, number)
        except UnicodeEncodeError:
            not_unicode = RejectedRecord("text that is not valid Unicode (a lone surrogate)", code="invalid_text")
            self._reject(not_unicode, line, number)
        else:
            self._note_extra_columns([record])
            self._put(mapper, rows, [record])

    def take_held(self, record: dict[str, Any], line: bytes, number: int, segments: Sequence[str]) -> None:
        """Put a record that was held until the end of the input in a batch.

        Args:
            record: The record.
            line: Its RECORD message as it came.
            number: Its number in the stream.
            segments: Segments it and the records before it named.
        """
        mapper = self._mapper_for(record)
        rows = self._rows(mapper, [record], [line], [number])
        rows.segments = [segments]
        self._take(mapper, rows)

    def _rows(
        self,
        mapper: RowMapper,
        records: Sequence[dict[str, Any]],
        lines: Sequence[bytes],
        numbers: Sequence[int],
    ) -> Rows:
        """Return the rows of valid records with the mapper's columns.

        Raises:
            RejectedRecord: If a record cannot be sent as it is.
            KeyError: If a record lacks one of the columns.
            UnicodeEncodeError: If a record holds text that is not Unicode.
        """
        if self._record_validator is not None and not self._record_validator.all_valid(records):
            raise self._record_validator.violation(records[0])
        segments = _segments(records, self._segment_column) if self._segment_column is not None else ()
        values, keys = mapper(records)
        rows = list(map(_encode, values))
        if max(map(len, rows)) > self._max_row_bytes:
            raise RejectedRecord("the record alone is larger than max_request_bytes", code="too_large")
        return Rows(rows, keys, segments, lines, numbers)

    def _put(self, mapper: RowMapper, rows: Rows, records: Sequence[dict[str, Any]]) -> None:
        if self._held is None:
            self._take(mapper, rows)
            return
        for index, record in enumerate(records):
            names = rows.segments[index] if rows.segments else ()
            named = (names,) if isinstance(names, str) else names
            # The same key in another List is another record.
            key = (self._destination.api_name.casefold(), *rows.keys[index])
            if self._held.put(key, self._held_as, rows.numbers[index], record, rows.lines[index], named):
                self.target.report.add_list(self._destination.api_name, Counts(read=1, duplicates=1))

    def _take(self, mapper: RowMapper, rows: Rows) -> None:
        self.record_counter_metric.increment(len(rows.rows))
        self.target.report.add_list(self._destination.api_name, Counts(read=len(rows.rows)))
        self._buffer.add((self._source, mapper.fields), rows)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Hand over what is gathered."""
        self.flush()

    def flush(self, opened_before: float = inf) -> None:
        """Hand the List's batches that were opened before a time to the loader; by default all."""
        self._buffer.flush(opened_before)

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
            mapper = self._mappers[shape] = RowMapper(columns, self._fields.key_columns)
        return mapper

    def _reject(self, rejection: RejectedRecord, line: bytes, number: int) -> None:
        stream, record = record_of(line)
        list_api_name = self._destination.api_name
        self.target.report.add_list(list_api_name, Counts(read=1, skipped=1))
        try:
            self.target.rejects.add(
                Rejection(
                    stream=stream,
                    number=number,
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

    def _note_extra_columns(self, records: Sequence[dict[str, Any]]) -> None:
        """Say once for each column that a record has and its schema has not: it is not sent."""
        known = self._fields.known_columns
        if {len(known)}.issuperset(map(len, records)):
            return
        for column in set().union(*records) - known - self._known_extra:
            self._known_extra.add(column)
            if not column.startswith("_sdc_"):
                self.logger.warning("Column %s of stream %s is not in its schema: not sent", column, self.stream_name)


def _segments(records: Sequence[dict[str, Any]], column: str) -> Sequence[str | Sequence[str]]:
    """Return the Segment or Segments that each record names.

    Raises:
        RejectedRecord: If a record names none that could exist.
    """
    values: list[Any] = [record.get(column) for record in records]
    if _TEXT.issuperset(map(type, values)) and not any(map(_is_blank, set(values))):
        return values
    return [_named_segments(value, column) for value in values]


def _named_segments(value: object, column: str) -> Sequence[str]:
    names = [
        name if isinstance(name, str) else str(name)
        for name in (value if isinstance(value, list) else [value])
        if (isinstance(name, str) and not _is_blank(name)) or (isinstance(name, int) and not isinstance(name, bool))
    ]
    if not names:
        raise RejectedRecord("it names no Segment", field=column, code="no_segment")
    return list(dict.fromkeys(names))


def _is_blank(name: str) -> bool:
    return not name.strip()

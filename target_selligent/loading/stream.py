"""Receives the records of one stream and turns them into rows. It knows nothing of Singer's SDK.

A record comes in one of these ways:

- decoded to the stream's record type, together with many others (`process_messages`);
- alone, as the dict of its message (`process_dict`);
- from a Python program (`take`), which writes messages that are then processed in the first two ways;
- as columns of Arrow (`take_arrow`), many together, or else as a program's records.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Any

from target_selligent.batches import Batch, Departure, Route
from target_selligent.errors import RejectedRecord
from target_selligent.loading.audience import Audience
from target_selligent.loading.batch_filler import BatchFiller
from target_selligent.loading.column_path import ColumnPath, ConvertedColumns, convert_ahead
from target_selligent.loading.key_path import KeyPath, create_route
from target_selligent.loading.stream_removals import RemovalPolicy
from target_selligent.records import (
    RecordLineWriter,
    RecordType,
    RowMapper,
    StaticValues,
    UnwritableRecord,
    decode_record,
    is_deleted,
    is_metadata_column,
    parse_flattened_array,
    read_records,
)
from target_selligent.rejects import parse_member_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import msgspec
    import pyarrow as pa

    from target_selligent.batches import BatchBuffer
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.run_parts import RunParts
    from target_selligent.loading.stream_removals import StreamRemovals
    from target_selligent.records import Origin, Segments, StreamDescription, StreamFields

logger = logging.getLogger("target-selligent")

_MISSING_KEY = "missing_key"


class StreamLoader:
    """Turns the records of one stream into batches for its List.

    `LoadRun.open_stream` creates it. Only the thread that reads the records may call its methods.

    Args:
        description: The description of the stream by its schema and the settings.
        fields: The columns, with the types that their fields have in the List.
        origin: Where the records come from.
        parts: What all streams of the run share.
        destination: The List.
        buffer: The open batches of the List.
        records_read: How many records of the stream were read under its earlier schemas.

    Attributes:
        records_read: How many records of the stream were read, also under its earlier schemas.
        removals: What notes its members; None if nobody can leave in this run.
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
        self._description, self._fields = description, fields
        self._parts, self._destination = parts, destination
        self._line_writer = RecordLineWriter(origin.stream)
        self._unknown_columns: set[str] = set()
        self._route = create_route(description, destination.api_name, fields, origin, fields.key_columns)
        self._own = description.settings
        self._audience = Audience(self._own, required=self._own.records_without_segment == "skip")
        placeholders = {**parts.run_values, "stream": description.name, **self._audience.segment_value}
        inserts_only = self._own.list_data_import_option == "OnlyInsert"
        self._static = StaticValues(description.name, fields.static, placeholders, may_subscribe=inserts_only)
        self.removals = self._open_removals(self._route)
        changes = parts.changes.open_stream(self._route, destination, fields)
        self._filler = BatchFiller(self._route, parts, buffer, self.removals, changes)
        self._alternate: tuple[Route, BatchFiller] | None = None
        if fields.alternate_key_columns:
            route = create_route(description, destination.api_name, fields, origin, fields.alternate_key_columns)
            self._alternate = route, BatchFiller(route, parts, buffer, self._open_removals(route))
        self._set_record_type(
            RecordType(description.name, description.schema, fields, validate=description.validator is not None)
        )

    def _open_removals(self, route: Route) -> StreamRemovals | None:
        """Return what notes the members of a route; None if nobody can leave in this run."""
        if not any(one.may_remove for one in self._parts.settings.all_streams):
            return None
        # Streams by which nobody leaves are noted, too: they say who stays in the Segments of others.
        policy = RemovalPolicy.from_settings(self._own, replayed=route.origin.replayed)
        removals = self._parts.removals.open_stream(route, self._destination, policy)
        removals.note_names(self._audience.fixed_segments)
        return removals

    def _set_record_type(self, record_type: RecordType) -> None:
        self._record_type = record_type
        fields = self._fields
        self._mapper = RowMapper(record_type, fields.columns, fields.key_columns)
        self._by_key = KeyPath(self._route, self._filler, self._mapper, self._static)
        by_columns = self._alternate is None and (self.removals is None or not self.removals.policy.uses_versions)
        self._by_columns = ColumnPath(
            self._description, record_type, self._by_key, self._audience, self._line_writer, is_open=by_columns
        )
        self._by_alternate_key: KeyPath | None = None
        if self._alternate is not None:
            mapper = RowMapper(record_type, fields.columns, fields.alternate_key_columns, instead_of=fields.key_columns)
            self._by_alternate_key = KeyPath(*self._alternate, mapper, self._static)

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """The type to decode RECORD messages to; None for dicts. It changes if a valid record does not fit it."""
        return self._record_type.message_type

    @property
    def list_api_name(self) -> str:
        """The List of the records."""
        return self._route.list_api_name

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Load records of a Python program. Records that cannot be loaded are rejected, as in any other run.

        The call returns when all records are in batches, not when they are loaded. A value may be anything that
        msgspec can write as JSON, including dates, Decimals and UUIDs. Bytes become Base64 text.

        Args:
            records: The records, each a mapping of columns to values. If iterating over them raises an exception, the
                records before it are put in batches, then the exception is raised.

        Raises:
            RunStoppedError: If the run was stopped or is finished. Also if a record is rejected and
                `skip_invalid_records` is false.
            Exception: What ended the loading of a List.
        """
        for chunk in self._line_writer.write_chunks(records):
            self._parts.before_chunk()
            if isinstance(chunk, UnwritableRecord):
                self.reject(RejectedRecord(chunk.reason, code=chunk.code), chunk.line, decode_record(chunk.line))
            else:
                self._process_lines(chunk)

    def take_arrow(self, data: pa.RecordBatch | pa.Table | Iterable[pa.RecordBatch | pa.Table]) -> None:
        """Load the rows of a record batch or table of pyarrow, as `take` would load them as records.

        From an iterator, such as a `RecordBatchReader`, other threads read and convert rows ahead.

        Args:
            data: The rows, or an iterator over rows.

        Raises:
            TypeError: If it is something else.
            RunStoppedError: As for `take`. It does not wait for the iterator, which may still be in use then.
            Exception: What ended the loading of a List, and what the iterator raises. The rows before are loaded.
        """
        self._parts.before_chunk()
        with closing(convert_ahead(data, self._convert_columns, self._parts.before_chunk)) as parts:
            for part in parts:
                self._parts.before_chunk()
                if isinstance(part, ConvertedColumns):
                    rows = part.join(self.records_read + 1)
                    self.records_read += len(rows)
                    self._by_key.add(rows, part.leaving)
                else:
                    self.take(read_records(part))

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Process RECORD messages that were decoded to the stream's type.

        Args:
            messages: The messages, each with its `record`.
            lines: The line of each message, exactly as it came.

        Raises:
            RunStoppedError: If a record is rejected and `skip_invalid_records` is false.
        """
        numbers = range(self.records_read + 1, self.records_read + 1 + len(messages))
        self.records_read += len(messages)
        records = [message.record for message in messages]
        for some in self._note_versions(lines):
            self._add_decoded(records[some], lines[some], numbers[some])

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that does not fit the stream's type. If it is valid, the type is widened to include it.

        Args:
            record: The record.
            line: Its RECORD message, exactly as it came.

        Raises:
            RunStoppedError: If it is rejected and `skip_invalid_records` is false.
        """
        if is_deleted(record):
            self.process_deleted(record, line)
            return
        self.records_read += 1
        next(iter(self._note_versions([line])))
        if self._add_dict(record, line, self.records_read) and (wider := self._record_type.widen_for(record)):
            self._set_record_type(wider)

    def process_transformed(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that the SDK has changed: by stream maps, flattening or metadata columns.

        Args:
            record: The record after the changes.
            line: The RECORD message before the changes.

        Raises:
            RunStoppedError: If it is rejected and `skip_invalid_records` is false.
        """
        if is_deleted(record):
            self.process_deleted(record, line)
            return
        column = self._fields.segment_column
        if self._description.flattened and column in record:
            record[column] = parse_flattened_array(record[column])
        self.records_read += 1
        next(iter(self._note_versions([line])))
        self._add_dict(record, line, self.records_read)

    def process_deleted(self, record: Mapping[str, Any], line: bytes) -> None:
        """Count a record that the source marks as deleted. It is not loaded.

        If records are spooled, the stored record with the same key is removed, so that it is not inserted at the end.

        Args:
            record: The record. Only its key columns are used.
            line: Its RECORD message, exactly as it came.

        Raises:
            RunStoppedError: If records are spooled, it has no usable key and `skip_invalid_records` is false.
        """
        self.records_read += 1
        ignored = self._own.deleted_records == "ignore"
        path = self._path_for(record)
        try:
            key = None if ignored else self._mapper.get_key(record)
            self._parts.deletions.count(
                self._route.stream,
                self._route.list_api_name,
                (lambda: path.filler.normalize_key(path.mapper.get_key(record))) if self._own.spools_records else None,
                ignored=ignored,
            )
            if self.removals is not None and not ignored:
                (row,) = self._route.key_rows([key])
                segments = self._audience.read_named_segments(record)
                self.removals.note_deletion(key, segments, Departure(row, self._route.stream, self.records_read, line))
        except RejectedRecord as error:
            path.filler.reject(error, line, self.records_read)

    def process_member(self, message: Mapping[str, Any], line: bytes) -> None:
        """Add a record to a Segment. The record is in the List already, and its message is from a rejects file.

        Args:
            message: A message that `rejects.lines.encode_member_message` wrote.
            line: Its line, exactly as it came.

        Raises:
            InputError: If the message does not fit the key of the stream.
        """
        self.records_read += 1
        route, record = self._route, message.get("record")
        if self._alternate is not None and isinstance(record, dict) and record.keys() != set(route.key_columns):
            route, _ = self._alternate
        batch = Batch(self._parts.checkpoints.open(), route, (), time.monotonic())
        batch.append_member(*parse_member_message(message, route), line, self.records_read)
        self._parts.load_order.submit(batch, self._destination)

    def reject(self, error: RejectedRecord, line: bytes, record: Mapping[str, Any] | None = None) -> None:
        """Reject a record for which no row can be created.

        Args:
            error: What is wrong with it.
            line: Its RECORD message, exactly as it came.
            record: The record, if it is known.

        Raises:
            RunStoppedError: If `skip_invalid_records` is false.
        """
        self.records_read += 1
        if record is None and self.removals is not None:
            self.removals.unknown_keys += 1
        path = self._by_key if record is None else self._path_for(record)
        key = path.mapper.get_key_or_none(record) if record is not None else None
        path.filler.reject(error, line, self.records_read, key)

    def flush(self) -> None:
        """Submit all open batches of the List."""
        self._filler.flush()

    def _convert_columns(self, batch: pa.RecordBatch) -> Iterator[ConvertedColumns | pa.RecordBatch]:
        # In another thread. A wider type, which a record of an earlier record batch may need, has another column path.
        return self._by_columns.convert(batch)

    def _process_lines(self, lines: Sequence[bytes]) -> None:
        """Process RECORD messages of this stream. As many as possible are decoded and processed together."""
        start, remaining = 0, iter(lines)
        while start < len(lines):
            if messages := self._record_type.decode(remaining):
                self.process_messages(messages, lines[start : start + len(messages)])
                start += len(messages)
            for line in lines[start : start + 1]:
                self.process_dict(decode_record(line, exact=True), line)
                start += 1

    def _path_for(self, record: Mapping[str, Any]) -> KeyPath:
        """Return how a record is loaded: by the alternate key if there is one and the key is missing, null or blank."""
        alternate = self._by_alternate_key
        if alternate is None or not any(_is_blank(record.get(column)) for column in self._fields.key_columns):
            return self._by_key
        return alternate

    def _note_versions(self, lines: Sequence[bytes]) -> Iterable[slice]:
        """Yield slices of records, each when those before it are noted: a version may begin with it."""
        if self.removals is None or not self.removals.policy.uses_versions:
            return (slice(None),)
        return self.removals.note_versions(lines)

    def _add_decoded(
        self,
        records: Sequence[msgspec.Struct],
        lines: Sequence[bytes],
        numbers: Sequence[int],
        path: KeyPath | None = None,
    ) -> None:
        """Add the rows of decoded records. If a record has no valid row, the list is halved until it is found."""
        path = path or self._by_key
        try:
            segments, leaving = self._read_audience(records)
            rows = path.create_rows(records, segments, lines, numbers, decoded=True)
        except RejectedRecord as error:
            if error.code == _MISSING_KEY and path is self._by_key and self._by_alternate_key is not None:
                lacking = path.mapper.lacks_key(records)
                for lacks, group in groupby(range(len(records)), lacking.__getitem__):
                    first, *rest = group
                    some = slice(first, first + 1 + len(rest))
                    chosen = self._by_alternate_key if lacks else path
                    self._add_decoded(records[some], lines[some], numbers[some], chosen)
                return
            if len(records) == 1:
                self._add_dict(decode_record(lines[0], exact=True), lines[0], numbers[0])
                return
            for half in (slice(len(records) // 2), slice(len(records) // 2, None)):
                self._add_decoded(records[half], lines[half], numbers[half], path)
        else:
            path.add(rows, leaving)

    def _add_dict(self, record: dict[str, Any], line: bytes, number: int) -> bool:
        """Add the row of one record, or reject the record. Return whether the row was added."""
        path = self._path_for(record)
        try:
            self._description.check_record(record, path.route.key_columns)
            records = [self._record_type.create_record(record)]
            segments, leaving = self._read_audience(records)
            path.add(path.create_rows(records, segments, [line], [number], decoded=False), leaving)
        except RejectedRecord as error:
            path.filler.reject(error, line, number, path.mapper.get_key_or_none(record))
        except UnicodeEncodeError:
            not_unicode = RejectedRecord("text that is not valid Unicode (a lone surrogate)", code="invalid_text")
            path.filler.reject(not_unicode, line, number, path.mapper.get_key_or_none(record))
        else:
            self._warn_of_unknown_columns(record)
            return True
        return False

    def _read_audience(self, records: Sequence[msgspec.Struct]) -> tuple[Sequence[Segments], Sequence[bool]]:
        """Return the Segments of each record, and whether it leaves them."""
        return self._audience.read(lambda name: list(map(self._record_type.create_getter(name), records)), len(records))

    def _warn_of_unknown_columns(self, record: Mapping[str, Any]) -> None:
        """Log a warning for each column that is not in the schema, once a column."""
        for column in record.keys() - self._fields.known_columns - self._unknown_columns:
            self._unknown_columns.add(column)
            if not is_metadata_column(column):
                logger.warning("Column %s of stream %s is not in its schema: not sent", column, self._route.stream)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())

"""The SDK's sink of one stream. It passes the records to the loader of the stream."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Protocol, cast

from singer_sdk.sinks import Sink

from target_selligent.records import StreamOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import msgspec
    import pyarrow as pa
    from singer_sdk.target_base import Target

    from target_selligent.errors import RejectedRecord
    from target_selligent.loading import LoadRun
    from target_selligent.reader import MessageReader
    from target_selligent.records import Origin


class LoadingTarget(Protocol):
    """What a sink needs from its target.

    Attributes:
        run: Loads the streams.
        message_reader: Has the current line.
        origin: The SCHEMA message for which sinks are being created.
    """

    run: LoadRun
    message_reader: MessageReader
    origin: Origin


class SelligentSink(Sink):
    """One stream, as the SDK sees it.

    The SDK's own validation and date parsing are switched off (`get_validator`, `_validate_and_parse`). They would log
    whole records, and create Python dates that must be written as text again. The loader validates the records.

    Args:
        target: The target, a `LoadingTarget`.
        stream_name: The name of the stream.
        schema: The JSON Schema of its records.
        key_properties: Its key columns, as the tap names them.

    Attributes:
        loader: Loads the records of the stream.
    """

    def __init__(
        self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._target = cast("LoadingTarget", target)
        self._has_version = False
        self.loader = self._target.run.open_stream(
            stream_name,
            self.schema,
            self.key_properties,
            StreamOptions(
                origin=self._target.origin,
                validate=self.validate_schema,
                keep_metadata=self.include_sdc_metadata_properties,
                flattened=bool(self.config.get("flattening_enabled")),
            ),
        )

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """The type to decode RECORD messages to; None for dicts. Every call of this sink may change it."""
        return self.loader.message_type

    @property
    def list_api_name(self) -> str:
        """The List of the records."""
        return self.loader.list_api_name

    @property
    def is_full(self) -> bool:
        """Always false, so the SDK never drains the sink. `BatchBuffer` submits full batches."""
        return False

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Keep metadata columns in the schema. The loader removes those that `field_mapping` does not name."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Keep metadata columns in the record. One of them marks a record as deleted."""

    def get_validator(self) -> None:
        """Return no validator, because the loader validates the records."""

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record unchanged, because the loader validates it."""
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Do not check the key properties, because the loader checks the key fields."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Write dates as text. Expressions of stream maps can create dates, and the loader expects JSON values."""
        for column, value in record.items():
            if isinstance(value, (dt.date, dt.time)):
                record[column] = value.isoformat()
        return record

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Process a record that the SDK has changed: by stream maps, flattening or metadata columns.

        The SDK has counted the record already.

        Args:
            record: The record after the changes.
            context: Unused.

        Raises:
            RunStoppedError: If it is rejected and `skip_invalid_records` is false.
        """
        self.loader.process_transformed(record, self._target.message_reader.line)

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Process RECORD messages that were decoded to the stream's type; see `StreamLoader.process_messages`."""
        self.record_counter_metric.increment(len(messages))
        self.loader.process_messages(messages, lines)

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that does not fit the stream's type; see `StreamLoader.process_dict`."""
        self.record_counter_metric.increment()
        self.loader.process_dict(record, line)

    def process_deleted(self, record: dict[str, Any], line: bytes) -> None:
        """Count a record that the source marks as deleted; see `StreamLoader.process_deleted`."""
        self.record_counter_metric.increment()
        self.loader.process_deleted(record, line)

    def process_columns(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Process records that come as columns; see `StreamLoader.take_arrow`. Another thread iterates over them."""
        self.loader.take_arrow(map(self._count_rows, batches))

    def _count_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self.record_counter_metric.increment(batch.num_rows)
        return batch

    def reject(self, error: RejectedRecord, line: bytes) -> None:
        """Reject a record, because a stream map fails on it or because it cannot be read; see `StreamLoader.reject`."""
        self.record_counter_metric.increment()
        self.loader.reject(error, line)

    def activate_version(self, new_version: int) -> None:
        """Note that a version is complete. What it leaves behind leaves at the end of the run."""
        if self.loader.removals is not None:
            self.loader.removals.activate_version(new_version)
        elif not self._has_version:
            self._has_version = True
            self.logger.info("ACTIVATE_VERSION of stream %s: records of other versions stay", self.stream_name)

    def note_bookmarks(self, names: Sequence[str]) -> None:
        """Note the `bookmark_properties` of a SCHEMA.

        Args:
            names: The columns.
        """
        if self.loader.removals is not None:
            self.loader.removals.note_bookmarks(names)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Submit the open batches of the List."""
        self.loader.flush()

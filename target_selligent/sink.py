"""The SDK's sink of one stream: what it receives goes to the stream's loader."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Protocol, cast

from singer_sdk.sinks import Sink

from target_selligent.description import StreamOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec
    from singer_sdk.target_base import Target

    from target_selligent.errors import RejectedRecord
    from target_selligent.reader import MessageReader
    from target_selligent.row_types import Origin
    from target_selligent.run import LoadRun


class LoadingTarget(Protocol):
    """What a sink needs of its target.

    Attributes:
        run: Loads the streams.
        message_reader: Knows the line that is being processed.
        origin: The SCHEMA message that sinks are being created for.
    """

    run: LoadRun
    message_reader: MessageReader
    origin: Origin


class SelligentSink(Sink):
    """One stream, as the SDK knows it.

    The SDK's own validation and date parsing are left out (`get_validator`, `_validate_and_parse`): they log whole
    records and create Python dates that would only have to be written as text again. The stream's loader does both.

    Args:
        target: The target, a `LoadingTarget`.
        stream_name: Name of the stream.
        schema: JSON Schema of its records.
        key_properties: Its key columns, as the tap names them.

    Attributes:
        loader: Loads the stream's records.
    """

    def __init__(
        self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._target = cast("LoadingTarget", target)
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
        """What the stream's RECORDs are decoded to; it may change with every call of this sink."""
        return self.loader.message_type

    @property
    def list_api_name(self) -> str:
        """The List that the records go to."""
        return self.loader.list_api_name

    @property
    def is_full(self) -> bool:
        """Always false: `BatchBuffer` cuts batches by rows and by bytes, and submits them."""
        return False

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Leave metadata to the loader, which keeps what `field_mapping` names."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Keep metadata: what is not sent does no harm, and one column says that the record is deleted."""

    def get_validator(self) -> None:
        """Leave validation to the loader."""

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Leave the check of the key to the loader, which looks at the key fields."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Write the dates that stream map expressions create as text, so that the loader gets JSON only."""
        for column, value in record.items():
            if isinstance(value, (dt.date, dt.time)):
                record[column] = value.isoformat()
        return record

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Process a record that came through the SDK's own path (maps, flattening, metadata), which counts it itself.

        Args:
            record: The record, transformed.
            context: Unused.

        Raises:
            RunStoppedError: If it must be rejected and `skip_invalid_records` is false.
        """
        self.loader.process_transformed(record, self._target.message_reader.line)

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Process RECORDs of the stream's type; see `StreamLoader.process_messages`."""
        self.record_counter_metric.increment(len(messages))
        self.loader.process_messages(messages, lines)

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Process one record that is not of the stream's type; see `StreamLoader.process_dict`."""
        self.record_counter_metric.increment()
        self.loader.process_dict(record, line)

    def process_deleted(self, record: dict[str, Any], line: bytes) -> None:
        """Count a record that the source marks as deleted; see `StreamLoader.process_deleted`."""
        self.record_counter_metric.increment()
        self.loader.process_deleted(record, line)

    def reject_current_record(self, rejection: RejectedRecord) -> None:
        """Reject the record in process, for what a stream map finds wrong with it."""
        self.record_counter_metric.increment()
        self.loader.reject(rejection, self._target.message_reader.line)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Submit what is in open batches."""
        self.loader.flush()

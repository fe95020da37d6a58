"""Describes a stream by its schema and the settings, before the List is read. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_selligent.errors import DestinationError, RejectedRecord, suggest_names
from target_selligent.records.fields import METADATA_PREFIX, derive_stream_fields, remove_metadata_columns
from target_selligent.records.schemas import convert_to_current_draft
from target_selligent.records.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.records.field_definitions import StreamFields
    from target_selligent.records.row_types import Origin
    from target_selligent.settings import Settings, StreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """How the records of a stream come.

    Args:
        origin: The stream of the tap and its SCHEMA message; None if there is no tap.
        validate: Whether records must fit the schema (`validate_records`).
        keep_metadata: Whether columns whose names start with `_sdc_` become fields, too (`add_record_metadata`).
        flattened: Whether the columns of nested objects are columns of the record already (`flattening_enabled`).
    """

    origin: Origin | None = None
    validate: bool = True
    keep_metadata: bool = False
    flattened: bool = False


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What is known about a stream before its List is read.

    Args:
        name: The name of the stream.
        schema: The JSON Schema of its records, in the current draft.
        fields: The fields of its columns.
        validator: Checks its records; None if they are not checked.
        flattened: Whether the columns of nested objects are columns of the record already.
        settings: The settings of the stream.
        field_names: The names of all its fields, also of those that are not sent.
    """

    name: str
    schema: dict[str, Any]
    fields: StreamFields
    validator: RecordValidator | None
    flattened: bool
    settings: StreamSettings
    field_names: frozenset[str]

    @property
    def has_only_keys(self) -> bool:
        """Whether only keys are sent, so that the List stays as it is: nothing is created in it."""
        return not self.settings.load_list or self.settings.segment_data_import_option == "remove"

    def check_record(self, record: Mapping[str, Any], key_columns: Sequence[str]) -> None:
        """Check a record before its row is created.

        Args:
            record: The record.
            key_columns: The columns of the key of its row.

        Raises:
            RejectedRecord: If a key column is missing or the record does not fit the schema.
        """
        for column in key_columns:
            if column not in record:
                raise RejectedRecord("the key is missing", field=column, code="missing_key")
        if self.validator is not None and not self.validator.are_all_valid([record]):
            raise self.validator.find_violation(record)


def describe_stream(
    name: str, schema: Mapping[str, Any], key_properties: Sequence[str], settings: Settings, options: StreamOptions
) -> StreamDescription:
    """Describe a stream: the form of its records, and the fields of its columns.

    Args:
        name: The name of the stream.
        schema: The JSON Schema of its records, with `properties`. It is not changed.
        key_properties: The columns that identify a record, as the source names them.
        settings: The settings of the run.
        options: How the records come.

    Raises:
        InputError: If the schema is not a valid JSON Schema.
        DestinationError: If its columns cannot become fields. The error names every problem.
    """
    stream_settings = settings.for_stream(name)
    if contradictions := list(settings.find_contradictions_of(name)):
        raise DestinationError(f"stream {name} cannot be loaded: {'; '.join(contradictions)}")
    current = convert_to_current_draft(schema)
    action_column = stream_settings.action_column
    if action_column is not None and action_column not in current["properties"]:
        raise DestinationError(
            f"stream {name} cannot be loaded: action_column {action_column} is not a column of the schema, which has: "
            + suggest_names(current["properties"], [action_column])
        )
    if options.flattened and stream_settings.segment_column in current["properties"]:
        # Flattening changes the type of the column. Its values are checked when the Segment names are read.
        current["properties"][stream_settings.segment_column] = {}
    if not options.keep_metadata:
        mapped_columns = [column for column, field in stream_settings.field_mapping.items() if field is not None]
        current = remove_metadata_columns(
            current, kept=(*mapped_columns, stream_settings.segment_column, action_column)
        )
    # It is created even if records are not validated, because it checks the schema. Records may have more metadata.
    validator = RecordValidator(name, current, also_allowed=f"^({METADATA_PREFIX}|{METADATA_PREFIX.upper()})")
    fields = derive_stream_fields(
        name,
        current,
        key_properties,
        key_fields=stream_settings.key_fields,
        alternate_key_fields=stream_settings.alternate_key_fields,
        field_mapping={**({action_column: None} if action_column else {}), **stream_settings.field_mapping},
        field_name_case=stream_settings.field_name_case,
        field_types=stream_settings.field_types,
        static_fields=stream_settings.static_fields,
        segment_column=stream_settings.segment_column,
        text_field_length=stream_settings.text_field_length,
    )
    field_names = frozenset(source.field.name for source in fields.sources)
    description = StreamDescription(
        name, current, fields, validator if options.validate else None, options.flattened, stream_settings, field_names
    )
    if not description.has_only_keys:
        return description
    # The List may lack fields for the other columns.
    identifying = {*fields.key_columns, *fields.alternate_key_columns}
    keys = [column for column in fields.columns if column.column_name in identifying]
    return replace(description, fields=replace(fields, columns=tuple(keys), static=()))

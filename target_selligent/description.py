"""What a stream's schema and the settings say about it, before its List is asked. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.fields import METADATA_PREFIX, StreamFields, derive_stream_fields, remove_metadata_columns
from target_selligent.schemas import convert_to_current_draft
from target_selligent.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.row_types import Origin
    from target_selligent.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """How the records of a stream come.

    Args:
        origin: The tap's stream and its SCHEMA message; None where no tap is involved.
        validate: Whether records must fit the schema (`validate_records`).
        keep_metadata: Whether columns that begin with `_sdc_` become fields, too (`add_record_metadata`).
        flattened: Whether nested objects are columns of their own already (`flattening_enabled`).
    """

    origin: Origin | None = None
    validate: bool = True
    keep_metadata: bool = False
    flattened: bool = False


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What is known of a stream before its List is.

    Args:
        name: Its name.
        schema: JSON Schema of its records, in the words of the current draft.
        fields: What its columns become.
        validator: Checks its records; None if nobody shall.
        flattened: Whether nested objects are columns of their own already.
    """

    name: str
    schema: dict[str, Any]
    fields: StreamFields
    validator: RecordValidator | None
    flattened: bool


def describe_stream(
    name: str, schema: Mapping[str, Any], key_properties: Sequence[str], settings: Settings, options: StreamOptions
) -> StreamDescription:
    """Work out what the records of a stream look like and which fields its columns become.

    Args:
        name: Its name.
        schema: JSON Schema of its records, with `properties`; it is not changed.
        key_properties: The columns that identify a record, as the source names them.
        settings: The run's settings.
        options: How its records come.

    Raises:
        InputError: If the schema is no valid JSON Schema.
        DestinationError: If its columns cannot become fields, with every problem.
    """
    own = settings.for_stream(name)
    current = convert_to_current_draft(schema)
    if options.flattened and own.segment_column in current["properties"]:
        # Flattening changes what it holds; whether it names Segments is seen by itself.
        current["properties"][own.segment_column] = {}
    if not options.keep_metadata:
        named = [column for column, field in own.field_mapping.items() if field is not None]
        current = remove_metadata_columns(current, kept=(*named, own.segment_column))
    # Created even if it is not used: it finds out whether the schema is one. Records may have metadata besides.
    validator = RecordValidator(name, current, also_allowed=f"^({METADATA_PREFIX}|{METADATA_PREFIX.upper()})")
    fields = derive_stream_fields(
        name,
        current,
        key_properties,
        key_fields=own.key_fields,
        field_mapping=own.field_mapping,
        segment_column=own.segment_column,
        text_field_length=settings.text_field_length,
    )
    return StreamDescription(name, current, fields, validator if options.validate else None, options.flattened)

"""Derives a stream's Selligent fields from its JSON Schema, once for each SCHEMA message. Pure; no I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from target_selligent.errors import DestinationError, suggest_names
from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.field_definitions import ColumnMapping, StaticField, StreamFields
from target_selligent.records.schema_types import derive_field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from target_selligent.settings import NamedType, Template

_Source = TypeVar("_Source", ColumnMapping, StaticField)

RECORD_NUMBER_FIELD = "ID"
"""The field in which each List numbers its records. Selligent fills it (docs/selligent-api.md)."""

OPTOUT_FIELD = "OPTOUT"
"""In this field, 0 or null means subscribed; any other value means unsubscribed (docs/selligent-api.md)."""

METADATA_PREFIX = "_sdc_"
"""Prefix of the columns that taps add themselves, in upper or lower case. A schema can lack these columns."""

DELETED_AT_COLUMN = "_sdc_deleted_at"
"""The column with the time at which the source deleted the row. Log-based taps add it."""

KEY_TEXT_LENGTH = 500
"""Length of a key field without a usable length in its schema: short enough for an index, enough for any float."""


def is_metadata_column(column_name: str) -> bool:
    """Return whether taps add the column themselves. Warehouses such as Snowflake write its name in capitals."""
    return column_name[: len(METADATA_PREFIX)].lower() == METADATA_PREFIX


def is_deletion_column(column_name: str) -> bool:
    """Return whether the column has the time at which the source deleted the row, in upper or lower case."""
    return len(column_name) == len(DELETED_AT_COLUMN) and column_name.lower() == DELETED_AT_COLUMN


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Return whether the source marks a record as deleted. Null and blank text, as in text files, are no mark."""
    return any(_is_set(record[column]) for column in record if is_deletion_column(column))


def _is_set(mark: object) -> bool:
    return mark is not None and not (isinstance(mark, str) and not mark.strip())


def remove_metadata_columns(schema: dict[str, Any], kept: Collection[str | None]) -> dict[str, Any]:
    """Return a schema without the columns that taps add themselves.

    Args:
        schema: JSON Schema of a stream's records, with `properties`.
        kept: Names of metadata columns that stay.
    """
    removed = {name for name in schema["properties"] if is_metadata_column(name) and name not in kept}
    properties = {name: described for name, described in schema["properties"].items() if name not in removed}
    reduced = {**schema, "properties": properties}
    if isinstance(required := schema.get("required"), list):
        reduced["required"] = [name for name in required if name not in removed]
    return reduced


def derive_stream_fields(  # noqa: C901, PLR0913 - each argument is one setting, with its own problems
    stream: str,
    schema: Mapping[str, Any],
    key_properties: Sequence[str],
    *,
    key_fields: Sequence[str] = (),
    alternate_key_fields: Sequence[str] = (),
    field_mapping: Mapping[str, str | None] | None = None,
    field_name_case: str = "upper",
    field_types: Mapping[str, NamedType] | None = None,
    static_fields: Mapping[str, Template] | None = None,
    segment_column: str | None = None,
    text_field_length: int = 500,
) -> StreamFields:
    """Return the fields of a stream.

    Args:
        stream: Name of the stream, for messages.
        schema: JSON Schema of the records, with `properties`.
        key_properties: Key columns as the tap names them. They are used if `key_fields` is empty.
        key_fields: Fields (or columns) that identify a record.
        alternate_key_fields: Fields (or columns) that identify a record whose key is null.
        field_mapping: Column name to exact field name, or to None if the column is not sent.
        field_name_case: `upper` if a column that is not mapped becomes a field with its name in upper case; `as_is`.
        field_types: Field name, in any case, to the type of the field if it is created.
        static_fields: Field name to the text that it gets.
        segment_column: Name of the column that names the record's Segments.
        text_field_length: Length of Text fields if the schema has no `maxLength`; 0 for LongText. A key field with
            text is always Text.

    Returns:
        The fields, in schema order.

    Raises:
        DestinationError: If the stream cannot be loaded. The message names all problems.
    """
    field_names, upper = field_mapping or {}, field_name_case == "upper"
    types = {name.casefold(): named for name, named in (field_types or {}).items()}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    columns = tuple(
        ColumnMapping(column_name, replace(definition, name=field_name), conversion, mapped=column_name in field_names)
        for column_name, property_schema in properties.items()
        if column_name != segment_column
        and (field_name := field_names.get(column_name, column_name.upper() if upper else column_name)) is not None
        for definition, conversion in [derive_field(property_schema, schema, text_field_length)]
    )
    problems = [*_find_name_problems(columns, field_names)]
    if segment_column is not None and segment_column not in properties:
        problems.append(
            f"segment_column {segment_column} is not a column of the schema, which has: "
            + suggest_names(properties, [segment_column])
        )
    if not key_fields and not key_properties:
        problems.append("it has no key properties: name the fields that identify a record in key_fields")
    key_columns = []
    for name in key_fields or key_properties:
        key_column = _find_key_column(name, columns, by_field=bool(key_fields))
        if key_column is None:
            problem = _describe_missing_key(name, bool(key_fields), segment_column, field_names)
            known = [column.field.name if key_fields else column.column_name for column in columns]
            problems.append(f"{problem} (it has: {suggest_names(known, [name])})")
        elif key_column not in key_columns:
            key_columns.append(key_column)
    alternate = []
    for name in alternate_key_fields:
        column_name = _find_key_column(name, columns, by_field=True)
        if column_name is None:
            known = [column.field.name for column in columns]
            problems.append(
                f"alternate_key_fields names {name}, which it does not have: {suggest_names(known, [name])}"
            )
        elif column_name not in alternate:
            alternate.append(column_name)
    if alternate and set(alternate) == set(key_columns):
        problems.append("alternate_key_fields names the fields of the key: name others")
    identifying = {*key_columns, *alternate}
    columns = tuple(_convert_to_key(column) if column.column_name in identifying else column for column in columns)
    columns = tuple(_set_type(column, types) for column in columns)
    static = tuple(_set_type(static, types) for static in _derive_static(static_fields or {}, text_field_length))
    problems += _find_key_type_problems(columns, types)
    problems += _find_static_problems(columns, static)
    if problems:
        raise DestinationError(f"stream {stream} cannot be loaded: {'; '.join(problems)}")
    names = [*(column.field.name for column in columns), *(one.field.name for one in static)]
    return StreamFields(
        columns,
        tuple(key_columns),
        segment_column,
        frozenset(properties),
        tuple(alternate),
        static=static,
        typed_fields=frozenset(types).intersection(name.casefold() for name in names),
    )


def _convert_to_key(column: ColumnMapping) -> ColumnMapping:
    """Return the mapping of a key column. Its numbers become text unless they are whole; its text fits an index."""
    field, conversion = column.field, column.conversion
    if conversion is Conversion.FLOAT:
        conversion = Conversion.TEXT
        field = replace(field, data_type=FieldType.TEXT, length=KEY_TEXT_LENGTH)
    elif field.data_type is FieldType.LONG_TEXT:
        field = replace(field, data_type=FieldType.TEXT, length=KEY_TEXT_LENGTH)
    return replace(column, field=field, conversion=conversion, key=True)


def _set_type(source: _Source, types: Mapping[str, NamedType]) -> _Source:
    """Return a column or static field with the type that `field_types` says.

    How values are converted depends on the type that the List has.
    """
    named = types.get(source.field.name.casefold())
    if named is None:
        return source
    return replace(source, field=replace(source.field, data_type=FieldType(named.data_type), length=named.length))


def _derive_static(texts: Mapping[str, Template], text_field_length: int) -> Iterable[StaticField]:
    """Yield the static fields. A date-time alone gets a DateTime field, other text a Text field."""
    for name, template in texts.items():
        described = {"type": "string", **({"format": "date-time"} if template.is_date_time else {})}
        fixed = sum(len(text) for text, is_name in template.parts if not is_name)
        definition, conversion = derive_field(described, {}, text_field_length if fixed <= text_field_length else 0)
        yield StaticField(replace(definition, name=name), template, conversion)


def _find_static_problems(columns: Iterable[ColumnMapping], static: Iterable[StaticField]) -> Iterable[str]:
    by_name = {column.field.name.casefold(): column.column_name for column in columns}
    for one in static:
        column_name = by_name.get(one.field.name.casefold())
        if column_name is not None:
            yield (
                f"static_fields names {one.field.name}, the field of column {column_name}: leave the column out with "
                f'field_mapping: {{"{column_name}": null}}, or remove {one.field.name} from static_fields'
            )


def _find_key_type_problems(columns: Iterable[ColumnMapping], types: Mapping[str, NamedType]) -> Iterable[str]:
    for column in columns:
        named = column.field.name.casefold() in types
        if named and column.key and column.field.data_type in {FieldType.LONG_TEXT, FieldType.JSON}:
            yield (
                f"field_types: the key field {column.field.name} cannot be {column.field.data_type.value}, because no "
                f"index can cover it: use Text({KEY_TEXT_LENGTH})"
            )


def _find_key_column(name: str, columns: Iterable[ColumnMapping], *, by_field: bool) -> str | None:
    if by_field:
        for column in columns:
            if column.field.name.casefold() == name.casefold():
                return column.column_name
    return next((column.column_name for column in columns if column.column_name == name), None)


def _describe_missing_key(
    name: str,
    by_field: bool,  # noqa: FBT001
    segment_column: str | None,
    field_names: Mapping[str, Any],
) -> str:
    if by_field:
        return f"key field {name} is not among the fields of its schema: check key_fields and field_mapping"
    if name == segment_column or (name in field_names and field_names[name] is None):
        return f"key property {name} is not sent as a field: name the fields that identify a record in key_fields"
    if is_metadata_column(name):
        field_name = name.strip("_").upper()
        return f'key property {name} is metadata: add it as a field with "field_mapping": {{"{name}": "{field_name}"}}'
    return f"key property {name} is not in its schema"


def _find_name_problems(columns: Sequence[ColumnMapping], field_names: Mapping[str, Any]) -> Iterable[str]:
    by_name: dict[str, list[str]] = {}
    for column in columns:
        name = column.field.name
        by_name.setdefault(name.casefold(), []).append(column.column_name)
        if name.casefold() == RECORD_NUMBER_FIELD.casefold() and column.column_name not in field_names:
            yield (
                f"column {column.column_name} would become {RECORD_NUMBER_FIELD}, the List's own record number: "
                f'choose another field with field_mapping: {{"{column.column_name}": "CUSTOMER_IDENTIFIER"}}'
            )
        if not name.strip() or "," in name or not name.isprintable():
            yield (
                f"column {column.column_name!r} cannot be a field name (blank, comma or control character): "
                "choose another name with field_mapping"
            )
    for same_name in by_name.values():
        if len(same_name) > 1:
            yield f"columns {', '.join(same_name)} become the same field: choose different fields with field_mapping"

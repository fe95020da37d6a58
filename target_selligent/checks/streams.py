"""The streams of the input beside their Lists. Pure; no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from target_selligent.checks.findings import Finding
from target_selligent.checks.suggestions import suggest_fields
from target_selligent.records import RECORD_NUMBER_FIELD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from target_selligent.loading import PlannedColumn, PlannedStream
    from target_selligent.records import FieldDefinition

_MAX_INDEX_FIELDS = 3


def compare_stream(
    stream: PlannedStream, fields: Sequence[FieldDefinition], new_fields: Collection[str]
) -> Iterator[Finding]:
    """Yield one finding for each column of a stream, one for its key, and a suggestion for fields that are missing.

    Args:
        stream: The stream.
        fields: The fields that the List has.
        new_fields: The fields that a run would create, without case.
    """
    for column in stream.columns:
        yield _compare_column(stream, column, new_fields)
    missing = [column.name for column in stream.columns if column.found is None]
    used = {column.found.name for column in stream.columns if column.found is not None}
    free = [field.name for field in fields if field.writable and field.name not in used]
    suggested = suggest_fields(missing, (name for name in free if name != RECORD_NUMBER_FIELD))
    if suggested:
        mapping = json.dumps(suggested, ensure_ascii=False)
        yield Finding("note", f"stream {stream.name}", "fields with similar names exist", f"field_mapping: {mapping}")
    yield from check_key(stream.list_api_name, [column.wanted.name for column in _key_columns(stream)])


def check_key(list_api_name: str, key_fields: Sequence[str]) -> Iterator[Finding]:
    """Yield whether a unique index is known to cover the key fields of a List.

    Args:
        list_api_name: The List.
        key_fields: The fields.
    """
    names = ", ".join(key_fields)
    subject = f"key of List {list_api_name}"
    if [name.casefold() for name in key_fields] == [RECORD_NUMBER_FIELD.casefold()]:
        yield Finding("ok", subject, f"{names} is the List's own record number")
    elif len(key_fields) > _MAX_INDEX_FIELDS:
        yield Finding(
            "unknown",
            subject,
            f"{names}: PUT lists/{list_api_name}/businesskey creates an index over at most {_MAX_INDEX_FIELDS} fields",
            "identify records by fewer fields, or ask your administrator for an index over all of them",
        )
    elif key_fields:
        yield Finding(
            "unknown",
            subject,
            f"{names}: no call shows whether a unique index covers it; without one, large loads can be refused",
            f"have it created once: PUT lists/{list_api_name}/businesskey",
        )


def _key_columns(stream: PlannedStream) -> Iterator[PlannedColumn]:
    by_name = {column.name: column for column in stream.columns}
    return (by_name[name] for name in stream.key_columns if name in by_name)


def _compare_column(stream: PlannedStream, column: PlannedColumn, new_fields: Collection[str]) -> Finding:
    subject = f"column {stream.name}.{column.name}"
    if column.found is None:
        message = f"List {stream.list_api_name} has no field {column.wanted.name}"
        return Finding("wrong", subject, f"{message}; the column needs {_describe(column.wanted)}")
    if not column.found.writable:
        message = f"List {stream.list_api_name} computes field {column.found.name} itself"
        return Finding("wrong", subject, message, f'field_mapping: {{"{column.name}": null}}')
    if column.found.name.casefold() in new_fields:
        return Finding("note", subject, f"{column.found.name} {_describe(column.found)} would be created")
    return Finding("ok", subject, f"{column.found.name} {_describe(column.found)}")


def _describe(field: FieldDefinition) -> str:
    return field.data_type.value if field.length is None else f"{field.data_type.value}({field.length})"

"""The streams of the input beside their Lists. Pure; no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from target_selligent.checks.findings import Finding
from target_selligent.checks.suggestions import suggest_fields
from target_selligent.records import RECORD_NUMBER_FIELD, find_own_fields

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
    suggested = _suggest_fields(stream, fields)
    if suggested:
        mapping = json.dumps(suggested, ensure_ascii=False)
        yield Finding("note", f"stream {stream.name}", "fields with similar names exist", f"field_mapping: {mapping}")
    by_name = {column.wanted.column_name: column.wanted.field.name for column in stream.columns}
    yield from check_key(stream.list_api_name, [by_name[name] for name in stream.key_columns if name in by_name])


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


def _suggest_fields(stream: PlannedStream, fields: Sequence[FieldDefinition]) -> dict[str, str]:
    """Return the fields that are probably meant by the columns whose fields the List does not have."""
    missing = [column.wanted for column in stream.columns if column.found is None]
    existing = {field.name.casefold() for field in fields}
    own = find_own_fields(missing, [column.wanted for column in stream.columns], existing)
    taken = {RECORD_NUMBER_FIELD, *own.values(), *(one.found.name for one in stream.columns if one.found is not None)}
    free = [field.name for field in fields if field.writable and field.name not in taken]
    return own | suggest_fields([one.column_name for one in missing if one.column_name not in own], free)


def _compare_column(stream: PlannedStream, column: PlannedColumn, new_fields: Collection[str]) -> Finding:
    name, wanted = column.wanted.column_name, column.wanted.field
    subject = f"column {stream.name}.{name}"
    if column.found is None:
        message = f"List {stream.list_api_name} has no field {wanted.name}; the column needs {wanted.type_text}"
        return Finding("wrong", subject, message)
    if not column.found.writable:
        message = f"List {stream.list_api_name} computes field {column.found.name} itself"
        return Finding("wrong", subject, message, f'field_mapping: {{"{name}": null}}')
    described = f"{column.found.name} {column.found.type_text}"
    if column.found.name.casefold() in new_fields:
        return Finding("note", subject, f"{described} would be created")
    return Finding("ok", subject, described)

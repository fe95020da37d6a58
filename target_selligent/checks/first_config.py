"""The first config of a user: made from a List's real fields and the columns of a stream. Pure; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_selligent.checks.suggestions import suggest_fields
from target_selligent.records import RECORD_NUMBER_FIELD, find_usual_field, is_metadata_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_USUAL_KEY = "CUSTOMER_IDENTIFIER"
_USERLIST_FIELDS = (RECORD_NUMBER_FIELD, "MAIL", "NAME")
"""Fields of every Userlist to which a column of a new List is mapped (docs/selligent-api.md)."""
_NOT_IN_API_NAMES = re.compile(r"[^A-Za-z0-9_]", re.ASCII)


@dataclass(slots=True)
class FieldChoice:
    """The fields for the columns of a stream.

    Attributes:
        mapping: `field_mapping`: column to field, or to None if the column is not sent.
        unsent: Columns for which the List has no field.
        problems: Why no config can be made, each as a sentence.
    """

    mapping: dict[str, str | None] = field(default_factory=dict)
    unsent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def choose_fields(
    schema_message: Mapping[str, Any],
    fields: Sequence[str] | None,
    *,
    key_fields: Sequence[str] = (),
    segment_column: str | None = None,
) -> FieldChoice:
    """Choose a field for each column of a stream.

    Args:
        schema_message: The SCHEMA message of the stream.
        fields: The fields of the List that can be written; None if the List is to be created.
        key_fields: The fields that identify a record; empty for the key properties of the stream.
        segment_column: The column that names Segments. It gets no field.

    Returns:
        The choice. Columns whose field has their name in upper case are not in its mapping.
    """
    choice = FieldChoice()
    known = {name.casefold(): name for name in (_USERLIST_FIELDS if fields is None else fields)}
    known.pop(RECORD_NUMBER_FIELD.casefold(), None)
    wanted = {name.casefold(): name for name in key_fields}
    # Columns that have no field of their name yet. For a new List, the key fields are among the fields.
    own_names = known if fields is not None else {**known, **wanted}
    columns = [
        one for one in _columns_of(schema_message, segment_column) if own_names.pop(one.casefold(), None) is None
    ]
    keys = list(schema_message.get("key_properties") or ())
    _map_key(choice, columns, keys, own_names, wanted, is_new=fields is None)
    columns = [one for one in columns if one not in choice.mapping]
    for column in columns:
        usual = find_usual_field(column)
        if usual is not None and usual.casefold() in own_names:
            choice.mapping[column] = own_names.pop(usual.casefold())
    columns = [one for one in columns if one not in choice.mapping]
    if fields is None:
        choice.unsent = [column for column in columns if column.casefold() == RECORD_NUMBER_FIELD.casefold()]
        bad = [column for column in columns if _NOT_IN_API_NAMES.search(column)]
        choice.mapping |= {column: _NOT_IN_API_NAMES.sub("_", column.upper()) for column in bad}
    else:
        suggested = suggest_fields(columns, own_names.values())
        choice.unsent = [column for column in columns if column not in suggested]
        choice.mapping |= suggested
    choice.mapping |= dict.fromkeys(choice.unsent)
    if not key_fields:
        choice.problems = list(_find_key_problems(keys, choice.unsent))
    return choice


def _columns_of(schema_message: Mapping[str, Any], segment_column: str | None) -> Iterator[str]:
    for name in schema_message["schema"].get("properties") or {}:
        if name != segment_column and not is_metadata_column(name):
            yield name


def _find_key_problems(keys: Sequence[str], unsent: Sequence[str]) -> Iterator[str]:
    if not keys:
        yield "the stream does not say what identifies a record: name the field with --key-fields"
    for key in keys:
        if key in unsent:
            yield f"column {key}, which identifies a record, has no field in the List: name the field with --key-fields"


def _map_key(  # noqa: PLR0913 - what is known so far
    choice: FieldChoice,
    columns: Sequence[str],
    keys: Sequence[str],
    known: dict[str, str],
    wanted: dict[str, str],
    *,
    is_new: bool,
) -> None:
    """Map the only key column, if it has no field of its name: to the only key field, or to the usual one."""
    missing = [key for key in keys if key in columns]
    if len(missing) != 1:
        return
    (key,) = missing
    targets = [name for folded, name in wanted.items() if is_new or folded in known]
    if not wanted and key.casefold() == RECORD_NUMBER_FIELD.casefold():
        targets = [_USUAL_KEY] if is_new else [known[_USUAL_KEY.casefold()]] if _USUAL_KEY.casefold() in known else []
    if len(targets) == 1:
        choice.mapping[key] = known.pop(targets[0].casefold(), targets[0])

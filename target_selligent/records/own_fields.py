"""Columns that probably mean a field which Userlists have of their own. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.records.field_definitions import ColumnMapping

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from target_selligent.records.field_definitions import FieldSource

_COLUMNS_BY_FIELD = {
    "MAIL": ("email", "emailaddress", "mailaddress"),
    "NAME": ("fullname",),
}
"""Field that every Userlist has to columns that usually hold it, in lower case and without punctuation."""


def find_usual_field(column: str) -> str | None:
    """Return the field that every Userlist has for the values of a column; None if there is none.

    Args:
        column: The name of the column.
    """
    name = _simplify(column)
    return next((own for own, names in _COLUMNS_BY_FIELD.items() if name in names), None)


def find_own_fields(
    new: Iterable[FieldSource], sources: Iterable[FieldSource], existing: Collection[str]
) -> dict[str, str]:
    """Return columns that would become new fields, although the List has a field of its own for their values.

    Args:
        new: What the List has no fields for.
        sources: All columns and static fields of the stream. A field that one of them fills is not suggested.
        existing: The names of the List's fields, without case.

    Returns:
        Column to the List's own field, as in `field_mapping`. A field is suggested for one column.
    """
    filled = {source.field.name.casefold() for source in sources}
    unmapped = [one.column_name for one in new if isinstance(one, ColumnMapping) and not one.mapped]
    simple = {_simplify(column): column for column in unmapped}
    suggested = {}
    for field, names in _COLUMNS_BY_FIELD.items():
        column = next((simple[name] for name in names if name in simple), None)
        if column is not None and field.casefold() in existing and field.casefold() not in filled:
            suggested[column] = field
    return suggested


def _simplify(column: str) -> str:
    """Return the name of a column in lower case and without punctuation."""
    return "".join(filter(str.isalnum, column.casefold()))

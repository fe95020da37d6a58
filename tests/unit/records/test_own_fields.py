"""Columns that mean a field which the List has of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.field_definitions import ColumnMapping, FieldDefinition
from target_selligent.records.own_fields import find_own_fields

USERLIST = {"id", "name", "mail", "optout"}


def columns(**fields: str) -> list[ColumnMapping]:
    """Return columns, each with the name of its field."""
    return [
        ColumnMapping(column, FieldDefinition(field, FieldType.TEXT, 50), Conversion.STRING)
        for column, field in fields.items()
    ]


@pytest.mark.parametrize("column", ["email", "E_Mail", "eMail", "email_address", "EmailAddress", "mail_address"])
def test_columns_with_an_address(column: str) -> None:
    """In any case, with and without punctuation."""
    new = columns(**{column: column.upper()})
    assert find_own_fields(new, new, USERLIST) == {column: "MAIL"}


def test_columns_with_a_name() -> None:
    """Only a column with the whole name."""
    new = columns(full_name="FULL_NAME", first_name="FIRST_NAME", username="USERNAME")
    assert find_own_fields(new, new, USERLIST) == {"full_name": "NAME"}


def test_a_field_is_suggested_once() -> None:
    """Two columns cannot become one field."""
    new = columns(email_address="EMAIL_ADDRESS", email="EMAIL")
    assert find_own_fields(new, new, USERLIST) == {"email": "MAIL"}


def test_nothing_is_suggested_for_what_is_meant() -> None:
    """Where the List lacks the field, another column fills it, or `field_mapping` names the column's field."""
    new = columns(email="EMAIL")
    assert find_own_fields(new, new, {"id"}) == {}
    assert find_own_fields(new, [*new, *columns(primary="Mail")], USERLIST) == {}
    for name in ("SECOND", "EMAIL"):
        mapped = [replace(column, mapped=True) for column in columns(email=name)]
        assert find_own_fields(mapped, mapped, USERLIST) == {}
    assert find_own_fields([], columns(email="EMAIL"), USERLIST) == {}

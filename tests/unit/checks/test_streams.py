"""Streams beside their Lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.checks.streams import check_key, compare_stream
from target_selligent.loading.plan import PlannedColumn, PlannedStream
from target_selligent.records import ColumnMapping, FieldDefinition, FieldType
from target_selligent.records.conversions import Conversion

if TYPE_CHECKING:
    from target_selligent.checks.findings import Finding

KEY = FieldDefinition("KEY", FieldType.TEXT, 20)
MAIL = FieldDefinition("MAIL", FieldType.TEXT, 100)
EMAIL = FieldDefinition("EMAIL", FieldType.TEXT, 500)
AGE = FieldDefinition("AGE", FieldType.LONG, writable=False)


def column(name: str, wanted: FieldDefinition, found: FieldDefinition | None) -> PlannedColumn:
    """Return a column, the field that it asks for and the one that the List has."""
    return PlannedColumn(ColumnMapping(name, wanted, Conversion.STRING), found)


def compare(*columns: PlannedColumn, new: str = "") -> list[Finding]:
    """Return the findings about columns."""
    stream = PlannedStream("people", "contacts", columns, ("key",))
    return list(compare_stream(stream, [KEY, MAIL, AGE], {new}))


def test_each_column_is_compared() -> None:
    """A column has its field, would get it, lacks it, or cannot be written."""
    findings = compare(
        column("key", KEY, KEY),
        column("email", EMAIL, None),
        column("age", AGE, AGE),
        column("new", MAIL, MAIL),
        new="mail",
    )
    assert [(one.status, one.subject) for one in findings[:4]] == [
        ("ok", "column people.key"),
        ("wrong", "column people.email"),
        ("wrong", "column people.age"),
        ("note", "column people.new"),
    ]
    assert "Text(500)" in findings[1].message
    assert findings[2].advice == 'field_mapping: {"age": null}'


def test_a_field_that_is_free_is_suggested() -> None:
    """A field that another column has is not suggested."""
    missing = column("email", EMAIL, None)
    assert compare(column("key", KEY, KEY), missing)[2].advice == 'field_mapping: {"email": "MAIL"}'
    assert "field_mapping" not in {one.advice[:13] for one in compare(missing, column("m", MAIL, MAIL))}


@pytest.mark.parametrize(
    ("key", "status", "word"),
    [
        (["id"], "ok", "record number"),
        (["KEY"], "unknown", "businesskey"),
        (["A", "B", "C", "D"], "unknown", "at most 3"),
    ],
)
def test_the_index_of_the_key(key: list[str], status: str, word: str) -> None:
    """Only the record number is known to be unique; nothing else is claimed."""
    (finding,) = check_key("contacts", key)
    assert (finding.status, word in f"{finding.message} {finding.advice}") == (status, True)


def test_a_key_that_is_not_known_yet() -> None:
    """Without key fields in the settings, the key is that of the stream."""
    assert list(check_key("contacts", [])) == []

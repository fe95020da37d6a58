"""The fields of a first config."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.checks.first_config import FieldChoice, choose_fields

FIELDS = ["ID", "MAIL", "NAME", "CUSTOMER_IDENTIFIER", "FirstName", "CITY"]


def choose(columns: str, fields: list[str] | None, keys: str = "key", **options: Any) -> FieldChoice:
    """Choose fields for columns, which are separated by blanks."""
    message = {"schema": {"properties": {column: {} for column in columns.split()}}, "key_properties": keys.split()}
    return choose_fields(message, fields, **options)


def test_fields_of_a_list_that_exists() -> None:
    """A field of the column's name needs no mapping; usual and similar names are mapped; the rest is not sent."""
    choice = choose("customer_identifier email first_name city phone _sdc_extracted_at", FIELDS, "customer_identifier")
    assert choice.mapping == {"email": "MAIL", "first_name": "FirstName", "phone": None}
    assert (choice.unsent, choice.problems) == (["phone"], [])


def test_fields_of_a_new_list() -> None:
    """Every column gets a field: its own, that of a Userlist, or one with a name that is possible."""
    choice = choose("key email street-name plain", None)
    assert choice.mapping == {"email": "MAIL", "street-name": "STREET_NAME"}
    assert (choice.unsent, choice.problems) == ([], [])


@pytest.mark.parametrize("fields", [FIELDS, None], ids=["a List", "a new List"])
def test_a_key_id(fields: list[str] | None) -> None:
    """A column `id` never becomes the List's record number: as the key, it gets a field that is named or usual."""
    assert choose("id", fields, "id").mapping == {"id": "CUSTOMER_IDENTIFIER"}
    assert choose("id", fields, "id", key_fields=["CITY"]).mapping == {"id": "CITY"}
    assert choose("key id", [*FIELDS, "KEY"] if fields else None).mapping == {"id": None}


def test_a_key_without_a_field() -> None:
    """Without a field that identifies a record, there is no config."""
    (problem,) = choose("number", FIELDS, "number").problems
    assert "column number" in problem
    (problem,) = choose("city", FIELDS, "").problems
    assert "--key-fields" in problem
    assert choose("city", FIELDS, "", key_fields=["CITY"]).problems == []


def test_the_segment_column_gets_no_field() -> None:
    """It names Segments."""
    assert choose("city seg", FIELDS, "city", segment_column="seg").mapping == {}

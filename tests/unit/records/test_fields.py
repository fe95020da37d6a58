"""Fields are derived from JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.errors import DestinationError
from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.field_definitions import FieldDefinition
from target_selligent.records.fields import derive_stream_fields
from target_selligent.settings.field_types import NamedType
from target_selligent.settings.templates import parse_template
from tests.unit.fields import type_text

if TYPE_CHECKING:
    from target_selligent.records.field_definitions import StreamFields


def fields_of(properties: dict[str, Any], keys: tuple[str, ...] = ("key",), **settings: Any) -> StreamFields:
    """Return the fields of a schema with a key and the given properties."""
    definitions = {"n": {"type": "integer"}, "loop": {"$ref": "#/definitions/loop"}}
    described = {"properties": {"key": {"type": "string"}, **properties}, "definitions": definitions}
    return derive_stream_fields("people", described, keys, **settings)


@pytest.mark.parametrize(
    ("length", "expected"), [(1, "Text(1)"), (4000, "Text(4000)"), (0, "LongText"), (4001, "LongText")], ids=str
)
def test_text_length(length: int, expected: str) -> None:
    """Text without `maxLength` gets the length that is set. 0 or more than 4000 means LongText, except for keys."""
    columns = fields_of({"a": {"type": "string"}, "b": {"type": "string", "maxLength": 9}}, text_field_length=length)
    key = expected if expected != "LongText" else "Text(500)"
    assert [type_text(column.field) for column in columns.columns] == [key, expected, "Text(9)"]


def test_names() -> None:
    """Names become upper case unless mapped. The Segment column and columns mapped to null are not sent."""
    properties = {name: {"type": "string"} for name in ("firstName", "straße", "seg", "out", "own")}
    fields = fields_of(properties, segment_column="seg", field_mapping={"out": None, "own": "Own_Name"})
    assert [column.field.name for column in fields.columns] == ["KEY", "FIRSTNAME", "STRASSE", "Own_Name"]
    assert fields.segment_column == "seg"
    assert fields.known_columns == {"key", *properties}


@pytest.mark.parametrize(
    ("key_fields", "keys", "expected"),
    [
        ((), ("key",), ("key",)),
        ((), ("part", "key"), ("part", "key")),
        (("PART", "Key"), ("key",), ("part", "key")),
        (("part",), (), ("part",)),
        (("mapped_to",), (), ("mapped",)),
        (("mapped",), (), ("mapped",)),
        (("KEY", "key"), (), ("key",)),
    ],
    ids=str,
)
def test_keys(key_fields: tuple[str, ...], keys: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Key fields replace key properties. They name columns, or fields in upper or lower case."""
    properties: dict[str, Any] = {"part": {"type": "integer"}, "mapped": {"type": "string"}}
    fields = fields_of(properties, keys, key_fields=key_fields, field_mapping={"mapped": "Mapped_To"})
    assert fields.key_columns == expected


TEXT: dict[str, Any] = {"type": "string"}
PROBLEMS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "case": ({"a": TEXT, "A": TEXT}, {}, "columns a, A become the same field"),
    "mapping": ({"a": TEXT, "b": TEXT}, {"field_mapping": {"b": "A"}}, "columns a, b become the same field"),
    "id": ({"id": TEXT}, {}, 'field_mapping: {"id": "CUSTOMER_IDENTIFIER"}'),
    "Id": ({"Id": TEXT}, {}, 'field_mapping: {"Id": "CUSTOMER_IDENTIFIER"}'),
    "comma": ({"a,b": TEXT}, {}, "'a,b' cannot be a field name"),
    "blank": ({" ": TEXT}, {}, "' ' cannot be a field name"),
    "newline": ({"a\nb": TEXT}, {}, "cannot be a field name"),
    "no Segment column": ({}, {"segment_column": "seg"}, "segment_column seg is not a column"),
    "no key": ({}, {"keys": ()}, "key_fields"),
    "unknown key property": ({}, {"keys": ("x",)}, "key property x is not in its schema"),
    "unknown key field": ({}, {"key_fields": ("X",)}, "key field X is not among the fields"),
    "key not sent": ({}, {"field_mapping": {"key": None}}, "key property key is not sent"),
    "key is the Segment": ({}, {"segment_column": "key"}, "key property key is not sent"),
}


@pytest.mark.parametrize(("properties", "settings", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_streams_that_cannot_be_loaded(properties: dict[str, Any], settings: dict[str, Any], words: str) -> None:
    """The error names the stream and says why its columns cannot be fields, or why it has no key."""
    with pytest.raises(DestinationError) as caught:
        fields_of(properties, **settings)
    assert words in str(caught.value)
    assert "stream people" in str(caught.value)


def test_a_column_can_be_mapped_to_the_record_number() -> None:
    """A column that field_mapping maps to ID is sent as ID."""
    assert fields_of({"id": {"type": "integer"}}, field_mapping={"id": "ID"}).columns[1].field.name == "ID"


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"type": "number"}, "Text(500)"),
        ({"type": ["null", "number"], "multipleOf": 1}, "Long"),
        ({"type": "string"}, "Text(500)"),
        ({"type": "string", "maxLength": 5000}, "Text(500)"),
        ({}, "Text(500)"),
    ],
    ids=str,
)
def test_a_key_is_never_float_or_long_text(described: Any, expected: str) -> None:
    """A key field can be compared exactly, and an index can cover it."""
    assert type_text(fields_of({"n": described}, ("n",), text_field_length=0).columns[1].field) == expected


def test_names_as_they_are() -> None:
    """The columns of a stream keep their case if a setting says so; mapped ones have the name that is set."""
    fields = fields_of({"firstName": TEXT, "own": TEXT}, field_name_case="as_is", field_mapping={"own": "Own"})
    assert [column.field.name for column in fields.columns] == ["key", "firstName", "Own"]


def test_types_that_a_setting_says() -> None:
    """By the field in any case. Values are converted to what the List has then, not to what was wanted."""
    types = {"n": NamedType("Text", 5), "KEY": NamedType("Text", 9), "other": NamedType("Long")}
    fields = fields_of({"n": {"type": "number"}}, field_types=types)
    assert [type_text(column.field) for column in fields.columns] == ["Text(9)", "Text(5)"]
    assert fields.typed_fields == {"key", "n"}
    number = fields.columns[1]
    assert number.map_to_existing_field(number.field).conversion is Conversion.TEXT
    assert number.map_to_existing_field(FieldDefinition("N", FieldType.FLOAT)).conversion is Conversion.FLOAT


@pytest.mark.parametrize("named", ["LongText", "Json"])
def test_the_type_of_a_key_must_fit_an_index(named: str) -> None:
    """Of an alternate key, too."""
    with pytest.raises(DestinationError, match=f"key field KEY cannot be {named}.*key field N cannot be {named}"):
        fields_of({"n": TEXT}, alternate_key_fields=["N"], field_types={"key": NamedType(named), "N": NamedType(named)})


def test_static_fields() -> None:
    """They are text of the usual length, longer if the text is; the time of the run alone is a date-time."""
    texts = {"Source": "crm", "RUN_AT": "{run_started_at}", "NOTE": "x" * 501, "SIZE": "5"}
    templates = {name: parse_template(text) for name, text in texts.items()}
    fields = fields_of({"n": TEXT}, static_fields=templates, field_types={"size": NamedType("Long")})
    assert [(one.field.name, type_text(one.field)) for one in fields.static] == [
        ("Source", "Text(500)"),
        ("RUN_AT", "DateTime"),
        ("NOTE", "LongText"),
        ("SIZE", "Long"),
    ]
    assert [one.varies_by_run for one in fields.static] == [False, True, False, False]
    assert fields.typed_fields == {"size"}


def test_a_static_field_is_no_column() -> None:
    """In any case; a column that is not sent does not count."""
    static = {"N": parse_template("x")}
    with pytest.raises(DestinationError, match=r'names N, the field of column n: .*field_mapping: \{"n": null\}'):
        fields_of({"n": TEXT}, static_fields=static)
    assert fields_of({"n": TEXT}, static_fields=static, field_mapping={"n": None}).static

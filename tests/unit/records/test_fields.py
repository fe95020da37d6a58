"""Fields are derived from JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.errors import DestinationError
from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.fields import FieldDefinition, StreamFields, derive_stream_fields

TYPES: dict[str, tuple[Any, str, Conversion]] = {
    "string": ({"type": "string"}, "Text(500)", Conversion.STRING),
    "maxLength": ({"type": "string", "maxLength": 7}, "Text(7)", Conversion.STRING),
    "maxLength 4000": ({"type": "string", "maxLength": 4000}, "Text(4000)", Conversion.STRING),
    "maxLength 4001": ({"type": "string", "maxLength": 4001}, "LongText", Conversion.STRING),
    "integer": ({"type": "integer"}, "Long", Conversion.LONG),
    "number": ({"type": "number"}, "Float", Conversion.FLOAT),
    "whole number": ({"type": ["null", "number"], "multipleOf": 1.0}, "Long", Conversion.LONG),
    "scale 0": ({"type": "number", "scale": 0}, "Long", Conversion.LONG),
    "numeric(18,0)": ({"type": "number", "multipleOf": 1, "exclusiveMaximum": 10**18}, "Long", Conversion.LONG),
    "numeric(20,0)": (
        {"type": ["null", "number"], "multipleOf": 1, "exclusiveMinimum": -(10**20), "exclusiveMaximum": 10**20},
        "Text(21)",
        Conversion.TEXT,
    ),
    "numeric(38,10)": ({"type": "number", "multipleOf": 1e-10, "maximum": 10**28}, "Float", Conversion.FLOAT),
    "boolean": ({"type": "boolean"}, "Boolean", Conversion.BOOLEAN),
    "date-time": ({"type": "string", "format": "date-time"}, "DateTime", Conversion.DATE_TIME),
    "date": ({"type": "string", "format": "date"}, "Date", Conversion.DATE),
    "time": ({"type": "string", "format": "time"}, "Text(500)", Conversion.STRING),
    "other format": ({"type": "string", "format": "email"}, "Text(500)", Conversion.STRING),
    "object": ({"type": "object"}, "Json", Conversion.JSON),
    "array": ({"type": "array", "items": {"type": "integer"}}, "Json", Conversion.JSON),
    "object or array": ({"type": ["array", "object", "null"]}, "Json", Conversion.JSON),
    "properties without type": ({"properties": {}}, "Json", Conversion.JSON),
    "null first": ({"type": ["null", "integer"]}, "Long", Conversion.LONG),
    "null last": ({"type": ["string", "null"], "maxLength": 3}, "Text(3)", Conversion.STRING),
    "anyOf": ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, "Boolean", Conversion.BOOLEAN),
    "oneOf": ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "Long", Conversion.LONG),
    "nested anyOf": ({"anyOf": [{"oneOf": [{"type": "number"}]}, {"type": "null"}]}, "Float", Conversion.FLOAT),
    "allOf": ({"allOf": [{"type": "string"}, {"maxLength": 9}]}, "Text(9)", Conversion.STRING),
    "integer or number": ({"type": ["integer", "number"]}, "Float", Conversion.FLOAT),
    "date or date-time": (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]},
        "DateTime",
        Conversion.DATE_TIME,
    ),
    "date-time or text": (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]},
        "Text(500)",
        Conversion.STRING,
    ),
    "longest of two": (
        {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 8}]},
        "Text(8)",
        Conversion.STRING,
    ),
    "integer or text": ({"type": ["integer", "string"]}, "Text(500)", Conversion.TEXT),
    "boolean or integer": ({"type": ["boolean", "integer"]}, "Text(500)", Conversion.TEXT),
    "object or text": ({"type": ["object", "string"]}, "LongText", Conversion.TEXT),
    "anything": ({}, "LongText", Conversion.TEXT),
    "true": (True, "LongText", Conversion.TEXT),
    "null only": ({"type": "null"}, "Text(500)", Conversion.STRING),
    "enum": ({"enum": ["a", "b", None]}, "Text(500)", Conversion.STRING),
    "enum of integers": ({"enum": [1, 2]}, "Long", Conversion.LONG),
    "const": ({"const": True}, "Boolean", Conversion.BOOLEAN),
    "reference": ({"$ref": "#/definitions/n"}, "Long", Conversion.LONG),
    "unknown reference": ({"$ref": "#/definitions/none"}, "LongText", Conversion.TEXT),
    "remote reference": ({"$ref": "https://example.com/x"}, "LongText", Conversion.TEXT),
    "endless reference": ({"$ref": "#/definitions/loop"}, "LongText", Conversion.TEXT),
}


def fields_of(properties: dict[str, Any], keys: tuple[str, ...] = ("key",), **settings: Any) -> StreamFields:
    """Return the fields of a schema with a key and the given properties."""
    definitions = {"n": {"type": "integer"}, "loop": {"$ref": "#/definitions/loop"}}
    described = {"properties": {"key": {"type": "string"}, **properties}, "definitions": definitions}
    return derive_stream_fields("people", described, keys, **settings)


def type_text(field: FieldDefinition) -> str:
    """Return a field's type and length as text."""
    return f"{field.data_type.value}({field.length})" if field.length is not None else field.data_type.value


@pytest.mark.parametrize(("described", "field", "conversion"), TYPES.values(), ids=TYPES)
def test_types(described: Any, field: str, conversion: Conversion) -> None:
    """A property gets the narrowest field type that can hold all of its values, and the conversion to it."""
    column = fields_of({"column": described}).columns[1]
    assert (type_text(column.field), column.conversion) == (field, conversion)


@pytest.mark.parametrize(
    ("length", "expected"), [(1, "Text(1)"), (4000, "Text(4000)"), (0, "LongText"), (4001, "LongText")], ids=str
)
def test_text_length(length: int, expected: str) -> None:
    """Text without `maxLength` gets the length that is set. 0 or more than 4000 means LongText, except for keys."""
    columns = fields_of({"a": {"type": "string"}, "b": {"type": "string", "maxLength": 9}}, text_field_length=length)
    key = expected if expected != "LongText" else "Text(500)"
    assert [type_text(column.field) for column in columns.columns] == [key, expected, "Text(9)"]


def test_request_bodies() -> None:
    """The body has the name, the type and, only for Text, the length."""
    assert FieldDefinition("A", FieldType.TEXT, 9).to_request_body() == {
        "name": "A",
        "data_type": "Text",
        "length": 9,
        "allow_null": True,
    }
    assert "length" not in FieldDefinition("A", FieldType.LONG).to_request_body()


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
    ("existing", "expected"),
    [
        (FieldType.TEXT, Conversion.TEXT),
        (FieldType.LONG_TEXT, Conversion.TEXT),
        (FieldType.LONG, Conversion.LONG),
        (FieldType.NUMERIC, Conversion.LONG),
        (FieldType.UNKNOWN, Conversion.LONG),
    ],
    ids=lambda value: value.value,
)
def test_existing_fields_keep_their_name_and_type(existing: FieldType, expected: Conversion) -> None:
    """The List's spelling and type are used: a number is sent as text to a Text field."""
    column = fields_of({"n": {"type": "integer"}}).columns[1]
    stored = column.map_to_existing_field(FieldDefinition("n_Spelt", existing))
    assert (stored.field.name, stored.conversion) == ("n_Spelt", expected)


EXISTING: dict[str, tuple[dict[str, Any], FieldType, bool, Conversion]] = {
    "text to Long": ({"type": "string"}, FieldType.LONG, False, Conversion.TEXT_TO_LONG),
    "text to Float": ({"type": "string"}, FieldType.FLOAT, False, Conversion.TEXT_TO_FLOAT),
    "text to Boolean": ({"type": "string"}, FieldType.BOOLEAN, False, Conversion.TEXT_TO_BOOLEAN),
    "text to Date": ({"type": "string"}, FieldType.DATE, False, Conversion.DATE),
    "number to Json": ({"type": "number"}, FieldType.JSON, False, Conversion.JSON),
    "number to Float": ({"type": "number"}, FieldType.FLOAT, False, Conversion.FLOAT),
    "number as key to Float": ({"type": "number"}, FieldType.FLOAT, True, Conversion.FLOAT_KEY),
    "integer as key to Float": ({"type": "integer"}, FieldType.FLOAT, True, Conversion.FLOAT_KEY),
    "number as key to Long": ({"type": "number"}, FieldType.LONG, True, Conversion.TEXT_TO_LONG),
    "boolean to Float": ({"type": "boolean"}, FieldType.FLOAT, False, Conversion.FLAG),
    "date-time to Date": ({"type": "string", "format": "date-time"}, FieldType.DATE, False, Conversion.DATE),
}


@pytest.mark.parametrize(("described", "existing", "key", "expected"), EXISTING.values(), ids=EXISTING)
def test_conversions_to_fields_of_another_type(
    described: dict[str, Any],
    existing: FieldType,
    key: bool,  # noqa: FBT001 - a case
    expected: Conversion,
) -> None:
    """A value is converted to the type of the existing field. A key never loses digits."""
    keys = ("n",) if key else ("key",)
    column = fields_of({"n": described}, keys).columns[1].map_to_existing_field(FieldDefinition("N", existing))
    assert column.conversion is expected


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


_KINDS = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
_SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.builds(lambda kind: {"type": kind}, st.one_of(_KINDS, st.lists(_KINDS, min_size=1))),
        st.builds(lambda length: {"type": "string", "maxLength": length}, st.integers(0, 9000)),
        st.builds(lambda name: {"type": "string", "format": name}, st.sampled_from(["date", "time", "date-time", "x"])),
        st.dictionaries(st.sampled_from(["type", "format", "anyOf", "enum", "$ref"]), st.none(), max_size=2),
    ),
    lambda inner: st.builds(
        lambda key, parts: {key: parts}, st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(inner, max_size=3)
    ),
    max_leaves=6,
)


@given(_SCHEMAS)
def test_every_schema_becomes_a_field(described: Any) -> None:
    """Every property becomes a field, whatever its schema. Text has a length that Selligent accepts."""
    field = fields_of({"column": described}).columns[1].field
    assert (field.data_type is FieldType.TEXT) == (field.length is not None)
    assert field.length is None or 1 <= field.length <= 4000

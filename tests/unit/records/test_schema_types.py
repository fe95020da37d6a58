"""Which field a JSON Schema becomes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.schema_types import derive_field
from tests.unit.fields import type_text

ROOT: dict[str, Any] = {"definitions": {"n": {"type": "integer"}, "loop": {"$ref": "#/definitions/loop"}}}
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


@pytest.mark.parametrize(("described", "field", "conversion"), TYPES.values(), ids=TYPES)
def test_types(described: Any, field: str, conversion: Conversion) -> None:
    """A property gets the narrowest field type that can hold all of its values, and the conversion to it."""
    derived, derived_conversion = derive_field(described, ROOT, 500)
    assert (type_text(derived), derived_conversion) == (field, conversion)


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
    field, _ = derive_field(described, ROOT, 500)
    assert (field.data_type is FieldType.TEXT) == (field.length is not None)
    assert field.length is None or 1 <= field.length <= 4000

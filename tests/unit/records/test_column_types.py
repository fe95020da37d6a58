"""Types are derived from schemas if they accept exactly what the schema allows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from target_selligent.records.column_types import TYPES, derive_types, restricts_columns_only


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "string"}, ["string"]),
        ({"type": ["integer", "null"]}, ["integer", "null"]),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, ["string", "null"]),
        ({"type": "string", "title": "T", "default": 5}, ["string"]),
    ],
    ids=str,
)
def test_types(schema: dict[str, Any], names: list[str]) -> None:
    """A schema without further rules has the plain type of each of its names."""
    assert derive_types(schema) == {name: TYPES[name] for name in names}


@pytest.mark.parametrize(
    ("schema", "name", "accepted", "refused"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 2}, "string", ["a", "ab"], ["", "abc"]),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 3}, "integer", [1, 2], [0, 3, 1.5]),
        ({"type": "number", "multipleOf": 0.5}, "number", [1, -7], [1.5]),
    ],
    ids=str,
)
def test_restricted_types(schema: dict[str, Any], name: str, accepted: list[Any], refused: list[Any]) -> None:
    """A type has the bounds of its schema. Of restricted numbers, it accepts only integers."""
    types = derive_types(schema)
    assert types is not None
    for value in accepted:
        assert msgspec.convert(value, types[name]) == value
    for value in refused:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, types[name])


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"type": []},
        {"type": "string", "pattern": "^a$"},
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        {"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 1}]},
        {"anyOf": [{"type": "string"}], "maxLength": 1},
        {"$ref": "#/$defs/x"},
    ],
    ids=str,
)
def test_schemas_that_types_cannot_express(schema: Any) -> None:
    """There are no types if they would accept too much, or if a value could fit two alternatives."""
    assert derive_types(schema) is None


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"a": {"minLength": 1}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": ["null", "object"]}, True),
        ({"type": "array"}, False),
        ({"minProperties": 1}, False),
        ({"properties": {"a": {"$ref": "#/$defs/x"}}}, True),
        ({"properties": {"a": {"$ref": "#/properties/b"}}}, False),
        ({"properties": {"a": {"$id": "https://example.com"}}}, False),
    ],
    ids=str,
)
def test_schemas_that_restrict_columns_only(schema: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """A rule for the whole record, or a reference to another column, is more than a restriction of columns."""
    assert restricts_columns_only(schema) is expected

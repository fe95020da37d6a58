"""Validation: the SDK's verdict on every record, but for the differences that are listed here; never a value."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_selligent.errors import InputError
from target_selligent.validation import RecordValidator

SECRETIVE = "alice.private@example.com"


def both(schema: dict[str, Any], record: Any) -> tuple[bool, bool]:
    """Return our verdict and that of the validator the SDK uses."""
    ours = RecordValidator("people", schema).is_valid(record)
    return ours, jsonschema.Draft202012Validator(schema).is_valid(record)


_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False, width=32)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text("aä\U0001f600 1", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
_KINDS = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
_LEAVES = st.one_of(
    st.builds(lambda kind: {"type": kind}, _KINDS | st.lists(_KINDS, min_size=1, unique=True)),
    st.builds(lambda least, most: {"minLength": least, "maxLength": most}, st.integers(0, 3), st.integers(0, 4)),
    st.builds(lambda least, most: {"minimum": least, "exclusiveMaximum": most}, st.integers(-9, 9), st.integers(-9, 9)),
    st.builds(lambda values: {"enum": values}, st.lists(_VALUES, min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, _VALUES),
    st.builds(lambda name: {"format": name}, st.sampled_from(["date", "date-time", "email", "uuid"])),
    st.builds(lambda least: {"minItems": least, "uniqueItems": True}, st.integers(0, 2)),
    st.booleans(),
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda key, parts: {key: parts},
            st.sampled_from(["anyOf", "oneOf", "allOf"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda part: {"items": part}, inner),
        st.builds(
            lambda parts, needed, more: {"properties": parts, "required": needed, "additionalProperties": more},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            st.lists(st.sampled_from("abc"), unique=True),
            st.booleans(),
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(_SCHEMAS, _VALUES)
def test_the_verdict_is_that_of_the_sdk(described: Any, value: Any) -> None:
    """A record is valid if and only if the SDK's own validator says so."""
    schema = {"type": "object", "properties": {"value": described}}
    ours, theirs = both(schema, {"value": value})
    assert ours == theirs


@pytest.mark.parametrize(
    ("described", "value", "ours"),
    [
        ({"multipleOf": 0.01}, 19.99, True),
        ({"type": "string", "pattern": "^\\d$"}, "٣", False),
        ({"type": "number", "minimum": 0}, float("nan"), False),
    ],
    ids=["multipleOf of floats", "digits as ECMA reads them", "NaN"],
)
def test_known_differences(described: dict[str, Any], value: Any, ours: bool) -> None:  # noqa: FBT001 - a case
    """Here the two differ, on purpose: each of these records is either harmless or refused by the row mapper."""
    schema = {"type": "object", "properties": {"value": described}}
    assert both(schema, {"value": value}) == (ours, not ours)


@pytest.mark.parametrize(
    ("described", "value", "field", "rule"),
    [
        ({"type": "integer"}, SECRETIVE, "value", "integer"),
        ({"maxLength": 3}, SECRETIVE, "value", "3"),
        ({"enum": ["x"]}, SECRETIVE, "value", "x"),
        ({"pattern": "^x$"}, SECRETIVE, "value", "^x$"),
        ({"items": {"type": "integer"}}, [1, SECRETIVE], "value.1", "integer"),
        ({"properties": {"a": {"type": "null"}}}, {"a": SECRETIVE}, "value.a", "null"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": SECRETIVE}, "value", "dditional"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, SECRETIVE, "value", "anyOf"),
    ],
    ids=str,
)
def test_violations_name_the_rule_and_not_the_value(
    described: dict[str, Any], value: Any, field: str, rule: str
) -> None:
    """What is wrong is named by its place and the rule; a record's values never are."""
    schema = {"type": "object", "properties": {"value": described}}
    rejection = RecordValidator("people", schema).find_violation({"value": value})
    assert (rejection.field, rejection.code) == (field, "schema")
    assert rule in rejection.reason
    assert SECRETIVE not in rejection.reason


def test_a_missing_column_is_named() -> None:
    """A required column that is not there is named."""
    validator = RecordValidator("people", {"type": "object", "required": ["name_of"]})
    assert not validator.is_valid({})
    assert "name_of" in validator.find_violation({}).reason


@pytest.mark.parametrize(
    "described",
    [{"type": "nonsense"}, {"maxLength": "x"}, {"required": "a"}, {"properties": {"a": {"enum": 5}}}],
    ids=str,
)
def test_an_impossible_schema_is_refused(described: dict[str, Any]) -> None:
    """A schema that is no JSON Schema is a fault of the tap and is named as that."""
    with pytest.raises(InputError, match="stream people is not a valid JSON Schema"):
        RecordValidator("people", described)


@pytest.mark.parametrize("pattern", [r"^(?P<year>\d{4})$", r"^(?a:\w+)$"])
def test_patterns_of_python_fall_back(pattern: str) -> None:
    """A pattern that only Python can read is read by Python, and its violations still hold no value."""
    validator = RecordValidator("people", {"properties": {"a": {"pattern": pattern}}})
    assert validator.is_valid({"a": "2026"})
    assert not validator.is_valid({"a": SECRETIVE})
    rejection = validator.find_violation({"a": SECRETIVE})
    assert (rejection.field, SECRETIVE in rejection.reason) == ("a", False)


def test_formats_are_not_checked() -> None:
    """As in the SDK, a format is no rule: what the field needs is seen when the row is made."""
    assert RecordValidator("people", {"properties": {"a": {"format": "date"}}}).is_valid({"a": "x"})


def test_an_older_draft_is_read_as_the_sdk_reads_it() -> None:
    """Whatever draft a schema names, the rules are those of 2020-12, as in the SDK."""
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"type": "integer"}}}
    validator = RecordValidator("people", schema)
    assert validator.is_valid({"a": 1.0})
    assert not validator.is_valid({"a": "x"})

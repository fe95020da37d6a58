"""The validator agrees with the SDK's, except for the differences listed here. Messages never contain a value."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_selligent.errors import InputError
from target_selligent.records.validation import RecordValidator

PRIVATE_VALUE = "alice.private@example.com"


def accept_both(schema: dict[str, Any], record: Any) -> tuple[bool, bool]:
    """Return whether our validator accepts the record, and whether the SDK's does."""
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
def test_records_are_valid_if_the_sdk_accepts_them(described: Any, value: Any) -> None:
    """A record is valid if and only if the SDK's own validator accepts it."""
    schema = {"type": "object", "properties": {"value": described}}
    ours, theirs = accept_both(schema, {"value": value})
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
    """The two validators differ here. Each of these records is harmless, or the row mapper rejects it."""
    schema = {"type": "object", "properties": {"value": described}}
    assert accept_both(schema, {"value": value}) == (ours, not ours)


@pytest.mark.parametrize(
    ("described", "value", "field", "rule"),
    [
        ({"type": "integer"}, PRIVATE_VALUE, "value", "integer"),
        ({"maxLength": 3}, PRIVATE_VALUE, "value", "3"),
        ({"enum": ["x"]}, PRIVATE_VALUE, "value", "x"),
        ({"pattern": "^x$"}, PRIVATE_VALUE, "value", "^x$"),
        ({"items": {"type": "integer"}}, [1, PRIVATE_VALUE], "value.1", "integer"),
        ({"properties": {"a": {"type": "null"}}}, {"a": PRIVATE_VALUE}, "value.a", "null"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": PRIVATE_VALUE}, "value", "dditional"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, PRIVATE_VALUE, "value", "anyOf"),
    ],
    ids=str,
)
def test_violations_name_the_rule_and_not_the_value(
    described: dict[str, Any], value: Any, field: str, rule: str
) -> None:
    """The message names the place and the rule, and never contains a value of the record."""
    schema = {"type": "object", "properties": {"value": described}}
    rejection = RecordValidator("people", schema).find_violation({"value": value})
    assert (rejection.field, rejection.code) == (field, "schema")
    assert rule in rejection.reason
    assert PRIVATE_VALUE not in rejection.reason


def test_a_missing_column_is_named() -> None:
    """The message names a missing required column."""
    validator = RecordValidator("people", {"type": "object", "required": ["name_of"]})
    assert not validator.is_valid({})
    assert "name_of" in validator.find_violation({}).reason


@pytest.mark.parametrize(
    "described",
    [{"type": "nonsense"}, {"maxLength": "x"}, {"required": "a"}, {"properties": {"a": {"enum": 5}}}],
    ids=str,
)
def test_an_invalid_schema_is_an_input_error(described: dict[str, Any]) -> None:
    """A schema that is not a valid JSON Schema is an error of the tap, and the message says so."""
    with pytest.raises(InputError, match="stream people is not a valid JSON Schema"):
        RecordValidator("people", described)


@pytest.mark.parametrize("pattern", [r"^(?P<year>\d{4})$", r"^(?a:\w+)$"])
def test_patterns_that_only_python_reads(pattern: str) -> None:
    """`jsonschema` checks a pattern that `jsonschema-rs` cannot read. The message still contains no value."""
    validator = RecordValidator("people", {"properties": {"a": {"pattern": pattern}}})
    assert validator.is_valid({"a": "2026"})
    assert not validator.is_valid({"a": PRIVATE_VALUE})
    rejection = validator.find_violation({"a": PRIVATE_VALUE})
    assert (rejection.field, PRIVATE_VALUE in rejection.reason) == ("a", False)


def test_formats_are_not_checked() -> None:
    """As in the SDK, formats are not checked. Later, the row mapper checks what the field needs."""
    assert RecordValidator("people", {"properties": {"a": {"format": "date"}}}).is_valid({"a": "x"})


def test_an_older_draft_is_read_as_the_sdk_reads_it() -> None:
    """The rules are those of draft 2020-12, whatever draft the schema names, as in the SDK."""
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"type": "integer"}}}
    validator = RecordValidator("people", schema)
    assert validator.is_valid({"a": 1.0})
    assert not validator.is_valid({"a": "x"})

"""What a setting is: what its values may be, and how the SDK sees it."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.settings.definition import SettingDefinition
from target_selligent.settings.table import DEFINITIONS


def define(kind: Any, **rules: Any) -> SettingDefinition:
    """Return a setting of some kind."""
    return SettingDefinition("size", kind, "Size", "How large.", **rules)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("list_data_import_option", "Upsert", "InsertAndUpdate, OnlyInsert, OnlyUpdate"),
        ("segment_data_import_option", "Append", "(did you mean append?)"),
        ("deduplication", "", "ImportLastMatch, ImportFirstMatch"),
        ("error_handling", 1, "must be text"),
        ("mode", "sync", "(did you mean Sync?)"),
        ("create_list_if_not_exists", "true", "true or false"),
        ("skip_invalid_records", 1, "true or false"),
        ("batch_size_rows", 0, "at least 1"),
        ("batch_size_rows", True, "a whole number"),
        ("batch_size_rows", 2.5, "a whole number"),
        ("text_field_length", -1, "at least 0"),
        ("max_request_bytes", 10, "at least 1000"),
        ("key_fields", 5, "names"),
        ("key_fields", ["a", 5], "names"),
        ("field_mapping", "a", "an object"),
        ("streams", {"s": 5}, "object"),
        ("request_timeout_seconds", 10**12, "at most 3600"),
        ("busy_timeout_seconds", 10**12, "at most 86400"),
        ("batch_max_age_seconds", 10**400, "at most 86400"),
        ("segment_batch_max_age_seconds", 10**400, "at most 86400"),
        ("batch_size_rows", 10**12, "at most"),
        ("segment_batch_size_rows", 10**12, "at most"),
        ("max_request_bytes", 10**12, "at most"),
        ("max_parallel_requests_per_list", 65, "at most 64"),
        ("requests_per_minute", 10**12, "at most"),
    ],
    ids=str,
)
def test_wrong_values(setting: str, value: object, words: str) -> None:
    """A value of the wrong type, outside of the limits or not among the options is described by what it should be."""
    problem = DEFINITIONS[setting].find_problem(value)
    assert problem is not None
    assert problem.startswith(setting)
    assert words in problem


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "x"),
        ("integer", 0),
        ("boolean", False),
        ("object", {}),
        ("values", {"A": None, "B": 1.5, "C": "x", "D": True}),
        ("names", "a,b"),
        ("names", ["a"]),
        ("limit", 5),
        ("limit", "5%"),
        ("streams", {"s": {}}),
    ],
    ids=str,
)
def test_good_values(kind: str, value: object) -> None:
    """A value of the kind has no problem."""
    assert define(kind).find_problem(value) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [("values", {"A": ["x"]}), ("values", "x"), ("limit", True), ("limit", 1.5), ("streams", [])],
    ids=str,
)
def test_values_of_other_kinds(kind: str, value: object) -> None:
    """A value of another kind has a problem: true is no number, and an array is no value of a field."""
    assert define(kind).find_problem(value) is not None


def test_limits_belong_to_the_range() -> None:
    """The smallest and the largest integer are allowed."""
    size = define("integer", minimum=2, maximum=4)
    assert [number for number in range(7) if size.find_problem(number) is None] == [2, 3, 4]


def test_a_required_text_is_not_blank() -> None:
    """A text that may be left out may be blank."""
    assert define("string", required=True).find_problem(" ") == "size must not be blank"
    assert define("string").find_problem(" ") is None


def test_a_setting_that_is_not_required_accepts_null() -> None:
    """Its schema has null among the types and options; that of a required setting has not."""
    optional = define("string", options=("a", "b")).to_json_schema()
    assert (optional["type"], optional["enum"]) == (["string", "null"], ["a", "b", None])
    required = define("string", options=("a", "b"), required=True).to_json_schema()
    assert (required["type"], required["enum"]) == (["string"], ["a", "b"])


def test_the_schema_has_limits_and_default() -> None:
    """A default of 0 or false is a default too."""
    schema = define("integer", minimum=0, maximum=9, default=0).to_json_schema()
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (0, 9, 0)
    assert not {"minimum", "maximum", "default", "enum", "secret"} & define("integer").to_json_schema().keys()


def test_a_secret_is_marked() -> None:
    """The SDK hides settings with these marks."""
    schema = define("string", secret=True).to_json_schema()
    assert (schema["secret"], schema["writeOnly"]) == (True, True)

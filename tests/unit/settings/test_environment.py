"""Settings in environment variables: their names, their types, and that no error repeats a value."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings.environment import read_environment
from target_selligent.settings.table import create_config_schema

NULLABLE_INTEGER = {"type": ["integer", "null"]}


def read(text: str, schema: dict[str, Any]) -> object:
    """Return what a variable with some text says of a setting with some schema."""
    return read_environment({"TARGET_SELLIGENT_SIZE": text}, {"size": schema})["size"]


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        (" Yes ", "boolean", True),
        ("0", ["boolean", "null"], False),
        ("12", ["integer", "null"], 12),
        ("12", ["string", "integer", "null"], "12"),
        ('{"a": [null]}', "object", {"a": [None]}),
        ("a,b", ["string", "array"], "a,b"),
        (" x ", "string", " x "),
    ],
    ids=str,
)
def test_text_becomes_a_value_of_the_type(text: str, types: object, value: object) -> None:
    """A number, a Boolean and an object are parsed; text is unchanged if the setting accepts text."""
    found = read(text, {"type": types})
    assert (found, type(found)) == (value, type(value))


def test_a_schema_without_type_is_text() -> None:
    """Some settings of the SDK have no type."""
    assert read("12", {}) == "12"


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_a_blank_variable_is_ignored(text: str) -> None:
    """It is as if the variable did not exist."""
    assert read_environment({"TARGET_SELLIGENT_SIZE": text}, {"size": NULLABLE_INTEGER}) == {}


def test_other_variables_are_ignored() -> None:
    """The prefix and the name in upper case decide."""
    others = {"SIZE": "1", "TARGET_SELLIGENT_size": "2", "TARGET_SELLIGENT_OTHER": "3", "TAP_SIZE": "4"}
    assert read_environment(others, {"size": NULLABLE_INTEGER}) == {}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("boolean", "true or false"),
        ("integer", "a whole number"),
        ("object", "a JSON object"),
        ("array", "a JSON array"),
    ],
)
def test_a_wrong_text_is_named_without_its_value(kind: str, expected: str) -> None:
    """The error names the variable and the form that it must have."""
    with pytest.raises(SettingsError) as caught:
        read("[hidden", {"type": [kind, "null"]})
    assert caught.value.problems == [f"environment variable TARGET_SELLIGENT_SIZE must be {expected}"]


def test_all_wrong_texts_are_named() -> None:
    """One run shows all of them."""
    variables = {"TARGET_SELLIGENT_SIZE": "x", "TARGET_SELLIGENT_FLAG": "y", "TARGET_SELLIGENT_NAME": "z"}
    properties: dict[str, dict[str, Any]] = {
        "size": NULLABLE_INTEGER,
        "flag": {"type": "boolean"},
        "name": {"type": "string"},
    }
    with pytest.raises(SettingsError) as caught:
        read_environment(variables, properties)
    assert [problem.split()[2] for problem in caught.value.problems] == [
        "TARGET_SELLIGENT_SIZE",
        "TARGET_SELLIGENT_FLAG",
    ]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("create_list_if_not_exists", "TRUE", True),
        ("create_list_if_not_exists", " off ", False),
        ("batch_size_rows", "10", 10),
        ("field_mapping", '{"a": null}', {"a": None}),
        ("streams", '{"s": {"list_api_name": "x"}}', {"s": {"list_api_name": "x"}}),
        ("key_fields", "A,B", "A,B"),
        ("max_rejects", "5%", "5%"),
        ("api_secret", "12345", "12345"),
    ],
    ids=str,
)
def test_values_from_the_environment(name: str, text: str, wanted: object) -> None:
    """Text from the environment becomes a value of its setting's kind; secrets of digits stay text."""
    properties = create_config_schema()["properties"]
    assert read_environment({f"TARGET_SELLIGENT_{name.upper()}": text}, properties) == {name: wanted}


def test_blank_variables_are_left_out() -> None:
    """A blank variable is as good as none."""
    assert read_environment({"TARGET_SELLIGENT_MODE": " "}, create_config_schema()["properties"]) == {}


def test_wrong_variables_are_all_named_without_their_values() -> None:
    """Every variable whose text is not of its kind is named, its text is not."""
    variables = {"TARGET_SELLIGENT_BATCH_SIZE_ROWS": "hidden", "TARGET_SELLIGENT_FIELD_MAPPING": "{hidden"}
    with pytest.raises(SettingsError) as caught:
        read_environment(variables, create_config_schema()["properties"])
    assert len(caught.value.problems) == 2
    assert "hidden" not in str(caught.value)

"""Values: which ones each field type accepts."""

from typing import Any

import pytest

from tests.emulator.support import COLUMNS, ApiClient, counts

GOOD: dict[str, list[Any]] = {
    "CID": ["", "x" * 20, "é😀" * 6, "a\u0000b", " a "],
    "FLAG": [True, False, None],
    "SMALL": [0, 2**31 - 1, -(2**31)],
    "BIG": [0, 2**63 - 1, -(2**63), 2**53 + 1],
    "PRICE": [0, 0.1, -1e300, 1.7976931348623157e308, -1.7e308, 10**308, 5e-324, 12345678901234567],
    "DAY": ["2024-02-29", "0001-01-01", "9999-12-31"],
    "MOMENT": [
        "2018-03-27T11:57:20.1179032Z",
        "2018-03-27T11:57:20Z",
        "2018-03-27T11:57:20+02:00",
        "2018-03-27T11:57:20",
        "0001-01-01T00:00:00Z",
    ],
    "NOTE": ["", "x" * 5000],
    "DOC": ['{"a": [1, null]}', "[]", "1"],
    "MUST": [None, ""],
}


BAD: dict[str, list[Any]] = {
    "CID": [1, 1.5, True, ["a"], {"a": 1}, "x" * 21, "😀" * 11],
    "FLAG": ["true", 2, 0.0, ""],
    "SMALL": [2**31, -(2**31) - 1, 1.0, "1", True],
    "BIG": [2**63, 10**30, 1.5, "1", False],
    "PRICE": ["1.5", True, 10**309, 10**400],
    "DAY": ["2023-02-29", "20240229", "29.02.2024", "", 20240229],
    "MOMENT": ["2024-02-29", "2018-03-27T25:00:00Z", "2018-03-27T11:57:20.12345678Z", "now", 1522151840, ""],
    "NOTE": [1, ["a"]],
    "DOC": ["{", "", {"a": 1}, [1], "NaN"],
    "MUST": [5, "123456"],
}


def _cases(values: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, value, id=f"{name}-{ascii(value)[:30]}") for name in values for value in values[name]]


@pytest.mark.parametrize(("column", "value"), _cases(GOOD))
def test_a_valid_value_is_stored_unchanged(api: ApiClient, column: str, value: Any) -> None:
    """A value that a field's type accepts is stored and returned exactly."""
    api.create_list(columns=tuple(COLUMNS))
    if column == "CID":
        assert counts(api.load("CID", [[value]])) == {"inserted": 1}
    else:
        assert counts(api.load(f"CID,{column}", [["k", value]])) == {"inserted": 1}
    (found,) = api.rows(column)
    assert found == [value]
    assert type(found[0]) is type(value)


@pytest.mark.parametrize(("column", "value"), _cases(BAD))
def test_a_value_of_another_type_is_refused(api: ApiClient, column: str, value: Any) -> None:
    """A value that a field's type does not accept makes its row invalid, and the response names the field."""
    api.create_list(columns=tuple(COLUMNS))
    fields, row = ("CID", [value]) if column == "CID" else (f"CID,{column}", ["k", value])
    answer = api.load(fields, [row])
    assert counts(answer) == {"failed": 1}
    assert answer["invalid_records"][0]["field_name"] == column
    assert api.rows("CID") == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024-02-29T10:00:00Z", "2024-02-29"),
        ("2024-02-29T00:00:00", "2024-02-29"),
        ("2024-02-29 23:30:00-05:00", "2024-03-01"),
        ("2024-02-29T23:59:59.9999999Z", "2024-02-29"),
        ("2024-02-29T10:00", "2024-02-29"),
    ],
)
def test_a_date_is_stored_without_time(api: ApiClient, given: str, kept: str) -> None:
    """A Date field stores the day in UTC. A search finds it by the day, and by the value with a time."""
    api.create_list(columns=("CID", "DAY"))
    api.load("CID,DAY", [["a", given]])
    assert api.rows("DAY") == [[kept]]
    for value in (given, kept):
        assert api.rows("CID", filters=[{"field_name": "DAY", "operator": "EqualTo", "field_value": value}]) == [["a"]]


def test_a_zero_or_one_is_a_boolean(contacts: ApiClient) -> None:
    """A Boolean field accepts 0 and 1, and returns false and true."""
    contacts.load("CID,FLAG", [["a", 0], ["b", 1]])
    assert contacts.rows("FLAG") == [[False], [True]]


@pytest.mark.parametrize(
    ("content", "value", "accepted"),
    [("Single", "red", True), ("Single", "blue", False), ("Multi", "red,green", True), ("Multi", "red,blue", False)],
)
def test_an_option_field_accepts_codes_only(api: ApiClient, content: str, value: str, accepted: bool) -> None:  # noqa: FBT001 - a case
    """A field with an option list accepts the codes of that List. If the List does not exist, it accepts all values."""
    field = {"name": "COLOUR", "data_type": "Text", "length": 50, "content": content, "optionlist": "colours"}
    api.create_list()
    api.call("POST", "/lists/contacts/fields", json={"fields": [field]})
    assert counts(api.load("CID,COLOUR", [["a", value]])) == {"inserted": 1}
    api.call("POST", "/lists", json={"api_name": "Colours", "name": "c", "type": "Optionlist"})
    query = {"keyFields": "CODE", "fields": "CODE"}
    api.call("POST", "/lists/colours/data/load", params=query, json=[["red"], ["green"]])
    answer = api.load("CID,COLOUR", [["b", value]])
    assert counts(answer) == ({"inserted": 1} if accepted else {"failed": 1})

"""data/search: fields, filters, order, skip and take."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient

ROWS: list[list[Any]] = [
    ["a", True, 1, 10, 1.5, "2024-01-01", "2024-01-01T00:00:00Z", "first", None],
    ["b", False, 2, 20, 2, "2024-01-02", "2024-01-01T02:00:00+01:00", "", None],
    ["c", None, -3, 30, -2.5, None, "2024-01-01T00:30:00.5Z", "50% off", "x"],
    ["d", None, None, None, None, None, None, None, "y"],
]


@pytest.fixture
def filled(api: ApiClient) -> ApiClient:
    """A client with a few records of every type."""
    columns = ("CID", "FLAG", "SMALL", "BIG", "PRICE", "DAY", "MOMENT", "NOTE", "MUST")
    api.create_list(columns=columns)
    api.load(",".join(columns), ROWS)
    return api


def _found(api: ApiClient, *filters: tuple[str, str, str | None], **search: Any) -> str:
    asked = [{"field_name": name, "operator": operator, "field_value": value} for name, operator, value in filters]
    return "".join(cid for (cid,) in api.rows("CID", filters=asked, **search))


def test_fields_are_answered_in_the_lists_spelling(filled: ApiClient) -> None:
    """A search accepts MASTER before a name, and a system name for ID. The response has the List's names."""
    body = {"fields": ["master.cid", "SYSTEM.SELLIGENTID", "big"], "take": 1}
    answer = filled.call("POST", "/lists/contacts/data/search", json=body).json()
    assert answer == {
        "fields": ["CID", "ID", "BIG"],
        "data": [["a", 1, 10]],
        "result_code": "Succeeded",
        "errors": [],
    }


@pytest.mark.parametrize(
    ("name", "operator", "value", "found"),
    [
        ("CID", "EqualTo", "b", "b"),
        ("CID", "EqualTo", "B", ""),
        ("ID", "EqualTo", "3", "c"),
        ("MASTER.BIG", "NotEqualTo", "20", "ac"),
        ("BIG", "GreaterThan", "20", "c"),
        ("BIG", "GreaterThanOrEqualTo", "20", "bc"),
        ("PRICE", "LessThan", "1.5", "c"),
        ("PRICE", "LessThanOrEqualTo", "1.5", "ac"),
        ("PRICE", "EqualTo", "2.0", "b"),
        ("FLAG", "EqualTo", "true", "a"),
        ("FLAG", "EqualTo", "0", "b"),
        ("MOMENT", "GreaterThan", "2024-01-01T00:30:00Z", "bc"),
        ("MOMENT", "EqualTo", "2024-01-01T01:00:00.0000000Z", "b"),
        ("DAY", "EqualTo", "2024-01-02", "b"),
        ("NOTE", "Like", "%ir%", "a"),
        ("NOTE", "Like", "50_ off", "c"),
        ("NOTE", "IsEmpty", None, "b"),
        ("NOTE", "IsNotEmpty", None, "ac"),
        ("NOTE", "IsNull", None, "d"),
        ("NOTE", "IsNotNull", None, "abc"),
    ],
)
def test_a_filter_finds_matching_records(
    filled: ApiClient, name: str, operator: str, value: str | None, found: str
) -> None:
    """Values are compared by their type. Null is neither equal to a value nor different from it."""
    assert _found(filled, (name, operator, value)) == found


def test_all_filters_must_match(filled: ApiClient) -> None:
    """A record is found if it matches all filters."""
    assert _found(filled, ("BIG", "GreaterThan", "10"), ("PRICE", "GreaterThan", "0")) == "b"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({}, "abcd"),
        ({"order_by": "SMALL"}, "dcab"),
        ({"order_by": "MASTER.SMALL", "order_by_direction": "DESC"}, "bacd"),
        ({"order_by": "MOMENT", "order_by_direction": "ASC"}, "dacb"),
        ({"order_by": "ID", "order_by_direction": "DESC"}, "dcba"),
        ({"order_by_direction": "DESC"}, "dcba"),
        ({"skip": 1, "take": 2}, "bc"),
        ({"skip": 1, "take": 2, "order_by": "BIG", "order_by_direction": "DESC"}, "ba"),
        ({"take": 0}, ""),
        ({"skip": 9}, ""),
    ],
    ids=str,
)
def test_records_are_ordered_then_skipped_and_taken(filled: ApiClient, search: dict[str, Any], found: str) -> None:
    """The default order is by record number. Null comes first. skip and take apply after filters and order."""
    assert _found(filled, **search) == found


def test_a_segment_search_finds_members_only(filled: ApiClient) -> None:
    """The search of a Segment finds its members only, with the same filters."""
    filled.create_segment()
    filled.load_segment([["a"], ["b"], ["c"]])
    by_size = [{"field_name": "BIG", "operator": "GreaterThan", "field_value": "10"}]
    assert filled.rows("CID", segment="vip", filters=by_size) == [["b"], ["c"]]
    by_key = [{"field_name": "CID", "operator": "EqualTo", "field_value": "d"}]
    assert filled.rows("CID", segment="vip", filters=by_key) == []
    assert filled.rows("CID", segment="vip", order_by_direction="DESC", skip=1) == [["b"], ["a"]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fields": []},
        {"fields": ["NONE"]},
        {"fields": ["ORDERS.CID"]},
        {"fields": ["CID"], "order_by": "NONE"},
        {"fields": ["CID"], "order_by_direction": "UP"},
        {"fields": ["CID"], "skip": -1},
        {"fields": ["CID"], "take": "1"},
        {"fields": ["CID"], "colour": "red"},
        {"fields": ["CID"], "filters": [{"field_name": "NONE", "operator": "IsNull"}]},
        {"fields": ["CID"], "filters": [{"field_name": "CID", "operator": "Unknown", "field_value": "a"}]},
        {"fields": ["CID"], "filters": [{"field_name": "CID", "operator": "Contains", "field_value": "a"}]},
        {"fields": ["CID"], "filters": [{"field_name": "CID", "operator": "EqualTo"}]},
        {"fields": ["CID"], "filters": [{"field_name": "BIG", "operator": "EqualTo", "field_value": "x"}]},
        {"fields": ["CID"], "filters": [{"field_name": "BIG", "operator": "EqualTo", "field_value": 1}]},
    ],
    ids=str,
)
def test_a_search_that_does_not_fit_is_refused(filled: ApiClient, body: dict[str, Any]) -> None:
    """Unknown fields, scopes and operators, and values of another type, get status 400."""
    assert filled.call("POST", "/lists/contacts/data/search", json=body).status_code == 400

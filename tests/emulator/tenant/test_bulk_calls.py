"""Bulk calls: fields, rows and errors."""

import pytest

from tests.emulator.support import ApiClient, counts


def test_the_first_row_names_the_fields(contacts: ApiClient) -> None:
    """Without the parameter `fields`, the first row is a header, and rows are counted after it."""
    query = {"keyFields": "cid"}
    rows = [["cid", "PRICE"], ["a", 1], ["b", "x"]]
    answer = contacts.call("POST", "/lists/contacts/data/load", params=query, json=rows).json()
    assert counts(answer) == {"inserted": 1, "failed": 1}
    assert answer["invalid_records"][0]["record_index"] == 1


@pytest.mark.parametrize(("rule", "price"), [("ImportLastMatch", 3), ("ImportFirstMatch", 1), (None, 3)])
def test_one_row_for_each_key_is_used(contacts: ApiClient, rule: str | None, price: float) -> None:
    """Of several rows with one key, the first or the last is used, as the call says. The others are duplicates."""
    rows = [["a", 1], ["b", 2], ["a", 3]]
    answer = contacts.load("CID,PRICE", rows, deduplication=rule)
    assert counts(answer) == {"inserted": 2, "duplicate": 1}
    assert sorted(contacts.rows("CID", "PRICE")) == [["a", price], ["b", 2]]


def test_a_call_continues_after_errors(contacts: ApiClient) -> None:
    """By default all valid rows are loaded, and all invalid rows are listed."""
    answer = contacts.load("CID,PRICE", [["a", "x"], ["b", 2], ["c"], [None, 1], ["d" * 21, 1]])
    assert (answer["result_code"], counts(answer)) == ("PartiallySucceeded", {"inserted": 1, "failed": 4})
    found = [(one["record_index"], one["field_name"], one["validation_code"]) for one in answer["invalid_records"]]
    assert found == [
        (0, "PRICE", "InvalidType"),
        (2, None, "InvalidFieldCount"),
        (3, "CID", "InvalidType"),
        (4, "CID", "MaxStringLengthExceeded"),
    ]
    assert all(one["message"] for one in answer["invalid_records"])


def test_a_call_can_stop_at_the_first_error(contacts: ApiClient) -> None:
    """With StopOnError, rows from the invalid one on are not loaded, and count as failed."""
    rows = [["a", 1], ["b", "x"], ["c", 3]]
    answer = contacts.load("CID,PRICE", rows, errorHandling="StopOnError")
    assert (answer["result_code"], counts(answer)) == ("PartiallySucceeded", {"inserted": 1, "failed": 2})
    assert [one["record_index"] for one in answer["invalid_records"]] == [1]
    assert contacts.rows("CID") == [["a"]]


def test_rows_can_be_numbered_from_one(contacts: ApiClient) -> None:
    """The option `record_index_base` is the number of the first row."""
    contacts.options(record_index_base=1)
    assert contacts.load("CID,PRICE", [["a", "x"]])["invalid_records"][0]["record_index"] == 1


def test_messages_are_those_of_the_vendor(contacts: ApiClient) -> None:
    """The messages of invalid records are those in the examples of the API's description."""
    found = contacts.load("CID", [["x" * 53], ["a", "b"]])["invalid_records"]
    assert [one["message"] for one in found] == [
        "Length of string (53) exceeds maximum field length (20)",
        "Record contains incorrect number of fields",
    ]


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ("CID,NONE", {}),
        ("CID,CALC", {}),
        ("CID,cid", {}),
        ("PRICE", {}),
        ("CID,", {}),
        ("CID, PRICE", {}),
        ("CID,ID", {}),
        ("CID", {"keyFields": "NONE"}),
        ("CID", {"keyFields": "CID,"}),
        ("CID", {"keyFields": ""}),
    ],
    ids=["unknown", "computed", "twice", "no key", "empty", "space", "ID", "unknown key", "empty key", "no keyFields"],
)
def test_fields_that_do_not_fit_stop_the_call(contacts: ApiClient, fields: str, query: dict[str, str]) -> None:
    """A call that names a wrong field gets status 400, and nothing is loaded."""
    calc = {"name": "CALC", "data_type": "Long", "content": "ComputedNonPersisted", "value_definition": "[%1%]"}
    contacts.call("POST", "/lists/contacts/fields", json={"fields": [calc]})
    response = contacts.send("/data/load", fields, [["a"] * (fields.count(",") + 1)], **query)
    assert response.status_code == 400
    assert response.json()["errors"]
    assert contacts.rows("CID") == []


def test_the_error_names_the_field(contacts: ApiClient) -> None:
    """An unknown field gets ValidationFailed, and the text names it."""
    body = contacts.send("/data/load", "CID,NONE", [["a", 1]]).json()
    assert body["result_code"] == "ValidationFailed"
    assert "NONE" in body["errors"][0]["description"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'"a"', b"[1]", b'[["a"], {}]', b'[["a"]', b'[["\xff"]]', b'[["\\ud800"]]', b"[[NaN]]", b"[" * 20000],
    ids=lambda body: ascii(body[:12]),
)
def test_a_body_must_be_an_array_of_arrays(contacts: ApiClient, body: bytes) -> None:
    """Any other body gets status 400."""
    query = {"keyFields": "CID", "fields": "CID"}
    headers = {"Content-Type": "application/json"}
    response = contacts.call("POST", "/lists/contacts/data/load", params=query, data=body, headers=headers)
    assert response.status_code == 400
    assert contacts.rows("CID") == []

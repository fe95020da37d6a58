"""data/load, data and the delete of data: fields, options, counters and values."""

from typing import Any

import pytest

from tests.emulator.support import COLUMNS, Api, counts

COLUMN_NAMES = ",".join(COLUMNS)


def test_records_are_inserted_then_updated(contacts: Api) -> None:
    """Records are found again by key: the first load inserts, the second updates only the columns it names."""
    first = contacts.load("CID,PRICE", [["a", 1.5], ["b", 2]])
    second = contacts.load("CID,FLAG", [["b", True], ["c", False]])
    assert (first["result_code"], counts(first)) == ("Succeeded", {"inserted": 2})
    assert (second["result_code"], counts(second)) == ("Succeeded", {"inserted": 1, "updated": 1})
    assert contacts.rows("ID", "CID", "PRICE", "FLAG") == [
        [1, "a", 1.5, None],
        [2, "b", 2, True],
        [3, "c", None, False],
    ]
    assert contacts.call("GET", "/lists/contacts/records").json() == {"count": 3}


def test_the_first_row_names_the_fields(contacts: Api) -> None:
    """Without the parameter, the first row is the header, and rows are counted after it."""
    query = {"keyFields": "cid"}
    rows = [["cid", "PRICE"], ["a", 1], ["b", "x"]]
    answer = contacts.call("POST", "/lists/contacts/data/load", params=query, json=rows).json()
    assert counts(answer) == {"inserted": 1, "failed": 1}
    assert answer["invalid_records"][0]["record_index"] == 1


@pytest.mark.parametrize(
    ("option", "counters", "prices"),
    [
        ("InsertAndUpdate", {"inserted": 1, "updated": 1}, {"a": 9, "b": 9}),
        ("OnlyInsert", {"inserted": 1, "duplicate": 1}, {"a": 1, "b": 9}),
        ("OnlyUpdate", {"updated": 1, "not_found": 1}, {"a": 9}),
    ],
)
def test_the_import_option_decides(
    contacts: Api, option: str, counters: dict[str, int], prices: dict[str, float]
) -> None:
    """Each option does what it says to a key that exists and to one that does not."""
    contacts.load("CID,PRICE", [["a", 1]])
    answer = contacts.load("CID,PRICE", [["a", 9], ["b", 9]], data_import_option=option)
    assert (answer["result_code"], counts(answer)) == ("Succeeded", counters)
    assert dict(map(tuple, contacts.rows("CID", "PRICE"))) == prices


@pytest.mark.parametrize(("rule", "price"), [("ImportLastMatch", 3), ("ImportFirstMatch", 1), (None, 3)])
def test_one_row_per_key_counts_within_a_call(contacts: Api, rule: str | None, price: float) -> None:
    """Of rows with one key the first or the last is taken, as asked; the others are duplicates."""
    rows = [["a", 1], ["b", 2], ["a", 3]]
    answer = contacts.load("CID,PRICE", rows, deduplication=rule)
    assert counts(answer) == {"inserted": 2, "duplicate": 1}
    assert sorted(contacts.rows("CID", "PRICE")) == [["a", price], ["b", 2]]


def test_errors_are_continued_after(contacts: Api) -> None:
    """By default every valid row is loaded and every invalid one is named."""
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


def test_the_first_error_stops_when_asked(contacts: Api) -> None:
    """With StopOnError nothing from the invalid row on is loaded; those rows count as failed."""
    rows = [["a", 1], ["b", "x"], ["c", 3]]
    answer = contacts.load("CID,PRICE", rows, errorHandling="StopOnError")
    assert (answer["result_code"], counts(answer)) == ("PartiallySucceeded", {"inserted": 1, "failed": 2})
    assert [one["record_index"] for one in answer["invalid_records"]] == [1]
    assert contacts.rows("CID") == [["a"]]


def test_a_call_that_loads_nothing_has_failed(contacts: Api) -> None:
    """A call of invalid rows only is a 200 with result_code Failed."""
    answer = contacts.load("CID,PRICE", [["a", "x"]])
    assert (answer["result_code"], counts(answer)) == ("Failed", {"failed": 1})


def test_rows_are_numbered_from_one_when_switched(contacts: Api) -> None:
    """The option says where `record_index` starts."""
    contacts.options(record_index_base=1)
    assert contacts.load("CID,PRICE", [["a", "x"]])["invalid_records"][0]["record_index"] == 1


def test_an_empty_call_succeeds(contacts: Api) -> None:
    """No rows are no error."""
    answer = contacts.load("CID", [])
    assert (answer["result_code"], counts(answer)) == ("Succeeded", {})


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
def test_a_value_of_its_type_comes_back_as_it_was(api: Api, column: str, value: Any) -> None:
    """What a field's type takes is stored and given back exactly."""
    api.create_list(columns=tuple(COLUMNS))
    if column == "CID":
        assert counts(api.load("CID", [[value]])) == {"inserted": 1}
    else:
        assert counts(api.load(f"CID,{column}", [["k", value]])) == {"inserted": 1}
    (found,) = api.rows(column)
    assert found == [value]
    assert type(found[0]) is type(value)


@pytest.mark.parametrize(("column", "value"), _cases(BAD))
def test_a_value_of_another_type_is_refused(api: Api, column: str, value: Any) -> None:
    """What a field's type does not take makes its row invalid, with the field's name."""
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
def test_a_date_is_a_date(api: Api, given: str, kept: str) -> None:
    """A Date field keeps the day in UTC, whatever time comes with it, and finds it by either."""
    api.create_list(columns=("CID", "DAY"))
    api.load("CID,DAY", [["a", given]])
    assert api.rows("DAY") == [[kept]]
    for value in (given, kept):
        assert api.rows("CID", filters=[{"field_name": "DAY", "operator": "EqualTo", "field_value": value}]) == [["a"]]


def test_messages_are_the_vendor_s(contacts: Api) -> None:
    """Invalid records are told as in the examples of the API's description."""
    found = contacts.load("CID", [["x" * 53], ["a", "b"]])["invalid_records"]
    assert [one["message"] for one in found] == [
        "Length of string (53) exceeds maximum field length (20)",
        "Record contains incorrect number of fields",
    ]


def test_a_zero_or_one_is_a_boolean(contacts: Api) -> None:
    """Boolean takes 0 and 1 and gives false and true back."""
    contacts.load("CID,FLAG", [["a", 0], ["b", 1]])
    assert contacts.rows("FLAG") == [[False], [True]]


def test_a_field_that_takes_no_null_must_be_there_on_insert(api: Api) -> None:
    """A row without such a field can update a record but not insert one."""
    api.create_list()
    fields = [{"name": "MUST", "data_type": "Text", "length": 5, "allow_null": False}]
    api.call("POST", "/lists/contacts/fields", json={"fields": fields})
    assert counts(api.load("CID,MUST", [["a", "x"], ["b", None]])) == {"inserted": 1, "failed": 1}
    answer = api.load("CID", [["a"], ["b"]])
    assert counts(answer) == {"updated": 1, "failed": 1}
    assert (answer["invalid_records"][0]["field_name"], answer["invalid_records"][0]["record_index"]) == ("MUST", 1)


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
def test_fields_that_do_not_fit_stop_the_call(contacts: Api, fields: str, query: dict[str, str]) -> None:
    """A call that names a wrong field is a 400, and nothing is loaded."""
    calc = {"name": "CALC", "data_type": "Long", "content": "ComputedNonPersisted", "value_definition": "[%1%]"}
    contacts.call("POST", "/lists/contacts/fields", json={"fields": [calc]})
    response = contacts.send("/data/load", fields, [["a"] * (fields.count(",") + 1)], **query)
    assert response.status_code == 400
    assert response.json()["errors"]
    assert contacts.rows("CID") == []


def test_the_error_names_the_field(contacts: Api) -> None:
    """An unknown field is ValidationFailed, by name."""
    body = contacts.send("/data/load", "CID,NONE", [["a", 1]]).json()
    assert body["result_code"] == "ValidationFailed"
    assert "NONE" in body["errors"][0]["description"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'"a"', b"[1]", b'[["a"], {}]', b'[["a"]', b'[["\xff"]]', b'[["\\ud800"]]', b"[[NaN]]", b"[" * 20000],
    ids=lambda body: ascii(body[:12]),
)
def test_a_body_must_be_an_array_of_arrays(contacts: Api, body: bytes) -> None:
    """Whatever else is sent is a 400."""
    query = {"keyFields": "CID", "fields": "CID"}
    headers = {"Content-Type": "application/json"}
    response = contacts.call("POST", "/lists/contacts/data/load", params=query, data=body, headers=headers)
    assert response.status_code == 400
    assert contacts.rows("CID") == []


def test_the_record_number_finds_but_is_never_given(contacts: Api) -> None:
    """ID as key updates the record it names; one that is not there is not found, never inserted."""
    contacts.load("CID", [["a"]])
    answer = contacts.load("ID,PRICE", [[1, 5], [2, 6], [2**62, 7], [-1, 8]], keyFields="ID")
    assert counts(answer) == {"updated": 1, "not_found": 3}
    assert contacts.rows("ID", "CID", "PRICE") == [[1, "a", 5]]


def test_a_key_of_several_fields_is_compared_as_a_whole(contacts: Api) -> None:
    """Only a record that has all key values is the same record, and 1 and 1.0 are one value."""
    rows = [["a", 1, True], ["a", 2, True]]
    assert counts(contacts.load("CID,PRICE,FLAG", rows, keyFields="CID,PRICE")) == {"inserted": 2}
    assert counts(contacts.load("CID,PRICE,FLAG", [["a", 1.0, False]], keyFields="CID,PRICE")) == {"updated": 1}
    assert contacts.rows("PRICE", "FLAG") == [[1.0, False], [2, True]]


def test_a_key_that_several_records_have_updates_them_all(contacts: Api) -> None:
    """Every record with the key is updated, and counted."""
    contacts.load("CID,PRICE", [["a", 1], ["b", 1], ["c", 2]])
    answer = contacts.load("PRICE,FLAG", [[1, True]], keyFields="PRICE")
    assert counts(answer) == {"updated": 2}
    assert contacts.rows("CID", "FLAG") == [["a", True], ["b", True], ["c", None]]


def test_an_update_moves_a_record_to_its_new_key(contacts: Api) -> None:
    """A record that got another value is found by that one only."""
    contacts.load("CID,PRICE", [["a", 1]])
    contacts.load("PRICE,FLAG", [[1, True]], keyFields="PRICE")
    contacts.load("CID,PRICE", [["a", 2]])
    query = {"keyFields": "PRICE", "data_import_option": "OnlyUpdate"}
    assert counts(contacts.load("PRICE,FLAG", [[1, False], [2, False]], **query)) == {"updated": 1, "not_found": 1}


@pytest.mark.parametrize(("fold", "inserted"), [(False, 3), (True, 1)], ids=["exact", "folded"])
def test_text_in_keys_is_compared_as_switched(contacts: Api, fold: bool, inserted: int) -> None:  # noqa: FBT001 - a case
    """Keys that differ in case or trailing blanks are one, or several when the option says so; leading blanks count."""
    contacts.load("CID", [["x"]])
    contacts.options(case_insensitive_keys=fold)
    assert counts(contacts.load("CID", [["a"], ["A"], ["a  "], [" a"]])).get("inserted") == inserted + 1


def test_keys_are_compared_without_case_by_default(contacts: Api) -> None:
    """A record is found by its key in another case or with trailing blanks, and keeps its own spelling."""
    contacts.load("CID,PRICE", [["Bob", 1]])
    assert counts(contacts.load("CID,PRICE", [["bob ", 2]])) == {"updated": 1}
    assert counts(contacts.load_segment([["BOB"]])) == {"inserted": 1}
    assert contacts.rows("CID", "PRICE", segment="vip") == [["Bob", 2]]


@pytest.mark.parametrize(
    ("content", "value", "accepted"),
    [("Single", "red", True), ("Single", "blue", False), ("Multi", "red,green", True), ("Multi", "red,blue", False)],
)
def test_an_option_field_takes_codes_only(api: Api, content: str, value: str, accepted: bool) -> None:  # noqa: FBT001 - a case
    """A field with an option list takes the list's codes; without such a List it takes anything."""
    field = {"name": "COLOUR", "data_type": "Text", "length": 50, "content": content, "optionlist": "colours"}
    api.create_list()
    api.call("POST", "/lists/contacts/fields", json={"fields": [field]})
    assert counts(api.load("CID,COLOUR", [["a", value]])) == {"inserted": 1}
    api.call("POST", "/lists", json={"api_name": "Colours", "name": "c", "type": "Optionlist"})
    query = {"keyFields": "CODE", "fields": "CODE"}
    api.call("POST", "/lists/colours/data/load", params=query, json=[["red"], ["green"]])
    answer = api.load("CID,COLOUR", [["b", value]])
    assert counts(answer) == ({"inserted": 1} if accepted else {"failed": 1})


def test_a_load_can_make_a_segment_of_its_records(contacts: Api) -> None:
    """The records that the call loads become members of the Segment it names."""
    contacts.load("CID", [["a"], ["b"]])
    query = {"create_segment_name": "New one", "create_segment_api_name": "fresh"}
    contacts.load("CID,PRICE", [["b", 1], ["c", 2], ["d", "x"]], **query)
    assert contacts.call("GET", "/lists/contacts/segments/fresh").json()["name"] == "New one"
    assert contacts.rows("CID", segment="fresh") == [["b"], ["c"]]


@pytest.mark.parametrize(
    "query",
    [{"create_segment_api_name": "VIP"}, {"create_segment_name": "New"}, {"create_segment_api_name": "a b"}],
    ids=["taken", "no name", "wrong name"],
)
def test_a_segment_that_cannot_be_made_stops_the_load(contacts: Api, query: dict[str, str]) -> None:
    """When the Segment cannot be made, nothing is loaded."""
    assert contacts.send("/data/load", "CID", [["a"]], **query).status_code == 400
    assert contacts.rows("CID") == []


def test_records_are_deleted_by_key(contacts: Api) -> None:
    """Deleted records leave the List and its Segments, and their keys can be inserted again."""
    contacts.load("CID,PRICE", [["a", 1], ["b", 1], ["c", 2]])
    contacts.load_segment([["a"], ["c"]])
    answer = contacts.send("/data", "CID", [["a"], ["z"], ["a"], [5]], method="DELETE").json()
    assert (answer["result_code"], counts(answer)) == (
        "PartiallySucceeded",
        {"deleted": 1, "duplicate": 1, "failed": 1, "not_found": 1},
    )
    assert contacts.rows("CID", segment="vip") == [["c"]]
    assert counts(contacts.load("CID", [["a"]])) == {"inserted": 1}
    assert contacts.rows("ID", "CID", "PRICE") == [[2, "b", 1], [3, "c", 2], [4, "a", None]]


def test_more_columns_than_a_database_table_has(api: Api) -> None:
    """A List of 2,500 columns takes records."""
    api.create_list()
    names = [f"F{number}" for number in range(2500)]
    fields = [{"name": name, "data_type": "Long"} for name in names]
    assert api.call("POST", "/lists/contacts/fields", json={"fields": fields}).status_code == 201
    assert counts(api.load(",".join(["CID", *names]), [["a", *range(2500)]])) == {"inserted": 1}
    assert api.rows("F0", "F2499") == [[0, 2499]]


def test_one_record_is_saved_with_values_as_text(contacts: Api) -> None:
    """POST data takes an object, with values as text too, and its key parameter is spelled keyfields."""
    for values in ({"cid": "a", "MASTER.PRICE": "1.5"}, {"CID": "a", "FLAG": True}, {"ID": "1", "FLAG": "false"}):
        query = {"keyfields": "ID" if "ID" in values else "CID"}
        response = contacts.call("POST", "/lists/contacts/data", params=query, json=values)
        assert (response.status_code, response.json()["result_code"]) == (200, "Succeeded")
    assert contacts.rows("ID", "CID", "PRICE", "FLAG") == [[1, "a", 1.5, False]]


@pytest.mark.parametrize(
    "values",
    [{}, {"PRICE": 1}, {"CID": "a", "NONE": 1}, {"CID": "a", "PRICE": "x"}, {"CID": "a", "PRICE": [1]}, ["a"]],
    ids=str,
)
def test_a_record_that_does_not_fit_is_not_saved(contacts: Api, values: Any) -> None:
    """A record without its key, or with a wrong field or value, is a 400."""
    assert contacts.call("POST", "/lists/contacts/data", params={"keyfields": "CID"}, json=values).status_code == 400
    assert contacts.rows("CID") == []

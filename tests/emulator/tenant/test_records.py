"""Loads and deletes of records."""

import pytest

from tests.emulator.support import COLUMNS, ApiClient, counts

COLUMN_NAMES = ",".join(COLUMNS)


def test_records_are_inserted_then_updated(contacts: ApiClient) -> None:
    """The first load of a key inserts a record. The second updates the columns that it names."""
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


@pytest.mark.parametrize(
    ("option", "counters", "prices"),
    [
        ("InsertAndUpdate", {"inserted": 1, "updated": 1}, {"a": 9, "b": 9}),
        ("OnlyInsert", {"inserted": 1, "duplicate": 1}, {"a": 1, "b": 9}),
        ("OnlyUpdate", {"updated": 1, "not_found": 1}, {"a": 9}),
    ],
)
def test_the_import_option_decides(
    contacts: ApiClient, option: str, counters: dict[str, int], prices: dict[str, float]
) -> None:
    """Each option has its effect on a key that exists and on one that does not."""
    contacts.load("CID,PRICE", [["a", 1]])
    answer = contacts.load("CID,PRICE", [["a", 9], ["b", 9]], data_import_option=option)
    assert (answer["result_code"], counts(answer)) == ("Succeeded", counters)
    assert dict(map(tuple, contacts.rows("CID", "PRICE"))) == prices


def test_a_call_that_loads_nothing_has_failed(contacts: ApiClient) -> None:
    """A call with only invalid rows gets status 200 and result_code Failed."""
    answer = contacts.load("CID,PRICE", [["a", "x"]])
    assert (answer["result_code"], counts(answer)) == ("Failed", {"failed": 1})


def test_an_empty_call_succeeds(contacts: ApiClient) -> None:
    """A call without rows is not an error."""
    answer = contacts.load("CID", [])
    assert (answer["result_code"], counts(answer)) == ("Succeeded", {})


def test_a_field_without_null_is_required_for_an_insert(api: ApiClient) -> None:
    """A row without such a field can update a record, but not insert one."""
    api.create_list()
    fields = [{"name": "MUST", "data_type": "Text", "length": 5, "allow_null": False}]
    api.call("POST", "/lists/contacts/fields", json={"fields": fields})
    assert counts(api.load("CID,MUST", [["a", "x"], ["b", None]])) == {"inserted": 1, "failed": 1}
    answer = api.load("CID", [["a"], ["b"]])
    assert counts(answer) == {"updated": 1, "failed": 1}
    assert (answer["invalid_records"][0]["field_name"], answer["invalid_records"][0]["record_index"]) == ("MUST", 1)


def test_the_record_number_can_be_a_key_but_not_chosen(contacts: ApiClient) -> None:
    """With ID as key, an existing record is updated. A number that does not exist is not inserted."""
    contacts.load("CID", [["a"]])
    answer = contacts.load("ID,PRICE", [[1, 5], [2, 6], [2**62, 7], [-1, 8]], keyFields="ID")
    assert counts(answer) == {"updated": 1, "not_found": 3}
    assert contacts.rows("ID", "CID", "PRICE") == [[1, "a", 5]]


def test_a_load_can_create_a_segment(contacts: ApiClient) -> None:
    """The loaded records become members of the Segment that the call names."""
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
def test_a_segment_that_cannot_be_created_stops_the_load(contacts: ApiClient, query: dict[str, str]) -> None:
    """If the Segment cannot be created, nothing is loaded."""
    assert contacts.send("/data/load", "CID", [["a"]], **query).status_code == 400
    assert contacts.rows("CID") == []


def test_records_are_deleted_by_key(contacts: ApiClient) -> None:
    """Deleted records are removed from the List and its Segments. Their keys can be inserted again."""
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


def test_more_columns_than_a_database_table_has(api: ApiClient) -> None:
    """A List of 2,500 columns takes records."""
    api.create_list()
    names = [f"F{number}" for number in range(2500)]
    fields = [{"name": name, "data_type": "Long"} for name in names]
    assert api.call("POST", "/lists/contacts/fields", json={"fields": fields}).status_code == 201
    assert counts(api.load(",".join(["CID", *names]), [["a", *range(2500)]])) == {"inserted": 1}
    assert api.rows("F0", "F2499") == [[0, 2499]]

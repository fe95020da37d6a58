"""Segments and their members."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient, counts


@pytest.fixture
def members(contacts: ApiClient) -> ApiClient:
    """A client with records a, b and c, of which a is in the Segment."""
    contacts.load("CID,PRICE", [["a", 1], ["b", 2], ["c", 3]])
    contacts.load_segment([["a"]])
    return contacts


def test_a_segment_is_created_and_read(contacts: ApiClient) -> None:
    """A static Segment keeps its details, is found in any case, and cannot be created twice."""
    body = {"api_name": "Gold", "name": "Gold ones", "description": "d", "tags": ["t"]}
    assert contacts.call("POST", "/lists/contacts/segments/static", json=body).status_code == 200
    assert contacts.call("GET", "/lists/contacts/segments/gold").json() == {
        "type": "Static",
        "api_name": "Gold",
        "name": "Gold ones",
        "description": "d",
    }
    assert contacts.call("POST", "/lists/contacts/segments/static", json=body).status_code == 400


@pytest.mark.parametrize("changes", [{"api_name": "a b"}, {"name": ""}, {"name": None}, {"type": "Static"}], ids=str)
def test_a_segment_needs_a_proper_definition(contacts: ApiClient, changes: dict[str, Any]) -> None:
    """A Segment with a wrong name or an unknown property gets status 400."""
    body = {"api_name": "gold", "name": "Gold", **changes}
    assert contacts.call("POST", "/lists/contacts/segments/static", json=body).status_code == 400


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["vip", "gold", "moving"]),
        ({"filter": "Dynamic"}, ["moving"]),
        ({"search": "GOL"}, ["gold"]),
        ({"skip": 1, "take": 1}, ["gold"]),
    ],
    ids=str,
)
def test_the_overview_of_segments_can_be_filtered(contacts: ApiClient, query: dict[str, Any], names: list[str]) -> None:
    """The overview is filtered by type and text, then skip and take apply."""
    contacts.create_segment("gold")
    contacts.admin("POST", "segments", json={"list": "contacts", "api_name": "moving", "type": "Dynamic"})
    overview = contacts.call("GET", "/lists/contacts/segments", params=query).json()
    assert [segment["api_name"] for segment in overview["segments"]] == names
    assert overview["segment_count"] == len(names)


def test_members_are_existing_records_only(members: ApiClient) -> None:
    """A load adds existing records. A record that is a member counts as updated, an unknown key as not found."""
    answer = members.load_segment([["a"], ["b"], ["z"], ["b"], [1]])
    assert (answer["result_code"], counts(answer)) == (
        "PartiallySucceeded",
        {"inserted": 1, "updated": 1, "not_found": 1, "duplicate": 1, "failed": 1},
    )
    assert members.rows("CID", segment="vip") == [["a"], ["b"]]
    assert members.call("GET", "/lists/contacts/records").json() == {"count": 3}


def test_a_segment_load_may_create_records(members: ApiClient) -> None:
    """With a switch, unknown keys become records and members. Known records keep their fields."""
    members.options(segment_load_inserts=True)
    assert counts(members.send("/segments/vip/data/load", "CID,PRICE", [["z", 9], ["b", 99]]).json()) == {"inserted": 2}
    assert members.rows("CID", "PRICE", segment="vip") == [["a", 1], ["b", 2], ["z", 9]]


def test_a_segment_load_changes_no_field(members: ApiClient) -> None:
    """Other columns of a Segment load are not written."""
    assert counts(members.send("/segments/vip/data/load", "CID,PRICE", [["b", 99]]).json()) == {"inserted": 1}
    assert members.rows("CID", "PRICE", segment="vip") == [["a", 1], ["b", 2]]


def test_a_segment_load_can_stop_at_the_first_error(members: ApiClient) -> None:
    """With StopOnError, rows from the invalid one on do not become members."""
    assert counts(members.load_segment([["b"], [1], ["c"]], errorHandling="StopOnError")) == {
        "inserted": 1,
        "failed": 2,
    }


def test_members_are_removed_by_key(members: ApiClient) -> None:
    """Members are removed from the Segment, and stay in the List."""
    answer = members.send("/segments/vip/data", "CID", [["a"], ["b"]], method="DELETE").json()
    assert counts(answer) == {"deleted": 1, "not_found": 1}
    assert members.rows("CID", segment="vip") == []
    assert members.rows("CID") == [["a"], ["b"], ["c"]]


def test_a_cleared_segment_is_empty(members: ApiClient) -> None:
    """A cleared Segment still exists, and so do its records."""
    answer = members.call("DELETE", "/lists/contacts/segments/vip/data/clear")
    assert (answer.status_code, answer.json()["result_code"]) == (200, "Succeeded")
    assert members.rows("CID", segment="vip") == []
    assert members.call("GET", "/lists/contacts/records").json() == {"count": 3}


def test_a_deleted_segment_is_gone(members: ApiClient) -> None:
    """A deleted Segment does not exist. A new one with its name is empty."""
    assert members.call("DELETE", "/lists/contacts/segments/vip").status_code == 200
    assert members.call("GET", "/lists/contacts/segments/vip").status_code == 404
    members.create_segment()
    assert members.rows("CID", segment="vip") == []


@pytest.mark.parametrize("kind", ["Dynamic", "External"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/data/load"), ("DELETE", "/data"), ("DELETE", "/data/clear")], ids=str
)
def test_only_static_segments_accept_data(members: ApiClient, kind: str, method: str, path: str) -> None:
    """Data calls do not change members that a filter or another system chooses."""
    members.admin("POST", "segments", json={"list": "contacts", "api_name": "other", "type": kind})
    assert members.call("GET", "/lists/contacts/segments/other").json()["type"] == kind
    query = {} if path.endswith("clear") else {"keyFields": "CID", "fields": "CID"}
    url = f"/lists/contacts/segments/other{path}"
    response = members.call(method, url, params=query, json=[["a"]] if query else None)
    assert (response.status_code, response.json()["result_code"]) == (400, "ValidationFailed")


def test_new_lists_and_segments_can_be_hidden(contacts: ApiClient) -> None:
    """With the option `unseen_calls`, a new List or Segment answers NotFound to its first data calls."""
    contacts.options(unseen_calls=2)
    contacts.create_list("fresh")
    query = {"keyFields": "CID", "fields": "CID"}
    load = [contacts.call("POST", "/lists/fresh/data/load", params=query, json=[["a"]]) for _ in range(3)]
    assert [response.status_code for response in load] == [404, 404, 200]
    contacts.create_segment("new")
    load = [contacts.send("/segments/new/data/load", "CID", [["a"]]) for _ in range(3)]
    assert [response.status_code for response in load] == [404, 404, 200]

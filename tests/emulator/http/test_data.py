"""The endpoints of records: what they check themselves."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient


def test_a_load_of_too_many_rows_is_refused(contacts: ApiClient) -> None:
    """A load with more rows than `max_rows` gets status 413. A header row does not count."""
    contacts.options(max_rows=2)
    assert contacts.send("/data/load", "CID", [["a"], ["b"], ["c"]]).status_code == 413
    response = contacts.call(
        "POST", "/lists/contacts/data/load", params={"keyFields": "CID"}, json=[["CID"], ["a"], ["b"]]
    )
    assert response.status_code == 200


def test_one_record_is_saved_with_values_as_text(contacts: ApiClient) -> None:
    """POST data accepts an object, also with values as text. The name of its key parameter is keyfields."""
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
def test_a_record_that_does_not_fit_is_not_saved(contacts: ApiClient, values: Any) -> None:
    """A record without its key, or with a wrong field or value, gets status 400."""
    assert contacts.call("POST", "/lists/contacts/data", params={"keyfields": "CID"}, json=values).status_code == 400
    assert contacts.rows("CID") == []

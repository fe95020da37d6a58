"""Bodies that are forms."""

from typing import Any

import pytest
import requests

from tests.emulator.support import ApiClient

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(api: ApiClient, path: str, pairs: Any, method: str = "POST", **query: str) -> requests.Response:
    """Send a form."""
    return api.call(method, path, data=pairs, headers=FORM, params=query)


def test_definitions_can_be_forms(api: ApiClient) -> None:
    """Lists, fields, relations, Segments, records and searches can be forms, with arrays and objects in them."""
    new = {"api_name": "contacts", "name": "5", "type": "Userlist", "enforce_segment_selection": "true"}
    assert post(api, "/lists", [*new.items(), ("tags", "a"), ("tags", "b")]).status_code == 200
    fields = {
        "fields[0].name": "CID",
        "fields[0].data_type": "Text",
        "fields[0].length": "20",
        "fields[1][name]": "PRICE",
        "fields[1][data_type]": "Float",
        "fields[1][allow_null]": "True",
    }
    assert post(api, "/lists/contacts/fields", fields).status_code == 201
    assert post(api, "/lists/contacts", {"description": "d", "tags[]": "c"}, "PUT").status_code == 200
    assert post(api, "/lists/contacts/segments/static", {"api_name": "vip", "name": "vip"}).status_code == 200
    record = {"master.cid": "a", "PRICE": "1.5"}
    assert post(api, "/lists/contacts/data", record, keyfields="CID").status_code == 200
    search = {
        "fields[]": "CID",
        "filters[0].field_name": "PRICE",
        "filters[0].operator": "EqualTo",
        "filters[0].field_value": "1.5",
        "skip": "0",
        "take": "5",
    }
    assert post(api, "/lists/contacts/data/search", search).json()["data"] == [["a"]]

    details = api.call("GET", "/lists/contacts").json()
    assert [details[name] for name in ("name", "tags", "enforce_segment_selection", "description")] == [
        "5", ["c"], True, "d"
    ]  # fmt: skip
    found = api.call("GET", "/lists/contacts/fields").json()["fields"][-2:]
    assert [(one["name"], one["length"], one["allow_null"]) for one in found] == [
        ("CID", 20, True),
        ("PRICE", None, True),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "name=x",
        "api_name=x&name=x&type=List",
        "api_name=x&name=x&type=Datalist&more=1",
        "api_name=x&api_name=y&name=x&type=Datalist",
        "api_name[a]=x&name=x&type=Datalist",
        "api_name=x&name=x&type=Datalist&tags[0]=a&tags=b",
        "api_name=x&name=x&type=Datalist&enforce_segment_selection=perhaps",
        "api_name",
        "api_name=%ff&name=x&type=Datalist",
        "[=x",
        '{"api_name": "x"}',
    ],
    ids=ascii,
)
def test_a_form_must_fit_the_model(api: ApiClient, body: str) -> None:
    """A form with missing, unknown, repeated or wrong values gets status 400, and nothing is done."""
    response = post(api, "/lists", body)
    assert (response.status_code, response.json()["result_code"]) == (400, "Failed")
    assert api.call("GET", "/lists").json()["lists"] == []


@pytest.mark.parametrize("body", ["CID=a&CID=b", "CID", "NONE=1"], ids=ascii)
def test_the_form_of_a_record_must_fit(contacts: ApiClient, body: str) -> None:
    """A form that is not a record gets status 400."""
    assert post(contacts, "/lists/contacts/data", body, keyfields="CID").status_code == 400
    assert contacts.rows("CID") == []


def test_text_in_json_is_not_a_number(contacts: ApiClient) -> None:
    """Text is converted to a number in forms only, not in JSON."""
    body = {"fields": [{"name": "N", "data_type": "Text", "length": "5"}]}
    assert contacts.call("POST", "/lists/contacts/fields", json=body).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/data/load"),
        ("DELETE", "/data"),
        ("POST", "/segments/vip/data/load"),
        ("DELETE", "/segments/vip/data"),
    ],
    ids=str,
)
def test_bulk_operations_accept_no_forms(contacts: ApiClient, method: str, path: str) -> None:
    """Bulk operations accept JSON only."""
    response = post(contacts, f"/lists/contacts{path}", "CID=a", method, keyFields="CID")
    assert response.status_code == 415

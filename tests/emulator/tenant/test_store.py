"""Organizations, Lists and fields."""

from typing import Any

import pytest

from tests.emulator.support import COLUMNS, ApiClient


def _create(api: ApiClient, **changes: Any) -> Any:
    return api.call("POST", "/lists", json={"api_name": "contacts", "name": "c", "type": "Userlist", **changes})


def test_the_organization_names_its_audiences(api: ApiClient) -> None:
    """The audiences of an organization are its Userlists."""
    _create(api)
    _create(api, api_name="orders", type="Datalist")
    organization = api.call("GET").json()
    assert organization["name"] == "my_org"
    assert organization["audiences"] == [{"api_name": "contacts"}]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "Userlist",
            [
                "ID",
                "NAME",
                "MAIL",
                "OPTOUT",
                "OPTOUT_DT",
                "OPTOUT_SOURCE",
                "LANGUAGE",
                "CREATED_DT",
                "MODIFIED_DT",
            ],
        ),
        ("Datalist", ["ID"]),
        ("Optionlist", ["ID", "CODE", "DESCRIPTION"]),
    ],
    ids=str,
)
def test_a_new_list_has_its_types_fields(api: ApiClient, kind: str, names: list[str]) -> None:
    """A new List has the default fields of its type."""
    assert _create(api, type=kind).json()["result_code"] == "Succeeded"
    fields = api.call("GET", "/lists/contacts/fields").json()["fields"]
    assert [field["name"] for field in fields] == names
    assert fields[0]["data_type"] == "Long"


@pytest.mark.parametrize("name", ["", "two words", "dash-ed", "dot.ted", "é", "a/b", "a\n", "x" * 129], ids=ascii)
def test_a_list_needs_a_plain_name(api: ApiClient, name: str) -> None:
    """An API name has only letters, digits and underscores."""
    assert _create(api, api_name=name).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Unknown"},
        {"type": "userlist"},
        {"name": ""},
        {"name": None},
        {"colour": "red"},
        {"tags": "a"},
        {"optionlist_codetype": "Guid"},
        {"enforce_segment_selection": "true"},
    ],
    ids=str,
)
def test_a_list_needs_a_proper_definition(api: ApiClient, changes: dict[str, Any]) -> None:
    """A definition with a value that the API does not know is refused."""
    assert _create(api, **changes).status_code == 400
    assert api.call("GET", "/lists").json() == {"lists": []}


def test_results_have_the_described_names(api: ApiClient) -> None:
    """A success has a result code and a message; a refusal has errors too. Only new relations have errors in both."""
    made = _create(api, api_name="a").json()
    _create(api, api_name="b", type="Datalist")
    relation = {
        "scope": "B",
        "type": "OneToMany",
        "masterlist_field_name": "ID",
        "slavelist_api_name": "b",
        "slavelist_field_name": "ID",
    }
    related = api.call("POST", "/lists/a/relations", json={"relations": [relation]}).json()
    refused = _create(api, api_name="a").json()
    assert (set(made), set(related)) == ({"result_code", "message"}, {"result_code", "message", "errors"})
    assert related["errors"] is None
    assert set(refused) == {"errors", "result_code", "message"}
    assert refused["message"] == "Request Failed"


def test_creating_a_list_again_is_refused_in_any_case(api: ApiClient) -> None:
    """A name in use gets status 400, in any case. Responses have the stored spelling."""
    assert _create(api, api_name="Contacts").status_code == 200
    again = _create(api, api_name="CONTACTS")
    assert (again.status_code, again.json()["result_code"]) == (400, "Failed")
    assert again.json()["errors"][0]["error_code"]
    assert api.call("GET", "/lists/conTACTS").json()["api_name"] == "Contacts"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["b", "a", "orders"]),
        ({"filter": "Datalist"}, ["orders"]),
        ({"search": "ORD"}, ["orders"]),
        ({"search": "tagged"}, ["a"]),
        ({"skip": 1}, ["a", "orders"]),
        ({"skip": 1, "take": 1}, ["a"]),
        ({"take": 0}, []),
    ],
    ids=str,
)
def test_the_overview_of_lists_can_be_filtered(api: ApiClient, query: dict[str, Any], names: list[str]) -> None:
    """The overview is in order of creation. It is filtered by type and text, then skip and take apply."""
    _create(api, api_name="b")
    _create(api, api_name="a", tags=["tagged"])
    _create(api, api_name="orders", type="Datalist")
    assert [entry["api_name"] for entry in api.call("GET", "/lists", params=query).json()["lists"]] == names


def test_a_list_is_updated(api: ApiClient) -> None:
    """An update changes what it names, and nothing else."""
    _create(api, description="first", tags=["x"])
    quality = {"type": "Normal", "bounce_scope": "MASTER", "actions": [{"name": "OPTOUT", "value": "10"}]}
    changes = {"name": "New", "api_name": "renamed", "email_quality_configuration": quality}
    assert api.call("PUT", "/lists/contacts", json=changes).status_code == 200
    details = api.call("GET", "/lists/renamed").json()
    assert (details["name"], details["description"], details["tags"]) == ("New", "first", ["x"])
    actions = details["email_quality_configuration"]["email_quality_actions"]
    assert actions == [{"field_name": "OPTOUT", "field_value": "10"}]


def test_two_lists_cannot_have_one_name(api: ApiClient) -> None:
    """An update to the name of another List is refused."""
    _create(api)
    _create(api, api_name="orders")
    assert api.call("PUT", "/lists/orders", json={"api_name": "Contacts"}).status_code == 400


def test_a_list_is_deleted_with_its_content(contacts: ApiClient) -> None:
    """After a delete, a new List with the same name has no records and no Segments."""
    contacts.load("CID", [["a"]])
    contacts.load_segment([["a"]])
    assert contacts.call("DELETE", "/lists/contacts", params={"dropTable": "true"}).status_code == 200
    assert contacts.call("GET", "/lists/contacts").status_code == 404
    contacts.create_list()
    assert contacts.call("GET", "/lists/contacts/records").json() == {"count": 0}
    assert contacts.call("GET", "/lists/contacts/segments").json() == {"segments": [], "segment_count": 0}


@pytest.mark.parametrize("status", [404, 400, 200])
@pytest.mark.parametrize("path", ["/lists/none", "/lists/contacts/segments/none", "/lists/none/fields"])
def test_the_status_of_what_is_missing_is_an_option(contacts: ApiClient, path: str, status: int) -> None:
    """A List or Segment that does not exist gets NotFound, with the status of the option."""
    contacts.options(missing_status=status)
    response = contacts.call("GET", path)
    assert (response.status_code, response.json()["result_code"]) == (status, "NotFound")


def test_fields_are_added_at_the_end(api: ApiClient) -> None:
    """Fields of every type are created with status 201, and can be read back."""
    _create(api, type="Datalist")
    asked = [{"name": name, **definition} for name, definition in COLUMNS.items()]
    assert api.call("POST", "/lists/contacts/fields", json={"fields": asked}).status_code == 201
    fields = api.call("GET", "/lists/contacts/fields").json()["fields"][1:]
    plain = {"description": None, "content": "Free", "optionlist": None, "value_definition": None}
    assert fields == [{"length": None, "allow_null": True, **plain, **definition} for definition in asked]


@pytest.mark.parametrize(
    "field",
    [
        {"name": "T", "data_type": "Text"},
        {"name": "T", "data_type": "Text", "length": 0},
        {"name": "T", "data_type": "Text", "length": 4001},
        {"name": "T", "data_type": "Long", "length": 8},
        {"name": "T", "data_type": "Unknown"},
        {"name": "T", "data_type": "Guid"},
        {"name": "T"},
        {"name": "", "data_type": "Long"},
        {"name": "A B", "data_type": "Long"},
        {"name": "cid", "data_type": "Long"},
        {"name": "FIRST", "data_type": "Long"},
        {"name": "T", "data_type": "Long", "content": "Unknown"},
        {"name": "T", "data_type": "Long", "content": "Single"},
        {"name": "T", "data_type": "Long", "optionlist": "codes"},
        {"name": "T", "data_type": "Long", "content": "ComputedPersisted"},
        {"name": "T", "data_type": "Long", "value_definition": "[%[MASTER.ID]%]"},
        {"name": "T", "data_type": "Long", "colour": "red"},
        {"name": "T", "data_type": "Long", "allow_null": "no"},
    ],
    ids=str,
)
def test_one_wrong_field_stops_the_whole_call(api: ApiClient, field: dict[str, Any]) -> None:
    """A call with one wrong field creates no field at all."""
    api.create_list()
    asked = [{"name": "FIRST", "data_type": "Long"}, field]
    assert api.call("POST", "/lists/contacts/fields", json={"fields": asked}).status_code == 400
    fields = api.call("GET", "/lists/contacts/fields").json()["fields"]
    assert [one["name"] for one in fields] == ["ID", "CID"]


def test_a_call_without_fields_is_refused(api: ApiClient) -> None:
    """An empty list of fields gets status 400."""
    api.create_list()
    assert api.call("POST", "/lists/contacts/fields", json={"fields": []}).status_code == 400

"""Paths, methods, organizations and granted endpoints."""

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import ApiClient

LOAD = "/lists/contacts/data/load"


SEGMENT_LOAD = "/lists/contacts/segments/vip/data/load"


def test_endpoints_that_are_not_granted_are_refused(contacts: ApiClient) -> None:
    """An endpoint that the key was not granted gets status 401. Other endpoints are served."""
    contacts.options(denied=["List_CreateList"])
    body = {"api_name": "new", "name": "n", "type": "Datalist"}
    assert contacts.call("POST", "/lists", json=body).status_code == 401
    assert contacts.call("GET", "/lists").status_code == 200


def test_an_unknown_endpoint_cannot_be_denied(contacts: ApiClient) -> None:
    """A misspelt operationId is an error; otherwise the endpoint would be granted without a notice."""
    url = f"{contacts.base_url}/_emulator/options"
    response = contacts.session.patch(url, json={"denied": ["List_Create", "List_GetList"]}, timeout=60)
    assert (response.status_code, "no endpoint is called List_Create" in response.text) == (400, True)
    assert contacts.call("GET", "/lists/contacts").status_code == 200
    with pytest.raises(ValueError, match="no endpoint is called X"):
        EmulatorServer(EmulatorOptions(denied=["X"]))


def test_another_organization_is_forbidden(contacts: ApiClient) -> None:
    """An organization that does not exist gets status 403 and a list of errors."""
    other = ApiClient(contacts.base_url, "other")
    with other.session:
        response = other.call("GET", "/lists")
    assert (response.status_code, len(response.json()["errors"])) == (403, 1)


def test_organizations_have_their_own_lists(contacts: ApiClient) -> None:
    """Two organizations can have Lists with the same name."""
    contacts.options(organizations=["my_org", "second"])
    second = ApiClient(contacts.base_url, "second")
    with second.session:
        second.create_list()
        assert second.call("GET", "/lists/contacts/segments").json()["segment_count"] == 0
    assert contacts.call("GET", "/lists/contacts/segments").json()["segment_count"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/lists", 405),
        ("GET", LOAD, 405),
        ("PATCH", "/lists/contacts", 405),
        ("POST", "/lists/contacts/records", 405),
        ("PUT", SEGMENT_LOAD, 405),
        ("GET", "/nowhere", 404),
        ("GET", "/lists/contacts/customevents", 404),
        ("POST", "/journeys/transactional/j/send", 404),
        ("GET", "/lists/contacts/data/load/more", 404),
        ("GET", "/lists/", 404),
        ("POST", f"{LOAD}/", 404),
    ],
    ids=str,
)
def test_other_paths_and_methods_are_refused(contacts: ApiClient, method: str, path: str, status: int) -> None:
    """An unknown path gets status 404. A method that a path does not have gets status 405."""
    response = contacts.call(method, path)
    assert response.status_code == status
    assert response.json()["errors"]

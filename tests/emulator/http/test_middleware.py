"""What is refused before any work: keys, paths, methods, parameters and bodies."""

from typing import Any

import pytest

from target_selligent.emulator import EmulatorOptions, EmulatorServer
from tests.emulator.support import Api

LOAD = "/lists/contacts/data/load"
SEGMENT_LOAD = "/lists/contacts/segments/vip/data/load"
KEYS = {"keyFields": "CID", "fields": "CID"}


@pytest.mark.parametrize(
    "header",
    [None, "", "demo-key", "demo-key:", "demo-key:wrong", "demo-secret:demo-key", "DEMO-KEY:demo-secret"],
    ids=ascii,
)
def test_a_call_needs_the_key_and_its_secret(contacts: Api, header: str | None) -> None:
    """Without the one header that joins key and secret, every call is a 401."""
    response = contacts.call("GET", headers={"X-ApiKey": header})
    assert (response.status_code, response.json()["result_code"]) == (401, "Failed")


def test_key_and_secret_may_come_in_two_headers(contacts: Api) -> None:
    """The key alone in X-ApiKey is good with its secret in X-ApiKey-Secret."""
    response = contacts.call("GET", headers={"X-ApiKey": "demo-key", "X-ApiKey-Secret": "demo-secret"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("demo-key", "wrong"),
        ("demo-key", ""),
        ("wrong", "demo-secret"),
        ("demo-key:demo-secret", "demo-secret"),
        ("", "demo-key:demo-secret"),
        (None, "demo-secret"),
    ],
    ids=ascii,
)
def test_two_headers_must_be_one_login(contacts: Api, key: str | None, secret: str) -> None:
    """A wrong half, a half that is missing and a login that is given twice are each a 401."""
    response = contacts.call("GET", headers={"X-ApiKey": key, "X-ApiKey-Secret": secret})
    assert (response.status_code, response.json()["result_code"]) == (401, "Failed")


def test_endpoints_that_are_not_granted_are_refused(contacts: Api) -> None:
    """An endpoint that the key was not granted is a 401; the others go on."""
    contacts.options(denied=["List_CreateList"])
    body = {"api_name": "new", "name": "n", "type": "Datalist"}
    assert contacts.call("POST", "/lists", json=body).status_code == 401
    assert contacts.call("GET", "/lists").status_code == 200


def test_an_endpoint_that_is_not_there_cannot_be_denied(contacts: Api) -> None:
    """A misspelt operationId is told: it would be granted without a word."""
    url = f"{contacts.base_url}/_emulator/options"
    response = contacts.session.patch(url, json={"denied": ["List_Create", "List_GetList"]}, timeout=60)
    assert (response.status_code, "no endpoint is called List_Create" in response.text) == (400, True)
    assert contacts.call("GET", "/lists/contacts").status_code == 200
    with pytest.raises(ValueError, match="no endpoint is called X"):
        EmulatorServer(EmulatorOptions(denied=["X"]))


def test_another_organization_is_forbidden(contacts: Api) -> None:
    """An organization that does not exist is a 403 with errors."""
    other = Api(contacts.base_url, "other")
    with other.session:
        response = other.call("GET", "/lists")
    assert (response.status_code, len(response.json()["errors"])) == (403, 1)


def test_organizations_have_their_own_lists(contacts: Api) -> None:
    """Lists of one name in two organizations are two."""
    contacts.options(organizations=["my_org", "second"])
    second = Api(contacts.base_url, "second")
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
def test_other_paths_and_methods_are_refused(contacts: Api, method: str, path: str, status: int) -> None:
    """An unknown path is a 404, a method that a path does not have a 405."""
    response = contacts.call(method, path)
    assert response.status_code == status
    assert response.json()["errors"]


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("POST", LOAD, {"keyfields": "CID", "fields": "CID"}),
        ("POST", LOAD, {"keyFields": "CID", "Fields": "CID"}),
        ("POST", LOAD, {**KEYS, "keyfields": "CID"}),
        ("POST", LOAD, {**KEYS, "dataImportOption": "OnlyInsert"}),
        ("POST", LOAD, {**KEYS, "data_import_option": "insertandupdate"}),
        ("POST", LOAD, {**KEYS, "data_import_option": ""}),
        ("POST", LOAD, {**KEYS, "mode": "sync"}),
        ("POST", LOAD, {**KEYS, "deduplication": "First"}),
        ("POST", LOAD, {**KEYS, "error_handling": "StopOnError"}),
        ("POST", LOAD, {**KEYS, "errorHandling": "Stop"}),
        ("POST", LOAD, {"fields": "CID"}),
        ("POST", LOAD, {**KEYS, "fields": ["CID", "CID"]}),
        ("POST", SEGMENT_LOAD, {**KEYS, "data_import_option": "InsertAndUpdate"}),
        ("POST", SEGMENT_LOAD, {**KEYS, "create_segment_name": "x"}),
        ("DELETE", "/lists/contacts/data", {**KEYS, "deduplication": "ImportLastMatch"}),
        ("DELETE", "/lists/contacts/segments/vip/data", {**KEYS, "data_import_option": "OnlyUpdate"}),
        ("POST", "/lists/contacts/data", {"keyFields": "CID"}),
        ("GET", "/lists", {"take": "-1"}),
        ("GET", "/lists", {"take": "many"}),
        ("GET", "/lists", {"filter": "Segmentlist"}),
        ("GET", "/lists", {"page": "1"}),
        ("GET", "/lists/contacts", {"x": ""}),
        ("GET", "/lists/contacts/relations", {"filter": "ManyToMany"}),
        ("GET", "/lists/contacts/segments", {"filter": "static"}),
        ("DELETE", "/lists/contacts", {"droptable": "true"}),
        ("DELETE", "/lists/contacts", {"dropTable": "maybe"}),
    ],
    ids=str,
)
def test_parameters_are_taken_as_spelled(contacts: Api, method: str, path: str, query: dict[str, Any]) -> None:
    """An unknown parameter, one in another case, one given twice or a value that is unknown is a 400, and counted."""
    body = None if method == "GET" or path == "/lists/contacts" else [["a"]]
    response = contacts.call(method, path, params=query, json=body)
    assert response.status_code == 400, response.text
    assert contacts.counters()["refused"] == 1
    assert contacts.rows("CID") == []


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        (LOAD, "text/plain", 415),
        (LOAD, "text/json", 415),
        (LOAD, "application/x-www-form-urlencoded", 415),
        (LOAD, "", 415),
        (LOAD, "application/json; charset=utf-8", 200),
        (LOAD, "Application/JSON", 200),
    ],
    ids=str,
)
def test_a_body_must_be_declared_as_json(contacts: Api, path: str, content_type: str, status: int) -> None:
    """A body of another type is a 415."""
    headers = {"Content-Type": content_type}
    assert contacts.call("POST", path, params=KEYS, data=b'[["a"]]', headers=headers).status_code == status


def test_definitions_may_be_declared_as_text_json(contacts: Api) -> None:
    """Endpoints other than the bulk ones take text/json too."""
    body = b'{"api_name": "new", "name": "n", "type": "Datalist"}'
    assert contacts.call("POST", "/lists", data=body, headers={"Content-Type": "text/json"}).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"api_name": "\\ud800"}', b"\xff"], ids=ascii)
def test_a_definition_must_be_a_json_object(contacts: Api, body: bytes) -> None:
    """A body that is not a JSON object is a 400."""
    response = contacts.call("POST", "/lists", data=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["result_code"]) == (400, "Failed")


def test_refused_calls_are_counted(contacts: Api) -> None:
    """Refusals of parameters, methods and types are counted; a NotFound or a 401 is none."""
    contacts.call("GET", "/lists", params={"x": "1"})
    contacts.call("PUT", "/lists")
    contacts.call("POST", LOAD, params=KEYS, data=b"x")
    contacts.call("GET", "/lists/none")
    contacts.call("GET", headers={"X-ApiKey": "none"})
    counters = contacts.counters()
    assert (counters["refused"], counters["by_status"]["404"], counters["by_status"]["401"]) == (3, 1, 1)

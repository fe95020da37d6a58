"""Query parameters and bodies that the models accept."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient

LOAD = "/lists/contacts/data/load"


SEGMENT_LOAD = "/lists/contacts/segments/vip/data/load"


KEYS = {"keyFields": "CID", "fields": "CID"}


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
def test_parameters_must_be_spelled_exactly(contacts: ApiClient, method: str, path: str, query: dict[str, Any]) -> None:
    """An unknown parameter, or one in another case, given twice, or with an unknown value gets status 400."""
    body = None if method == "GET" or path == "/lists/contacts" else [["a"]]
    response = contacts.call(method, path, params=query, json=body)
    assert response.status_code == 400, response.text
    assert contacts.counters()["refused"] == 1
    assert contacts.rows("CID") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"api_name": "\\ud800"}', b"\xff"], ids=ascii)
def test_a_definition_must_be_a_json_object(contacts: ApiClient, body: bytes) -> None:
    """A body that is not a JSON object gets status 400."""
    response = contacts.call("POST", "/lists", data=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["result_code"]) == (400, "Failed")

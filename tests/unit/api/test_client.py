"""The client over HTTP: what each method sends, and what it returns for a response."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.api.client import LoadOptions, SelligentClient
from target_selligent.api.pacer import Pacer
from target_selligent.api.refusals import RefusedRow
from target_selligent.api.results import ListDetails, LoadResult, SegmentDetails
from target_selligent.api.retries import RetryPolicy
from target_selligent.api.transport import Transport
from target_selligent.errors import BadRequestError, MissingIndexError, UnexpectedResponseError
from target_selligent.records.conversions import FieldType
from target_selligent.records.field_definitions import FieldDefinition
from tests.unit.scripted_server import ScriptedServer, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = LoadOptions(mode="Sync", deduplication="ImportLastMatch", error_handling="ContinueOnError")
LOAD_QUERY = {
    "keyFields": "ID1,ID2",
    "fields": "ID1,ID2,MAIL",
    "mode": "Sync",
    "deduplication": "ImportLastMatch",
    "errorHandling": "ContinueOnError",
}
ROWS = b'[[1,2,"a"]]'
SUCCEEDED = {"result_code": "Succeeded"}


def connect(base_url: str) -> SelligentClient:
    """Return a client that tries each call once."""
    return SelligentClient(
        Transport(
            base_url, "demo-key", "hidden", "my_org", timeout=60, pacer=Pacer(100), policy=RetryPolicy(attempts=1)
        )
    )


def call(response: bytes, function: Callable[[SelligentClient], Any]) -> Any:
    """Call a client whose server sends one response; return the result of the call."""
    with ScriptedServer(response) as server:
        return function(connect(server.base_url))


def load_list(client: SelligentClient) -> LoadResult:
    """Load one row into the List `contacts`."""
    return client.load_list("contacts", ["ID1", "ID2", "MAIL"], ["ID1", "ID2"], ROWS, "OnlyUpdate", OPTIONS)


def load_segment(client: SelligentClient) -> LoadResult:
    """Load one row into the Segment `vip`."""
    return client.load_segment("contacts", "vip", ["ID1", "ID2", "MAIL"], ["ID1", "ID2"], ROWS, OPTIONS)


@pytest.mark.parametrize(
    ("function", "method", "path", "query", "body"),
    [
        (lambda client: client.get_list("contacts"), "GET", "lists/contacts", {}, None),
        (
            lambda client: client.create_list("contacts", "Our contacts"),
            "POST",
            "lists",
            {},
            {"api_name": "contacts", "name": "contacts", "type": "Userlist", "description": "Our contacts"},
        ),
        (lambda client: client.get_fields("contacts"), "GET", "lists/contacts/fields", {}, None),
        (
            lambda client: client.create_fields("contacts", [FieldDefinition("MAIL", FieldType.TEXT, 80)]),
            "POST",
            "lists/contacts/fields",
            {},
            {"fields": [{"name": "MAIL", "data_type": "Text", "length": 80, "allow_null": True}]},
        ),
        (
            lambda client: client.list_segments("contacts", 7),
            "GET",
            "lists/contacts/segments",
            {"skip": "0", "take": "7"},
            None,
        ),
        (lambda client: client.get_segment("contacts", "vip"), "GET", "lists/contacts/segments/vip", {}, None),
        (
            lambda client: client.create_segment("contacts", "vip"),
            "POST",
            "lists/contacts/segments/static",
            {},
            {"api_name": "vip", "name": "vip"},
        ),
        (
            load_list,
            "POST",
            "lists/contacts/data/load",
            LOAD_QUERY | {"data_import_option": "OnlyUpdate"},
            [[1, 2, "a"]],
        ),
        (load_segment, "POST", "lists/contacts/segments/vip/data/load", LOAD_QUERY, [[1, 2, "a"]]),
        (
            lambda client: client.clear_segment("contacts", "vip"),
            "DELETE",
            "lists/contacts/segments/vip/data/clear",
            {},
            None,
        ),
    ],
    ids=[
        "get_list",
        "create_list",
        "get_fields",
        "create_fields",
        "list_segments",
        "get_segment",
        "create_segment",
        "load_list",
        "load_segment",
        "clear_segment",
    ],
)
def test_each_method_sends_its_request(
    function: Callable[[SelligentClient], Any], method: str, path: str, query: dict[str, str], body: Any
) -> None:
    """Each method calls its endpoint, with the parameters in the spelling of the API reference."""
    with ScriptedServer(json_response({"fields": []})) as server:
        function(connect(server.base_url))
    (request,) = server.requests
    assert (request.method, "/".join(request.path), request.query, request.json) == (method, path, query, body)


@pytest.mark.parametrize(
    "response",
    [
        json_response({}, 404),
        json_response({"result_code": "NotFound"}, 400),
        json_response({"result_code": "NotFound"}),
    ],
    ids=["404", "400 NotFound", "200 NotFound"],
)
def test_a_missing_list_or_segment_is_none(response: bytes) -> None:
    """A List or Segment that does not exist is None, in all ways in which a tenant can report it."""
    assert call(response, lambda client: client.get_list("contacts")) is None
    assert call(response, lambda client: client.get_segment("contacts", "vip")) is None


def test_names_have_the_spelling_of_the_tenant() -> None:
    """Details hold the name as the response spells it; the requested name if the response has none."""
    found = json_response({"api_name": "Contacts", "description": "Ours"})
    assert call(found, lambda client: client.get_list("contacts")) == ListDetails("Contacts", "Ours")
    assert call(json_response({}), lambda client: client.get_list("contacts")) == ListDetails("contacts", "")
    found = json_response({"api_name": "VIP", "type": "Dynamic"})
    assert call(found, lambda client: client.get_segment("contacts", "vip")) == SegmentDetails("VIP", "Dynamic")
    assert call(json_response({}), lambda client: client.get_segment("contacts", "vip")) == SegmentDetails("vip", "")


def test_the_segments_of_a_list_are_read() -> None:
    """The listing holds the type as `segment_type`. Entries that are not objects are left out."""
    found = json_response({"segments": [{"api_name": "VIP", "segment_type": "Static"}, None, "x"]})
    assert call(found, lambda client: client.list_segments("contacts", 9)) == [SegmentDetails("VIP", "Static")]


@pytest.mark.parametrize("segments", [None, 5, "x", {}], ids=str)
def test_a_listing_without_segments_is_empty(segments: object) -> None:
    """A listing whose `segments` is not an array has none."""
    assert call(json_response({"segments": segments}), lambda client: client.list_segments("contacts", 9)) == []


@pytest.mark.parametrize(
    ("field", "definition"),
    [
        ({"name": "A", "data_type": "Text", "length": 9}, FieldDefinition("A", FieldType.TEXT, 9)),
        ({"name": "A", "data_type": "DATETIME", "content": "Free"}, FieldDefinition("A", FieldType.DATE_TIME)),
        ({"name": "A", "data_type": "Geometry"}, FieldDefinition("A", FieldType.UNKNOWN)),
        ({"name": "A", "data_type": "Long", "length": "9"}, FieldDefinition("A", FieldType.LONG)),
        ({"name": "A", "data_type": "Long", "content": ""}, FieldDefinition("A", FieldType.LONG)),
        ({"name": "A", "data_type": "Long", "content": None}, FieldDefinition("A", FieldType.LONG)),
        (
            {"name": "A", "data_type": "Long", "content": "ComputedPersisted"},
            FieldDefinition("A", FieldType.LONG, writable=False),
        ),
        ({}, FieldDefinition("", FieldType.UNKNOWN)),
    ],
    ids=["text", "case", "unknown type", "bad length", "empty content", "null content", "computed", "empty"],
)
def test_fields_are_read(field: dict[str, Any], definition: FieldDefinition) -> None:
    """A field has the name, type and length of the response. A computed field cannot be written."""
    assert call(json_response({"fields": [field, 1]}), lambda client: client.get_fields("contacts")) == [definition]


@pytest.mark.parametrize("body", [{}, {"fields": None}, {"fields": {}}], ids=str)
def test_a_response_without_fields_is_an_error(body: dict[str, Any]) -> None:
    """No List is without fields, so a response without them is not treated as an empty List."""
    with pytest.raises(UnexpectedResponseError, match="GET lists/contacts/fields: the response has no fields"):
        call(json_response(body), lambda client: client.get_fields("contacts"))


def test_the_counts_of_a_load_are_read() -> None:
    """A load result has the counts, refused rows and message of the response."""
    response = {
        "result_code": "PartiallySucceeded",
        "message": "Some rows failed",
        "number_of_inserted_records": 1,
        "number_of_updated_records": 2,
        "number_of_duplicate_records": 3,
        "number_of_records_not_found": 4,
        "number_of_failed_records": 5,
        "invalid_records": [
            {"record_index": 7, "field_name": "MAIL", "message": "too long", "validation_code": "InvalidType"},
            {"record_index": "8"},
            "9",
        ],
    }
    listed = (RefusedRow(7, "MAIL", "too long", "InvalidType"), RefusedRow(-1, None, "no reason given", "Unknown"))
    result = LoadResult(1, 2, 3, 4, 5, listed, load_failed=False, message="Some rows failed")
    assert call(json_response(response), load_list) == result
    assert call(json_response(response), load_segment) == result


@pytest.mark.parametrize("value", [None, "3", [], {"a": 1}], ids=str)
def test_counts_that_are_not_numbers_are_zero(value: object) -> None:
    """A count or a list of refused rows of another type does not end the run."""
    body = {"result_code": "Succeeded", "number_of_inserted_records": value, "number_of_failed_records": value}
    assert call(json_response(body | {"invalid_records": value}), load_list) == LoadResult(0, 0, 0, 0, 0, ())


@pytest.mark.parametrize(
    ("status", "code", "load_failed"),
    [
        (200, "Succeeded", False),
        (200, "PartiallySucceeded", False),
        (200, None, False),
        (200, "Failed", True),
        (200, "ValidationFailed", True),
        (400, "Succeeded", True),
        (422, None, True),
    ],
    ids=str,
)
def test_a_load_with_refused_rows_may_have_failed_as_a_whole(
    status: int, code: str | None, *, load_failed: bool
) -> None:
    """Refused rows are a result, not an error. The status or `result_code` decides whether the whole load failed."""
    body = {"result_code": code, "number_of_failed_records": 1, "invalid_records": [{"record_index": 0}]}
    result = call(json_response(body, status), load_list)
    assert result.load_failed is load_failed
    assert result.refused == (RefusedRow(0, None, "no reason given", "Unknown"),)


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("No unique index covers the key fields", True),
        ("A unique, non-clustered index is needed", True),
        ("The index does not cover MAIL", True),
        ("Index is missing", True),
        ("An index is required", True),
        ("The list has no business key", True),
        ("The list has no BusinessKey", True),
        ("Field MAIL is unknown", False),
        ("The index of the row is 5", False),
        ("The value must be unique", False),
        ("", False),
    ],
)
def test_a_missing_index_is_recognized(message: str, *, missing: bool) -> None:
    """An error message about a unique index becomes an error that names the key fields; others stay as they are."""
    with pytest.raises(BadRequestError) as caught:
        call(json_response({"result_code": "ValidationFailed", "message": message}, 400), load_list)
    assert isinstance(caught.value, MissingIndexError) is missing
    assert (caught.value.call, caught.value.status) == ("POST lists/contacts/data/load", 400)
    assert ("create a unique index over the key fields ID1, ID2 of List contacts" in str(caught.value)) is missing


def test_an_index_over_too_many_fields_is_mentioned() -> None:
    """Selligent allows an index over three fields at most. With more key fields, the message says so."""
    keys = ["A", "B", "C", "D"]
    response = json_response({"message": "no unique index"}, 400)
    for count, text in (
        (3, "unique index over the key fields A, B, C "),
        (4, "unique index (of at most 3 fields) over"),
    ):
        with pytest.raises(MissingIndexError) as caught:
            call(response, lambda client: client.load_segment("l", "s", keys[:count], keys[:count], ROWS, OPTIONS))  # noqa: B023 - called at once
        assert text in str(caught.value)


def test_bodies_are_limited_once_the_line_was_slow() -> None:
    """The size of a body is not limited until an upload has shown that the line is slow."""
    transport = Transport("http://127.0.0.1:1", "key", "hidden", "my_org", timeout=60, pacer=Pacer(100))
    client = SelligentClient(transport)
    assert client.max_upload_bytes == sys.maxsize
    transport.uplink.record_upload_timeout(15_000_000, 15)
    assert client.max_upload_bytes == transport.uplink.max_bytes
    assert client.max_upload_bytes < 15_000_000


def test_only_successful_calls_count_as_response_time() -> None:
    """The response time of a thread starts at 0, grows with a successful call, and does not grow with a failed one."""
    with ScriptedServer(json_response(SUCCEEDED), json_response({}, 400)) as server:
        client = connect(server.base_url)
        assert client.response_seconds == 0
        client.clear_segment("contacts", "vip")
        seconds = client.response_seconds
        assert seconds > 0
        with pytest.raises(BadRequestError):
            client.clear_segment("contacts", "vip")
        assert client.response_seconds == seconds
        client.close()

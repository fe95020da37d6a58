"""A List as a destination: what is checked, what is created, and what ends the run before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.errors import BadRequestError, DestinationError, NotFoundError, RejectedRecord
from target_selligent.loading.destination import CREATED_BY, ListDestination
from target_selligent.records.fields import derive_stream_fields
from tests.unit.prepared_server import NOT_FOUND, REFUSED

if TYPE_CHECKING:
    from target_selligent.records.fields import StreamFields
    from tests.unit.prepared_server import PreparedServer

GET_LIST, GET_FIELDS, GET_SEGMENTS = "GET lists/contacts", "GET lists/contacts/fields", "GET lists/contacts/segments"
POST_LIST, POST_FIELDS = "POST lists", "POST lists/contacts/fields"
POST_SEGMENT = "POST lists/contacts/segments/static"
LIST = {"api_name": "contacts", "description": "Made by hand"}
KEY: dict[str, Any] = {"name": "KEY", "data_type": "Text", "length": 100}
NAME: dict[str, Any] = {"name": "NAME", "data_type": "Text", "length": 100}
FIELDS = {"fields": [KEY, NAME]}
FORBIDDEN = {"status": 401, "message": "not granted"}


def stream_fields(**columns: str) -> StreamFields:
    """Return the fields of a stream with a column `key` and others, each with its JSON type."""
    schema = {"properties": {name: {"type": kind} for name, kind in {"key": "string", **columns}.items()}}
    return derive_stream_fields("customers", schema, ["key"])


def destination(server: PreparedServer, *, create: bool = False) -> ListDestination:
    """Return the List `contacts`, which is created or not if it is missing."""
    return ListDestination(server.client(), "contacts", create_list=create, create_segments=create)


def prepare(server: PreparedServer, *, create: bool = False, **columns: str) -> ListDestination:
    """Return a prepared destination."""
    contacts = destination(server, create=create)
    contacts.prepare("customers", stream_fields(**columns))
    return contacts


@pytest.fixture
def contacts(server: PreparedServer) -> PreparedServer:
    """A tenant with a List."""
    server.answer(GET_LIST, LIST)
    server.answer(GET_FIELDS, FIELDS)
    return server


def test_a_list_that_exists_gives_spelling_and_types(server: PreparedServer) -> None:
    """The tenant's spelling of the List and its fields is used, and its types; nothing is created."""
    server.answer(GET_LIST, LIST | {"api_name": "Contacts"})
    server.answer("GET lists/Contacts/fields", {"fields": [KEY | {"name": "Key"}, NAME | {"data_type": "LongText"}]})
    contacts = destination(server)
    fields = contacts.prepare("customers", stream_fields(name="string"))
    assert contacts.api_name == "Contacts"
    assert [(column.field.name, column.field.data_type.value) for column in fields.columns] == [
        ("Key", "Text"),
        ("NAME", "LongText"),
    ]
    field = contacts.field("nAmE")
    assert field is not None
    assert field.name == "NAME"
    assert contacts.field("OTHER") is None
    assert not [call for call in server.calls if call.startswith("POST")]


def test_a_missing_list_ends_the_run_unless_it_may_be_created(server: PreparedServer) -> None:
    """The message names the settings, and nothing is created."""
    with pytest.raises(DestinationError, match=r"List contacts does not exist: .*create_list_if_not_exists"):
        prepare(server)
    assert server.calls == [GET_LIST]


def test_a_missing_list_is_created_with_all_fields(server: PreparedServer) -> None:
    """The List bears the target's mark, and its fields are created in one call."""
    server.answer(GET_LIST, NOT_FOUND, LIST)
    server.answer(POST_LIST, {})
    server.answer(GET_FIELDS, {"fields": []}, FIELDS)
    server.answer(POST_FIELDS, {})
    prepare(server, create=True, name="string")
    (created,) = server.bodies_of(POST_LIST)
    assert (created["api_name"], created["description"]) == ("contacts", CREATED_BY)
    (body,) = server.bodies_of(POST_FIELDS)
    assert [field["name"] for field in body["fields"]] == ["KEY", "NAME"]


def test_a_new_list_is_waited_for(server: PreparedServer) -> None:
    """A List that was just created may not be found for a moment."""
    server.answer(GET_LIST, NOT_FOUND, NOT_FOUND, LIST)
    server.answer(POST_LIST, {})
    server.answer(GET_FIELDS, NOT_FOUND, FIELDS)
    prepare(server, create=True, name="string")
    assert (server.count(GET_LIST), server.count(GET_FIELDS)) == (3, 2)


def test_a_list_that_another_run_creates_at_the_same_time_is_used(server: PreparedServer) -> None:
    """If Selligent refuses to create it, and it is there then, the run goes on."""
    server.answer(GET_LIST, NOT_FOUND, LIST)
    server.answer(POST_LIST, REFUSED)
    server.answer(GET_FIELDS, FIELDS)
    prepare(server, create=True, name="string")
    server.answer(GET_LIST, NOT_FOUND)
    with pytest.raises(BadRequestError, match="not like this"):
        prepare(server, create=True, name="string")


def test_a_list_name_that_cannot_be_one_is_not_sent(server: PreparedServer) -> None:
    """A name with a blank is refused before the call that would create the List."""
    wrong = ListDestination(server.client(), "my contacts", create_list=True, create_segments=False)
    with pytest.raises(DestinationError, match="change list_api_name"):
        wrong.prepare("customers", stream_fields())
    assert not [call for call in server.calls if call.startswith("POST")]


def test_missing_fields_of_somebody_elses_list_end_the_run(contacts: PreparedServer) -> None:
    """The message names the columns and the fields that the List has; nothing is created."""
    with pytest.raises(DestinationError, match=r"no such fields: AGE \(column age\); .* the List has: .*NAME"):
        prepare(contacts, create=True, age="integer")
    assert contacts.count(POST_FIELDS) == 0


def test_missing_fields_of_the_targets_own_list_are_created(contacts: PreparedServer) -> None:
    """A List that a run created gets what a later schema brings; what it has is not created again."""
    contacts.answer(GET_LIST, LIST | {"description": CREATED_BY})
    contacts.answer(GET_FIELDS, FIELDS, {"fields": [KEY, NAME, {"name": "AGE", "data_type": "Long"}]})
    contacts.answer(POST_FIELDS, {})
    prepare(contacts, create=True, name="string", age="integer")
    (body,) = contacts.bodies_of(POST_FIELDS)
    assert [field["name"] for field in body["fields"]] == ["AGE"]


def test_fields_that_are_accepted_and_not_listed_end_the_run(contacts: PreparedServer) -> None:
    """Loading into a field that is not there would lose its values."""
    contacts.answer(GET_LIST, LIST | {"description": CREATED_BY})
    contacts.answer(POST_FIELDS, {})
    with pytest.raises(DestinationError, match="accepted the fields AGE but does not list them"):
        prepare(contacts, create=True, age="integer")


def test_columns_that_cannot_be_fields_are_named_before_anything_is_created(server: PreparedServer) -> None:
    """The message proposes a `field_mapping`."""
    fields = derive_stream_fields(
        "customers", {"properties": {"key": {"type": "string"}, "zip code": {"type": "string"}}}, ["key"]
    )
    with pytest.raises(DestinationError, match=r'field_mapping: \{"zip code": "ZIP_CODE"\}'):
        destination(server, create=True).prepare("customers", fields)
    assert server.count(POST_LIST) == 0


def test_a_computed_field_cannot_be_loaded(contacts: PreparedServer) -> None:
    """The message names field and column, and how to leave the column out."""
    contacts.answer(GET_FIELDS, {"fields": [KEY, NAME | {"content": "computed"}]})
    with pytest.raises(DestinationError, match=r"computes these fields itself.*NAME \(column name\).*field_mapping"):
        prepare(contacts, name="string")


def test_one_listing_finds_many_segments(contacts: PreparedServer) -> None:
    """Segments in the listing need no call of their own, in whatever spelling."""
    listed = [{"api_name": name, "segment_type": "Static"} for name in ("Vip", "other")]
    contacts.answer(GET_SEGMENTS, {"segments": listed})
    prepared = prepare(contacts)
    assert [prepared.segment_name(name) for name in ("vip", "VIP", "other")] == ["Vip", "Vip", "other"]
    assert contacts.count(GET_SEGMENTS) == 1
    assert not [call for call in contacts.calls if call.startswith(f"{GET_SEGMENTS}/")]


@pytest.mark.parametrize("listing", [{"segments": []}, FORBIDDEN], ids=["not in the listing", "no permission"])
def test_a_segment_that_is_not_listed_is_looked_up(contacts: PreparedServer, listing: dict[str, Any]) -> None:
    """The listing ends after some Segments and needs its own permission: a GET is certain."""
    contacts.answer(GET_SEGMENTS, listing)
    contacts.answer(f"{GET_SEGMENTS}/vip", {"api_name": "Vip", "type": "Static"})
    prepared = prepare(contacts)
    assert [prepared.segment_name("vip") for _ in range(2)] == ["Vip", "Vip"]
    assert contacts.count(f"{GET_SEGMENTS}/vip") == 1


def test_a_segment_that_is_not_static_ends_the_run(contacts: PreparedServer) -> None:
    """Only static Segments can be loaded."""
    contacts.answer(GET_SEGMENTS, {"segments": [{"api_name": "vip", "segment_type": "Dynamic"}]})
    with pytest.raises(DestinationError, match="Segment vip of List contacts is Dynamic"):
        prepare(contacts).segment_name("vip")


def test_a_missing_segment_ends_the_run_unless_it_may_be_created(contacts: PreparedServer) -> None:
    """The message names the settings; with permission, the Segment is created once."""
    with pytest.raises(DestinationError, match="create_segment_if_not_exists"):
        prepare(contacts).segment_name("vip")
    contacts.answer(POST_SEGMENT, {})
    prepared = prepare(contacts, create=True)
    assert [prepared.segment_name("vip") for _ in range(2)] == ["vip", "vip"]
    assert contacts.bodies_of(POST_SEGMENT) == [{"api_name": "vip", "name": "vip"}]


@pytest.mark.parametrize("name", ["a/b", "../x", "a?b", "a b"])
def test_a_name_that_no_segment_can_have_is_rejected_once(contacts: PreparedServer, name: str) -> None:
    """Such a name never becomes another path; the answer is remembered."""
    prepared = prepare(contacts, create=True)
    for _ in range(2):
        with pytest.raises(RejectedRecord) as caught:
            prepared.segment_name(name)
        assert caught.value.code == "bad_segment"
    assert contacts.count(POST_SEGMENT) == 0
    looked_up = [call for call in contacts.calls if call.startswith(f"{GET_SEGMENTS}/")]
    assert looked_up == ([f"{GET_SEGMENTS}/a%20b"] if name == "a b" else [])


def test_what_was_not_created_in_this_run_is_not_waited_for(contacts: PreparedServer) -> None:
    """A List that was deleted ends the run at once."""
    calls = []

    def load() -> None:
        calls.append(1)
        raise NotFoundError("gone", call="POST lists/contacts/data/load")

    with pytest.raises(NotFoundError):
        prepare(contacts).retry_until_visible(load)
    assert len(calls) == 1

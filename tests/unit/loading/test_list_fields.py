"""A List and its fields: what is checked, what is created, and what ends the run before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import BadRequestError, DestinationError
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.list_fields import CREATED_BY
from target_selligent.records.fields import derive_stream_fields
from tests.unit.loading.contacts import (
    FIELDS,
    GET_FIELDS,
    GET_LIST,
    KEY,
    LIST,
    NAME,
    POST_FIELDS,
    POST_LIST,
    destination,
    prepare,
    stream_fields,
)
from tests.unit.prepared_server import NOT_FOUND, REFUSED

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer


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


def test_what_another_run_creates_at_the_same_time_is_found(contacts: PreparedServer) -> None:
    """Selligent refuses the whole call for one field that is there now; the others are created in the next call."""
    age, city = {"name": "Age", "data_type": "Long"}, {"name": "CITY", "data_type": "Text", "length": 500}
    contacts.answer(GET_FIELDS, FIELDS, {"fields": [KEY, age]}, {"fields": [KEY, age]}, {"fields": [KEY, age, city]})
    contacts.answer(POST_FIELDS, REFUSED, {})
    fields = destination(contacts).prepare("customers", stream_fields(age="integer", city="string"), add_fields=True)
    assert [column.field.name for column in fields.columns] == ["KEY", "Age", "CITY"]
    bodies = contacts.bodies_of(POST_FIELDS)
    assert [[field["name"] for field in body["fields"]] for body in bodies] == [["AGE", "CITY"], ["CITY"]]


def test_a_field_that_is_lost_is_created_again(contacts: PreparedServer) -> None:
    """Older releases lost fields of two calls at the same time."""
    age, city = {"name": "AGE", "data_type": "Long"}, {"name": "CITY", "data_type": "Text", "length": 500}
    contacts.answer(GET_FIELDS, FIELDS, {"fields": [KEY, age]}, {"fields": [KEY, age, city]})
    contacts.answer(POST_FIELDS, {})
    destination(contacts).prepare("customers", stream_fields(age="integer", city="string"), add_fields=True)
    assert contacts.count(POST_FIELDS) == 2


def test_a_field_that_is_refused_ends_the_run(contacts: PreparedServer) -> None:
    """With what Selligent says, after one call."""
    contacts.answer(POST_FIELDS, REFUSED)
    with pytest.raises(BadRequestError, match="not like this"):
        destination(contacts).prepare("customers", stream_fields(age="integer"), add_fields=True)
    assert contacts.count(POST_FIELDS) == 1


def test_what_must_not_be_created_is_not_added(contacts: PreparedServer) -> None:
    """Of a stream whose records all leave, nothing is created, whatever the setting says."""
    with pytest.raises(DestinationError, match="no such fields: AGE"):
        destination(contacts).prepare("customers", stream_fields(age="integer"), may_create=False, add_fields=True)


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

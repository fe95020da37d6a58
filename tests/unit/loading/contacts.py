"""A List `contacts` on a server with prepared responses, and what the tests of destinations say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.loading.destination import ListDestination
from target_selligent.records.fields import derive_stream_fields

if TYPE_CHECKING:
    from target_selligent.records.field_definitions import StreamFields
    from tests.unit.prepared_server import PreparedServer

GET_LIST, GET_FIELDS, GET_SEGMENTS = "GET lists/contacts", "GET lists/contacts/fields", "GET lists/contacts/segments"
POST_LIST, POST_FIELDS = "POST lists", "POST lists/contacts/fields"
POST_SEGMENT = "POST lists/contacts/segments/static"
LIST = {"api_name": "contacts", "description": "Made by hand"}
KEY: dict[str, Any] = {"name": "KEY", "data_type": "Text", "length": 100}
NAME: dict[str, Any] = {"name": "NAME", "data_type": "Text", "length": 100}
FIELDS = {"fields": [KEY, NAME]}


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

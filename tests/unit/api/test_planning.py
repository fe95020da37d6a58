"""The transport of a plan: reads are sent, writes are answered, and what they create is there for later reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.api.client import LoadOptions, SelligentClient
from target_selligent.api.pacer import Pacer
from target_selligent.api.planning import PlannedCreation, PlanningTransport
from target_selligent.api.relations import RelationDetails
from target_selligent.errors import NotFoundError
from target_selligent.records import FieldDefinition, FieldType

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer

OPTIONS = LoadOptions("Sync", "ImportLastMatch", "ContinueOnError")
NEW = FieldDefinition("NEW", FieldType.TEXT, 10)
PARENT = RelationDetails("ORDERS", "OneToMany", "KEY", "orders", "PERSON")


@pytest.fixture
def planning(server: PreparedServer) -> PlanningTransport:
    """A transport that plans what is written to the prepared server."""
    return PlanningTransport(server.url, "key", "secret", "my_org", timeout=10, pacer=Pacer(10_000))


def test_what_is_planned_can_be_read(server: PreparedServer, planning: PlanningTransport) -> None:
    """A new List is there with its fields, Segments and relations, in any spelling; nothing was sent."""
    client = SelligentClient(planning)
    client.create_list("people", "made here", "Datalist")
    client.create_fields("people", [NEW])
    client.create_segment("people", "vip")
    client.relations.create("people", PARENT)
    details = client.get_list("PEOPLE")
    assert details is not None
    assert (details.api_name, details.description, details.list_type) == ("people", "made here", "Datalist")
    assert [field.name for field in client.get_fields("people")] == ["ID", "NEW"]
    segment = client.get_segment("people", "VIP")
    assert segment is not None
    assert (segment.api_name, segment.segment_type) == ("vip", "Static")
    assert (client.get_segment("people", "other"), client.list_segments("people", 10)) == (None, [])
    assert client.relations.get("people", "orders") == PARENT
    assert client.search_members("people", "vip", [], after=None, take=1) == []
    assert client.search_members("people", None, [], after=None, take=1) == []
    assert server.calls == []
    assert list(map(str, planning.writes.creations)) == [
        "List people (Datalist)",
        "fields NEW of List people",
        "Segment vip of List people",
        "relation ORDERS of List people",
    ]


def test_what_is_planned_stands_beside_what_there_is(server: PreparedServer, planning: PlanningTransport) -> None:
    """New fields and Segments of a List that exists are read with its others, which are asked for."""
    server.answer("GET lists/people/fields", {"fields": [{"name": "KEY", "data_type": "Text"}]})
    server.answer("GET lists/people/segments/old", {"api_name": "old", "type": "Dynamic"})
    client = SelligentClient(planning)
    client.create_fields("people", [NEW])
    client.create_segment("people", "vip")
    assert [field.name for field in client.get_fields("people")] == ["KEY", "NEW"]
    old = client.get_segment("people", "old")
    assert old is not None
    assert old.segment_type == "Dynamic"
    assert client.search_members("people", "vip", [], after=None, take=1) == []
    assert (planning.read_calls, server.calls) == (2, ["GET lists/people/fields", "GET lists/people/segments/old"])
    assert planning.writes.creations[0] == PlannedCreation("fields", "people", ("NEW",))


def test_loads_are_counted_and_accepted(server: PreparedServer, planning: PlanningTransport) -> None:
    """Each row of a load is accepted; nothing is sent."""
    client = SelligentClient(planning)
    loaded = client.load_list("people", ["KEY"], ["KEY"], b'[["a"],["b]"]]', "InsertAndUpdate", OPTIONS)
    assert (loaded.inserted, loaded.refused, loaded.load_failed) == (2, (), False)
    assert client.remove_members("people", "vip", ["KEY"], b'[["a"]]', OPTIONS).removed == 1
    client.clear_segment("people", "vip")
    assert (server.calls, planning.writes.creations) == ([], [])
    assert planning.writes.calls == {"POST load": 1, "DELETE data": 1, "DELETE clear": 1}


def test_reads_fail_as_they_do(server: PreparedServer, planning: PlanningTransport) -> None:
    """What is neither there nor planned is not found."""
    client = SelligentClient(planning)
    assert client.get_list("people") is None
    assert server.calls == ["GET lists/people"]
    client.create_list("people", "made here")
    with pytest.raises(NotFoundError):
        planning.call("GET", ["lists", "people", "segments", "other"])

"""The Segments of a List: which are found, created, rejected, or end the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.errors import DestinationError, RejectedRecord, ServerError
from tests.unit.loading.contacts import GET_SEGMENTS, POST_SEGMENT, destination, prepare, stream_fields

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer

FORBIDDEN = {"status": 401, "message": "not granted"}


def test_one_listing_finds_many_segments(contacts: PreparedServer) -> None:
    """Segments in the listing need no call of their own, in whatever spelling."""
    listed = [{"api_name": name, "segment_type": "Static"} for name in ("Vip", "other")]
    contacts.answer(GET_SEGMENTS, {"segments": listed})
    prepared = prepare(contacts)
    assert [prepared.segment_name(name) for name in ("vip", "VIP", "other")] == ["Vip", "Vip", "other"]
    assert contacts.count(GET_SEGMENTS) == 1
    assert not [call for call in contacts.calls if call.startswith(f"{GET_SEGMENTS}/")]


def test_segments_are_listed_while_the_fields_are_read(contacts: PreparedServer) -> None:
    """Once, before a name is looked up. What Selligent answers to it is said when one is."""
    contacts.answer(GET_SEGMENTS, {"status": 500, "message": "no Segments today"})
    opened = destination(contacts)
    opened.prepare("customers", stream_fields(), has_segments=True)
    for _ in range(2):
        with pytest.raises(ServerError):
            opened.segment_name("vip")
    assert contacts.count(GET_SEGMENTS) == 1


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

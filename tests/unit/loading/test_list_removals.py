"""The removals of the streams of one List: who leaves, how many may leave, and what is never done."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.batches.batch import Rows
from target_selligent.batches.membership import Departure
from target_selligent.errors import DestinationError, FatalApiError
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.list_removals import ListRemovals
from target_selligent.loading.removal_loads import RemovalParts
from target_selligent.loading.report import RunReport
from target_selligent.loading.stream_removals import RemovalPolicy
from target_selligent.records.fields import derive_stream_fields
from target_selligent.records.row_types import Origin
from target_selligent.rejects.rejects import Rejects
from target_selligent.settings.values import Limit
from tests.unit.config import settings_with
from tests.unit.rows import ROUTE

if TYPE_CHECKING:
    from pathlib import Path

    from target_selligent.loading.stream_removals import StreamRemovals
    from tests.unit.prepared_server import PreparedServer

SEARCH, SEARCH_LIST = "POST lists/contacts/segments/vip/data/search", "POST lists/contacts/data/search"
REMOVE, DELETE = "DELETE lists/contacts/segments/vip/data", "DELETE lists/contacts/data"
UPDATE = "POST lists/contacts/data/load"
DONE = {"result_code": "Succeeded"}
MIRROR = RemovalPolicy(mirror=True)
FIELDS = [{"name": "KEY", "data_type": "Long"}, {"name": "GONE", "data_type": "Boolean"}]


class Stream:
    """A stream whose members leave in some way, in a List with a Segment `vip`.

    Attributes:
        list: The removals of its List.
        removals: What notes its members.
        deferred: How often STATE was deferred.
    """

    def __init__(
        self, server: PreparedServer, policy: RemovalPolicy, *members: int, rejects_path: str | None = None
    ) -> None:
        server.answer("GET lists/contacts", {"api_name": "contacts"})
        server.answer("GET lists/contacts/fields", {"fields": FIELDS})
        server.answer("GET lists/contacts/segments", {"segments": [{"api_name": "vip", "segment_type": "Static"}]})
        server.answer(SEARCH, {"data": [[number, key] for number, key in enumerate(members, 1)]}, {"data": []})
        server.answer(SEARCH_LIST, {"data": []})
        for call in (REMOVE, DELETE, UPDATE):
            server.answer(call, DONE)
        self._server = server
        client, settings = server.client(), settings_with(rejects_path=rejects_path)
        destination = ListDestination(client, "contacts", create_list=False, create_segments=False)
        schema = {"properties": {"key": {"type": "integer"}}}
        destination.prepare("people", derive_stream_fields("people", schema, ["key"]))
        parts = RemovalParts(client, settings, Rejects.for_run(settings), RunReport())
        self.deferred = 0
        self.list = ListRemovals(parts, ROUTE, destination)
        self.removals = self.open(policy)

    def open(self, policy: RemovalPolicy, stream: str = ROUTE.stream) -> StreamRemovals:
        """Open a stream of the List."""
        schema = json.dumps({"type": "SCHEMA", "stream": stream}).encode()
        return self.list.open_stream(replace(ROUTE, stream=stream, origin=Origin(stream, schema)), policy, self._defer)

    def note(self, *keys: int, leaving: tuple[bool, ...] = (), segment: str = "vip") -> Rows:
        """Note rows that name the Segment; return those that are loaded."""
        rows = Rows(
            [(key,) for key in keys],
            list(keys),
            [segment] * len(keys),
            [b"{}"] * len(keys),
            list(range(1, 1 + len(keys))),
        )
        return self.removals.note_rows(rows, leaving)

    def finish(self) -> str | None:
        """Plan the removals and do them if nothing is wrong; return what is wrong."""
        problems = list(self.list.plan())
        if problems:
            return "; ".join(problems)
        assert self.list.execute() == 0
        return None

    def removed(self, call: str = REMOVE) -> list[Any]:
        """Return the keys that left by a call."""
        return [key for body in self._server.bodies_of(call) for (key,) in body]

    def _defer(self) -> None:
        self.deferred += 1


def test_members_that_no_record_names_leave_a_mirrored_segment(server: PreparedServer) -> None:
    """The others stay."""
    stream = Stream(server, MIRROR, 1, 2, 3)
    stream.note(1, 3)
    assert stream.finish() is None
    assert stream.removed() == [2]


def test_all_pages_of_members_are_read(server: PreparedServer) -> None:
    """The next page starts after the last record number."""
    stream = Stream(server, MIRROR)
    server.answer(SEARCH, {"data": [[5, 1], [9, 2]]}, {"data": [[12, 3], [13, 4]]}, {"data": []})
    stream.note(1, 2, 4)
    assert stream.finish() is None
    assert stream.removed() == [3]
    filters = [body.get("filters", [{}])[0].get("field_value") for body in server.bodies_of(SEARCH)]
    assert filters == [None, "9", "13"]


def test_a_rejected_record_keeps_its_place(server: PreparedServer) -> None:
    """Nobody leaves because their record was wrong."""
    stream = Stream(server, MIRROR, 1, 2)
    stream.note(1)
    stream.removals.note_kept(2)
    assert stream.finish() is None
    assert stream.removed() == []


def test_more_may_not_leave_than_the_limit_allows(server: PreparedServer) -> None:
    """The problem names the List, the Segment and the numbers."""
    stream = Stream(server, MIRROR, 1, 2, 3)
    stream.note(1)
    problem = stream.finish()
    assert problem is not None
    assert problem.startswith("List contacts: 2 of 3 members would leave (2 of Segment vip), more than max_removals")
    assert stream.removed() == []


def test_as_many_may_leave_as_a_number_allows(server: PreparedServer) -> None:
    """The limit belongs to what is allowed."""
    stream = Stream(server, RemovalPolicy(mirror=True, max_removals=Limit(count=2)), 1, 2, 3)
    stream.note(1)
    assert stream.finish() is None
    assert stream.removed() == [2, 3]


def test_nobody_leaves_if_the_run_read_no_record(server: PreparedServer) -> None:
    """Whatever the limit is: an empty table is more likely a mistake."""
    policy = RemovalPolicy(mirror=True, mirrored_segments=("vip",), max_removals=Limit(share=1.0))
    problem = Stream(server, policy, 1).finish()
    assert problem is not None
    assert problem.endswith("because the run read no record of the stream")


def test_a_mirrored_segment_that_no_record_names_is_emptied(server: PreparedServer) -> None:
    """The settings name it."""
    policy = RemovalPolicy(mirror=True, mirrored_segments=("VIP",), max_removals=Limit(share=1.0))
    stream = Stream(server, policy, 1, 2)
    stream.removals.note_members([7], ())
    assert stream.finish() is None
    assert stream.removed() == [1, 2]


def test_rows_that_leave_are_not_loaded(server: PreparedServer) -> None:
    """They leave at the end, and the STATE waits for that."""
    stream = Stream(server, RemovalPolicy())
    loaded = stream.note(1, 2, 3, leaving=(False, True, False))
    assert loaded.keys == [1, 3]
    assert stream.deferred == 1
    assert stream.finish() is None
    assert stream.removed() == [2]


@pytest.mark.parametrize(("leaving", "removed"), [((True, False), []), ((False, True), [1])])
def test_the_last_record_of_a_key_decides(
    server: PreparedServer, leaving: tuple[bool, ...], removed: list[int]
) -> None:
    """In one chunk too."""
    stream = Stream(server, RemovalPolicy())
    stream.note(1, 1, leaving=leaving)
    stream.finish()
    assert stream.removed() == removed


def test_a_stream_without_removals_has_no_work(server: PreparedServer) -> None:
    """STATE does not wait."""
    stream = Stream(server, RemovalPolicy())
    stream.note(1, 2)
    assert (stream.list.has_work, stream.deferred) == (False, 0)


def test_a_deleted_record_leaves_the_list_if_the_settings_say_so(server: PreparedServer) -> None:
    """It leaves its Segments with it."""
    stream = Stream(server, RemovalPolicy(delete_records=True))
    stream.note(1)
    stream.removals.note_deletion(2, (), Departure((2,)))
    assert stream.finish() is None
    assert (stream.removed(DELETE), stream.removed(), stream.deferred) == ([2], [], 1)


def test_else_a_deleted_record_leaves_the_segments_of_the_stream(server: PreparedServer) -> None:
    """It stays in the List."""
    stream = Stream(server, RemovalPolicy())
    stream.note(1)
    stream.removals.note_deletion(2, (), Departure((2,)))
    assert stream.finish() is None
    assert (stream.removed(DELETE), stream.removed()) == ([], [2])


def test_removal_fields_are_written_before_members_leave(server: PreparedServer) -> None:
    """Each row has the key and the values."""
    stream = Stream(server, RemovalPolicy(removal_fields={"GONE": True}))
    stream.note(1, leaving=(True,))
    assert stream.finish() is None
    assert [call for call in server.calls if call in {UPDATE, REMOVE}] == [UPDATE, REMOVE]
    assert server.bodies_of(UPDATE) == [[[1, True]]]


def test_a_removal_field_must_exist(server: PreparedServer) -> None:
    """The message names the field."""
    with pytest.raises(DestinationError, match="removal_fields names NONE"):
        Stream(server, RemovalPolicy(removal_fields={"NONE": 1}))


def test_streams_of_one_list_agree_on_removal_fields(server: PreparedServer) -> None:
    """What is written for a key does not depend on the stream."""
    stream = Stream(server, RemovalPolicy(removal_fields={"GONE": True}))
    stream.open(RemovalPolicy(), "some")
    with pytest.raises(DestinationError, match="stream others: removal_fields must be the same"):
        stream.open(RemovalPolicy(removal_fields={"GONE": False}), "others")


def test_only_the_segments_of_a_mirrored_stream_are_mirrored(server: PreparedServer) -> None:
    """Another stream's Segment keeps its members, and its records stay in the mirrored one."""
    stream = Stream(server, MIRROR, 1, 2, 3)
    stream.note(1)
    other = stream.open(RemovalPolicy(), "others")
    other.note_members([3, 4], ["vip", "new"])
    assert stream.finish() is None
    assert stream.removed() == [2]
    assert not [call for call in server.calls if "/new" in call]


def test_a_mirrored_stream_without_records_is_found_beside_others(server: PreparedServer) -> None:
    """Each mirrored stream is judged by its own records."""
    policy = RemovalPolicy(mirror=True, mirrored_segments=("vip",), max_removals=Limit(share=1.0))
    stream = Stream(server, policy, 1)
    stream.open(RemovalPolicy(), "others").note_members([7], ["new"])
    problem = stream.finish()
    assert problem is not None
    assert "read no record" in problem


def test_a_refused_removal_is_rejected_as_a_record_of_its_own_stream(server: PreparedServer, tmp_path: Path) -> None:
    """Its line stands behind the SCHEMA of that stream, so that it can be replayed."""
    path = tmp_path / "rejects.jsonl"
    stream = Stream(server, RemovalPolicy(), rejects_path=str(path))
    invalid = {"record_index": 0, "message": "no", "validation_code": "Unknown"}
    server.answer(
        REMOVE, {"result_code": "PartiallySucceeded", "number_of_failed_records": 1, "invalid_records": [invalid]}
    )
    others = stream.open(RemovalPolicy(), "others")
    others.note_removals([1], ["vip"], [Departure((1,), "others", 1, b'{"type": "RECORD", "stream": "others"}')])
    assert list(stream.list.plan()) == []
    assert stream.list.execute() == 1
    assert [json.loads(line)["stream"] for line in path.read_text(encoding="utf-8").splitlines()] == ["others"] * 2


def test_a_segment_that_is_missing_has_no_members(server: PreparedServer) -> None:
    """Nothing is created, and no call is made for it."""
    stream = Stream(server, RemovalPolicy())
    stream.note(1, leaving=(True,), segment="other")
    assert stream.finish() is None
    assert stream.removed() == []
    assert not [call for call in server.calls if call.startswith("POST")]


def test_the_right_to_read_is_checked_before_records_come(server: PreparedServer) -> None:
    """By a search for one record; a stream that comes again is not checked again."""
    stream = Stream(server, MIRROR)
    assert stream.open(MIRROR) is stream.removals
    assert [body["take"] for body in server.bodies_of(SEARCH_LIST)] == [1]


def test_a_missing_right_to_read_ends_the_run(server: PreparedServer) -> None:
    """Before anything is loaded."""
    stream = Stream(server, RemovalPolicy())
    server.answer(SEARCH_LIST, {"status": 401, "message": "not granted"})
    with pytest.raises(FatalApiError):
        stream.open(MIRROR, "others")


@pytest.mark.parametrize(("replayed", "mirrored"), [(False, True), (True, False)])
def test_a_replay_mirrors_nobody(*, replayed: bool, mirrored: bool) -> None:
    """The records of a rejects file do not say who stays."""
    settings = settings_with(segment="vip", segment_data_import_option="mirror", mirrored_segments="vip")
    policy = RemovalPolicy.from_settings(settings.for_stream("people"), replayed=replayed)
    assert (policy.mirror, policy.mirrored_segments) == (mirrored, ("vip",) if mirrored else ())

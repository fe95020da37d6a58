"""The loads by which members and records leave: which call each kind makes, and who is rejected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.batches.batch import Route
from target_selligent.batches.body import Body, encode_rows
from target_selligent.batches.membership import Departure
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.removal_loads import DeletionLoad, MemberRemovalLoad, RemovalParts, UpdateLoad
from target_selligent.loading.report import RunReport
from target_selligent.records.conversions import FieldType
from target_selligent.records.row_types import Origin
from target_selligent.rejects.rejects import Rejects
from tests.unit.config import settings_with

if TYPE_CHECKING:
    from pathlib import Path

    from target_selligent.loading.removal_loads import RemovalLoad
    from tests.unit.prepared_server import PreparedServer

REMOVE, DELETE = "DELETE lists/contacts/segments/vip/data", "DELETE lists/contacts/data"
UPDATE = "POST lists/contacts/data/load"
ORIGIN = Origin("people", b'{"type":"SCHEMA","stream":"people","schema":{}}')
ROUTE = Route("people", "contacts", ("KEY",), ("key",), (FieldType.LONG,), origin=ORIGIN)
DEPARTURES = [Departure((key,), ROUTE.stream, key, b'{"type":"RECORD","record":{"key":%d}}' % key) for key in (1, 2)]
REFUSES_THE_FIRST = {
    "result_code": "PartiallySucceeded",
    "number_of_failed_records": 1,
    "invalid_records": [{"record_index": 0, "field_name": "KEY", "message": "no", "validation_code": "Bad"}],
}


class Run:
    """What removals share, with a rejects file."""

    def __init__(self, server: PreparedServer, folder: Path, **settings: Any) -> None:
        self._path = folder / "rejects.jsonl"
        checked = settings_with(rejects_path=str(self._path), **settings)
        self._client = server.client()
        self.report = RunReport()
        self.parts = RemovalParts(self._client, checked, Rejects.for_run(checked), self.report)

    def load(self, load: RemovalLoad) -> set[int]:
        """Send a load; return the rows that were refused."""
        destination = ListDestination(self._client, "contacts", create_list=False, create_segments=False)
        body = Body()
        body.append(encode_rows([load.row(one) for one in load.departures]), len(load.departures))
        return {int(row) for row in self.parts.part_loader(destination).load(body, load)}

    def rejected(self) -> list[dict[str, Any]]:
        """Return the messages of the rejects file about records."""
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        return [message for message in map(json.loads, lines) if "record" in message]


@pytest.fixture
def run(server: PreparedServer, tmp_path: Path) -> Run:
    """What removals share."""
    return Run(server, tmp_path)


def test_members_leave_their_segment(server: PreparedServer, run: Run) -> None:
    """By their keys, in one call; they are counted with the Segment."""
    server.answer(REMOVE, {"result_code": "Succeeded", "number_of_deleted_records": 2})
    assert run.load(MemberRemovalLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, DEPARTURES, "vip")) == set()
    assert server.calls == [REMOVE]
    assert server.bodies == [[[1], [2]]]
    assert server.queries[0]["keyFields"] == ["KEY"]
    assert [line.split(":")[0] for line in run.report.lines()] == ["Segment vip of List contacts"]


def test_records_are_deleted_from_their_list(server: PreparedServer, run: Run) -> None:
    """By their keys, in one call; they are counted with the List."""
    server.answer(DELETE, {"result_code": "Succeeded"})
    assert run.load(DeletionLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, DEPARTURES)) == set()
    assert server.calls == [DELETE]
    assert server.bodies == [[[1], [2]]]
    assert [line.split(":")[0] for line in run.report.lines()] == ["List contacts"]


def test_fixed_values_are_written_to_records_that_exist(server: PreparedServer, run: Run) -> None:
    """Each row has its key and the values; nobody is inserted."""
    server.answer(UPDATE, {"result_code": "Succeeded"})
    run.load(UpdateLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, DEPARTURES, {"GONE": True, "REASON": None}))
    assert server.calls == [UPDATE]
    assert server.bodies == [[[1, True, None], [2, True, None]]]
    assert "OnlyUpdate" in [value for values in server.queries[0].values() for value in values]


def test_loads_are_as_large_as_the_settings_allow(server: PreparedServer, tmp_path: Path) -> None:
    """The limit is that of Segment loads."""
    server.answer(DELETE, {"result_code": "Succeeded"})
    run = Run(server, tmp_path, segment_batch_size_rows=1)
    run.load(DeletionLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, DEPARTURES))
    assert server.bodies == [[[1]], [[2]]]


def test_a_refused_removal_is_rejected_with_its_record(server: PreparedServer, run: Run) -> None:
    """The rejects file has its message as it came."""
    server.answer(REMOVE, REFUSES_THE_FIRST, {"result_code": "Succeeded"}, REFUSES_THE_FIRST)
    refused = run.load(MemberRemovalLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, DEPARTURES[:1], "vip"))
    assert refused == {0}
    assert [message["record"] for message in run.rejected()] == [{"key": 1}]


def test_a_member_without_a_record_is_only_logged(
    server: PreparedServer, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no message that the rejects file could have."""
    server.answer(REMOVE, REFUSES_THE_FIRST)
    assert run.load(MemberRemovalLoad(run.parts, ROUTE, {ROUTE.stream: ROUTE}, [Departure((1,))], "vip")) == {0}
    assert run.rejected() == []
    assert any(message.startswith("Rejected") for message in caplog.messages)

"""The calls of one load: as few as possible, and each refused row rejected once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.api.client import LoadOptions
from target_selligent.batches.body import Body, encode_rows
from target_selligent.errors import BadRequestError, RunStoppedError
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.loads import LoadShape
from target_selligent.loading.parts import PartLoader
from target_selligent.loading.report import Counts
from target_selligent.loading.sizes import SizeLimit
from target_selligent.records.conversions import FieldType
from tests.unit.prepared_server import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.api.client import SelligentClient
    from target_selligent.api.results import LoadResult
    from target_selligent.loading.outcomes import Refusal, RowIndex
    from tests.unit.prepared_server import PreparedServer

LOAD = "POST lists/contacts/data/load"
LOADED = {"result_code": "Succeeded"}
TOO_LARGE = {"status": 413}
SHAPE = LoadShape("List contacts", ("KEY", "VALUE"), ("KEY",), (FieldType.LONG,), 1000)


class RecordedLoad:
    """A load into a List that keeps what it is told.

    Attributes:
        rejected: The rejected rows, each with its code.
        counts: All counts, added up.
    """

    shape = SHAPE

    def __init__(self, client: SelligentClient, option: str = "ContinueOnError") -> None:
        self._client = client
        self._options = LoadOptions("Sync", "ImportLastMatch", option)
        self.rejected: dict[int, str] = {}
        self.counts = Counts()

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows."""
        return self._client.load_list(
            "contacts", SHAPE.fields, SHAPE.key_fields, body, "InsertAndUpdate", self._options, splittable=splittable
        )

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Keep a rejected row."""
        assert row not in self.rejected
        self.rejected[row] = refusal.rejection.code

    def count(self, counts: Counts) -> None:
        """Add counts."""
        self.counts.add(counts)


class Loads:
    """Loads of one List, made against a prepared server."""

    def __init__(self, server: PreparedServer, *, stop_on_error: bool = False) -> None:
        self._server = server
        self._client = server.client()
        self._option = "StopOnError" if stop_on_error else "ContinueOnError"
        destination = ListDestination(self._client, "contacts", create_list=False, create_segments=False)
        self._parts = PartLoader(
            self._client, destination, SizeLimit(1 << 20), threading.Semaphore(1), stop_on_error=stop_on_error
        )

    def load(self, *keys: int) -> RecordedLoad:
        """Load a row for each key; return what became of them."""
        load = RecordedLoad(self._client, self._option)
        body = Body()
        body.append(encode_rows([(key, "x") for key in keys]), len(keys))
        refused = self._parts.load(body, load)
        assert refused == set(load.rejected)
        return load

    def calls(self) -> list[list[int]]:
        """Return the keys of each call, in order."""
        return [[key for key, _ in body] for body in self._server.bodies_of(LOAD)]


def refuse(*bad: int, base: int = 0) -> Callable[[Sequence[Sequence[Any]]], dict[str, Any]]:
    """Return answers that refuse the rows with some keys, and count rows from a base."""

    def answer(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        found = [index + base for index, (key, _) in enumerate(rows) if key in bad]
        faults = [
            {"record_index": index, "field_name": "VALUE", "message": "no", "validation_code": "Bad"} for index in found
        ]
        inserted = len(rows) - len(found)
        return {
            "result_code": "PartiallySucceeded" if found else "Succeeded",
            "number_of_inserted_records": inserted,
            "number_of_failed_records": len(found),
            "invalid_records": faults,
        }

    return answer


def accept_at_most(rows: int) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return answers that refuse larger bodies."""
    return lambda body: dict(LOADED if len(body) <= rows else TOO_LARGE)


def test_all_rows_in_one_call(server: PreparedServer) -> None:
    """Where nothing is refused, one call is enough."""
    server.answer(LOAD, refuse())
    loads = Loads(server)
    assert loads.load(1, 2, 3).counts == Counts(sent=3, inserted=3)
    assert loads.calls() == [[1, 2, 3]]


def test_no_rows_no_call(server: PreparedServer) -> None:
    """A batch that holds only Segment members has no rows for its List."""
    Loads(server).load()
    assert server.calls == []


def test_a_body_that_is_too_large_is_halved_in_order(server: PreparedServer) -> None:
    """The limit is known from then on: the next load is cut before it is sent."""
    server.answer(LOAD, accept_at_most(2))
    loads = Loads(server)
    loads.load(1, 2, 3, 4)
    assert loads.calls() == [[1, 2, 3, 4], [1, 2], [3, 4]]
    loads.load(5, 6, 7, 8)
    assert loads.calls()[3:] == [[5, 6], [7, 8]]


def test_a_single_row_that_is_too_large_is_rejected(server: PreparedServer) -> None:
    """The other rows are loaded, in calls as small as those that Selligent accepted."""
    server.answer(LOAD, lambda body: dict(TOO_LARGE if 2 in [key for key, _ in body] else LOADED))
    loads = Loads(server)
    assert loads.load(1, 2, 3, 4).rejected == {1: "too_large"}
    assert [call for call in loads.calls() if 2 not in call] == [[1], [3], [4]]


@pytest.mark.parametrize("base", [0, 1])
def test_an_index_that_leaves_the_base_open_is_tried_with_single_rows(server: PreparedServer, base: int) -> None:
    """The row that is refused alone is the one that was meant; the next load needs no further calls."""
    server.answer(LOAD, refuse(3, base=base))
    loads = Loads(server)
    assert loads.load(1, 2, 3, 4).rejected == {2: "Bad"}
    assert all(len(call) == 1 for call in loads.calls()[1:])
    made = len(loads.calls())
    assert loads.load(5, 3, 6).rejected == {1: "Bad"}
    assert loads.calls()[made:] == [[5, 3, 6]]


def test_a_count_without_rows_is_narrowed_down(server: PreparedServer) -> None:
    """If the answer names no row, halves are sent until it is known."""
    named = refuse(3)
    server.answer(LOAD, lambda rows: named(rows) | {"invalid_records": []})
    loads = Loads(server)
    load = loads.load(1, 2, 3, 4)
    assert load.rejected == {2: "Unknown"}
    assert load.counts.refused == 1
    assert loads.calls() == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]


def test_rows_that_fail_without_a_word_are_found(server: PreparedServer) -> None:
    """They are rejected once another row of the load is loaded; before that, the request may be at fault."""
    server.answer(LOAD, lambda rows: dict(REFUSED if 1 in [key for key, _ in rows] else LOADED))
    load = Loads(server).load(1, 2, 3, 4)
    assert load.rejected == {0: "ValidationFailed"}
    assert (load.counts.sent, load.counts.refused) == (4, 1)


def test_a_request_that_always_fails_ends_the_run(server: PreparedServer) -> None:
    """Nothing is rejected, and the run ends after a few calls."""
    server.answer(LOAD, dict(REFUSED))
    loads = Loads(server)
    with pytest.raises(BadRequestError, match="not like this"):
        loads.load(*range(100))
    assert len(loads.calls()) <= 20


def test_a_load_of_refused_rows_is_judged_by_the_load_before(server: PreparedServer) -> None:
    """The first one after a success is rejected; the second one shows that the request is at fault."""
    server.answer(LOAD, dict(LOADED), dict(REFUSED))
    loads = Loads(server)
    loads.load(1)
    assert loads.load(2).rejected == {0: "ValidationFailed"}
    with pytest.raises(BadRequestError):
        loads.load(3)


def test_stop_on_error_ends_the_run_at_the_refused_row(server: PreparedServer) -> None:
    """Nothing is sent again."""
    server.answer(LOAD, refuse(1))
    loads = Loads(server, stop_on_error=True)
    with pytest.raises(RunStoppedError, match="StopOnError"):
        loads.load(1, 2)
    assert loads.calls() == [[1, 2]]

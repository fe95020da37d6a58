"""The Segment buffer: rows of many batches together, within the limits; each ticket finished once, after its loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.batch import Batch, Route, Rows
from target_selligent.batches.body import encode_rows
from target_selligent.batches.segment_buffer import SegmentBuffer, SegmentRows
from target_selligent.records.conversions import FieldType

if TYPE_CHECKING:
    from target_selligent.records.row_types import Segments

ROUTE = Route("people", "contacts", ("KEY",), ("key",), (FieldType.TEXT,), "seg")
OTHER_ROUTE = Route("others", "contacts", ("ID",), ("id",), (FieldType.TEXT,), "seg")
SAME_SPELLING = {name: name for name in ("a", "b", "c", "vip", "old", "new")}


def batch_of(ticket: int, first_number: int, *records: tuple[Any, Segments], route: Route = ROUTE) -> Batch:
    """Return a batch of records, each a key and the Segments that it names."""
    keys = [key for key, _ in records]
    batch = Batch(ticket, route, ("KEY",), 0.0)
    rows = Rows(
        [(key,) for key in keys], keys, [named for _, named in records], [b""] * len(records), range(first_number, 9999)
    )
    if records:
        batch.append(rows, 0, len(records), encode_rows(rows.values))
    batch.group_keys_by_segment()
    return batch


def buffer_of(
    max_rows: int = 10, max_bytes: int = 1000, max_total_rows: int = 100, max_total_bytes: int = 10_000
) -> SegmentBuffer:
    """Return an empty buffer."""
    return SegmentBuffer(
        max_rows=max_rows, max_bytes=max_bytes, max_total_rows=max_total_rows, max_total_bytes=max_total_bytes
    )


def keys_of(rows: SegmentRows) -> list[Any]:
    """Return the keys of the rows."""
    return [key for (key,) in json.loads(rows.body().encode_all())]


def contents(several: list[SegmentRows]) -> list[tuple[str, list[Any]]]:
    """Return each Segment and its keys."""
    return [(rows.segment, keys_of(rows)) for rows in several]


def test_rows_of_several_batches_share_a_load() -> None:
    """Rows of one Segment come together, and each still knows the number of its record."""
    buffer = buffer_of()
    for ticket in (1, 2):
        batch = batch_of(ticket, 10 * ticket, ("a", "vip"), (f"b{ticket}", "vip"))
        assert buffer.add(batch, SAME_SPELLING, 0.0) == []
    assert buffer.pop_finished_tickets() == []
    (rows,) = buffer.pop_all()
    assert keys_of(rows) == ["a", "b1", "a", "b2"]
    assert [rows.record_number(index) for index in range(4)] == [10, 11, 20, 21]
    buffer.note_loaded(rows)
    assert buffer.pop_finished_tickets() == [1, 2]
    assert buffer.oldest_opened_at is None


def test_spellings_of_one_segment_share_a_load() -> None:
    """Names that mean the same Segment share its load; a name that the tenant does not know gets no rows."""
    buffer = buffer_of()
    batch = batch_of(1, 1, ("a", "vip"), ("b", "VIP"), ("c", ("Vip", "no such")), ("d", "no such"))
    assert buffer.add(batch, {"vip": "VIP", "VIP": "VIP", "Vip": "VIP"}, 0.0) == []
    (rows,) = buffer.pop_all()
    assert (rows.segment, keys_of(rows)) == ("VIP", ["a", "b", "c"])
    assert [rows.record_number(index) for index in range(3)] == [1, 2, 3]
    assert buffer.pop_finished_tickets() == []
    buffer.note_loaded(rows)
    assert buffer.pop_finished_tickets() == [1]


def test_routes_do_not_share_a_load() -> None:
    """Rows of streams with different key fields are loaded apart."""
    buffer = buffer_of()
    for ticket, route in enumerate((ROUTE, OTHER_ROUTE)):
        assert buffer.add(batch_of(ticket, 1, ("a", "vip"), route=route), SAME_SPELLING, 0.0) == []
    assert [rows.route for rows in buffer.pop_all()] == [ROUTE, OTHER_ROUTE]


def test_old_rows_are_due() -> None:
    """The time of a Segment's first row decides whether it is due."""
    buffer = buffer_of()
    for ticket, (segment, now) in enumerate((("old", 1.0), ("new", 5.0), ("old", 6.0))):
        assert buffer.add(batch_of(ticket, 1, (int(now), segment)), SAME_SPELLING, now) == []
    assert buffer.oldest_opened_at == 1.0
    assert buffer.pop_due(0.9) == []
    assert contents(buffer.pop_due(1.0)) == [("old", [1, 6])]
    assert buffer.oldest_opened_at == 5.0


def test_the_oldest_row_of_all_routes_is_the_oldest() -> None:
    """The oldest row counts, whichever route has it."""
    buffer = buffer_of()
    for ticket, (route, now) in enumerate(((ROUTE, 2.0), (OTHER_ROUTE, 3.0))):
        assert buffer.add(batch_of(ticket, 1, ("a", "vip"), route=route), SAME_SPELLING, now) == []
    assert buffer.oldest_opened_at == 2.0
    assert [rows.route for rows in buffer.pop_due(2.0)] == [ROUTE]
    assert buffer.oldest_opened_at == 3.0


@pytest.mark.parametrize("limits", [{"max_rows": 4}, {"max_bytes": len("[1][2][3][4]")}], ids=["rows", "bytes"])
def test_a_load_may_be_exactly_as_large_as_the_limit(limits: dict[str, int]) -> None:
    """Rows of two batches that just fit share a load, and the next row starts another one."""
    buffer = buffer_of(**limits)
    full = buffer.add(batch_of(1, 1, (1, "a"), (2, "a")), SAME_SPELLING, 0.0)
    full += buffer.add(batch_of(2, 1, (3, "a"), (4, "a")), SAME_SPELLING, 0.0)
    full += buffer.add(batch_of(3, 1, (5, "a")), SAME_SPELLING, 0.0)
    assert contents(full) == [("a", [1, 2, 3, 4])]
    assert contents(buffer.pop_all()) == [("a", [5])]


def test_a_full_segment_is_returned_at_once() -> None:
    """A Segment with as many rows as a load may have is returned when its last row is added."""
    buffer = buffer_of(max_rows=4)
    assert buffer.add(batch_of(1, 1, (1, "a"), (2, "a")), SAME_SPELLING, 0.0) == []
    assert contents(buffer.add(batch_of(2, 1, (3, "a"), (4, "a")), SAME_SPELLING, 0.0)) == [("a", [1, 2, 3, 4])]
    assert buffer.pop_all() == []


@pytest.mark.parametrize("limits", [{"max_rows": 3}, {"max_bytes": len("[1][2][3][4]") - 1}], ids=["rows", "bytes"])
def test_rows_that_do_not_fit_start_another_load(limits: dict[str, int]) -> None:
    """The rows of a batch in one Segment stay together: if they do not fit, the rows before them are loaded."""
    buffer = buffer_of(**limits)
    assert buffer.add(batch_of(1, 1, (1, "a"), (2, "a")), SAME_SPELLING, 0.0) == []
    full = buffer.add(batch_of(2, 1, (3, "a"), (4, "a")), SAME_SPELLING, 0.0)
    assert contents(full)[0] == ("a", [1, 2])
    assert contents(full[1:] + buffer.pop_all()) == [("a", [3, 4])]


def test_many_rows_are_encoded_in_several_steps() -> None:
    """Rows that are encoded at different times come out once, in order, each with the number of its record."""
    buffer = buffer_of(max_rows=2000, max_bytes=1 << 20, max_total_rows=2000, max_total_bytes=1 << 20)
    for ticket in (1, 2):
        records = [(key, "a") for key in range(1000 * ticket, 1000 * ticket + 600)]
        assert buffer.add(batch_of(ticket, 1000 * ticket, *records), SAME_SPELLING, 0.0) == []
    (rows,) = buffer.pop_all()
    wanted = [*range(1000, 1600), *range(2000, 2600)]
    assert keys_of(rows) == keys_of(rows) == wanted
    assert [rows.record_number(index) for index in (0, 599, 600, 1199)] == [1000, 1599, 2000, 2599]


@pytest.mark.parametrize("buffer", [buffer_of(max_total_rows=2), buffer_of(max_total_bytes=6)], ids=["rows", "bytes"])
def test_memory_is_limited(buffer: SegmentBuffer) -> None:
    """When all Segments together have too many rows or bytes, all rows are returned."""
    assert buffer.add(batch_of(1, 1, (1, "a"), (2, "a")), SAME_SPELLING, 0.0) == []
    too_many = buffer.add(batch_of(2, 1, (3, "b")), SAME_SPELLING, 0.0)
    assert contents(too_many) == [("a", [1, 2]), ("b", [3])]
    assert buffer.add(batch_of(3, 1, (1, "a"), (2, "a")), SAME_SPELLING, 0.0) == []


_NAMED: st.SearchStrategy[Segments] = st.sampled_from(["a", "b", "c"]) | st.lists(
    st.sampled_from("abc"), unique=True
).map(tuple)
_BATCHES = st.lists(st.lists(st.tuples(st.integers(0, 200), _NAMED), max_size=12), max_size=8)


@given(_BATCHES, st.integers(1, 6), st.integers(8, 80))
def test_each_member_is_loaded_and_no_ticket_is_finished_early(
    batches: list[list[tuple[int, Segments]]], max_rows: int, max_bytes: int
) -> None:
    """Each member is returned, and each ticket is finished once, when all members of its batch are loaded."""
    buffer = buffer_of(max_rows, max_bytes, max_total_rows=20)
    wanted: dict[int, set[tuple[str, int]]] = {}
    loaded: set[tuple[str, int]] = set()
    finished: list[int] = []

    def load(rows: SegmentRows) -> None:
        assert len(rows.tickets) == 1 or rows.count <= max_rows
        assert len(rows.tickets) == 1 or rows.size_bytes <= max_bytes + 1
        loaded.update((rows.segment, key) for key in keys_of(rows))
        buffer.note_loaded(rows)

    def finish_tickets() -> None:
        for ticket in buffer.pop_finished_tickets():
            assert ticket not in finished
            assert wanted[ticket] <= loaded
            finished.append(ticket)

    for ticket, batch in enumerate(batches):
        wanted[ticket] = {(segment, key) for key, named in batch for segment in named}
        for rows in buffer.add(batch_of(ticket, 1, *batch), SAME_SPELLING, 0.0):
            load(rows)
            finish_tickets()
        finish_tickets()
    for rows in buffer.pop_all():
        load(rows)
    finish_tickets()
    assert sorted(finished) == list(range(len(batches)))
    assert loaded == set().union(*wanted.values())

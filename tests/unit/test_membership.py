"""Segment rows: gathered over batches, within their limits, each batch done once and only when all is loaded."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batch import Batch, Rows, Segments, Source
from target_selligent.body import encode_rows
from target_selligent.conversions import FieldType
from target_selligent.membership import Gathering, SegmentRows

SOURCE = Source("people", "contacts", ("KEY",), ("key",), (FieldType.TEXT,), "seg")
OTHER = Source("others", "contacts", ("ID",), ("id",), (FieldType.TEXT,), "seg")


SAME = {name: name for name in ("a", "b", "c", "vip", "old", "new")}
"""Segments that the tenant spells as records do."""


def batch_of(ticket: int, first_number: int, *pairs: tuple[Any, Segments], source: Source = SOURCE) -> Batch:
    """Return a batch of records, each a key and what it names."""
    keys = [key for key, _ in pairs]
    batch = Batch(ticket, source, ("KEY",), 0.0)
    rows = Rows(
        [(key,) for key in keys], keys, [named for _, named in pairs], [b""] * len(pairs), range(first_number, 99)
    )
    if pairs:
        batch.take(rows, 0, len(pairs), encode_rows(rows.values))
    batch.gather_members()
    return batch


def gathering(max_rows: int = 10, max_bytes: int = 1000, rows: int = 100, size: int = 10_000) -> Gathering:
    """Return an empty one with the given limits."""
    return Gathering(max_rows=max_rows, max_bytes=max_bytes, max_gathered_rows=rows, max_gathered_bytes=size)


def keys_of(gathered: SegmentRows) -> list[Any]:
    """Return the keys of a Segment's rows."""
    return [key for (key,) in json.loads(gathered.body().encoded(range(gathered.count)))]


def taken(gathered: list[SegmentRows]) -> list[tuple[str, list[Any]]]:
    """Return what was handed out, as Segment and keys."""
    return [(one.segment, keys_of(one)) for one in gathered]


def test_members_are_gathered_over_batches() -> None:
    """Rows of one Segment come together over batches, each with the number of its record."""
    held = gathering()
    for ticket in (1, 2):
        batch = batch_of(ticket, 10 * ticket, ("a", "vip"), (f"b{ticket}", "vip"))
        assert held.add(batch, SAME, 0.0) == []
        assert held.end(ticket) == []
    (gathered,) = held.take_all()
    assert keys_of(gathered) == ["a", "b1", "a", "b2"]
    assert [gathered.number(index) for index in range(4)] == [10, 11, 20, 21]
    assert held.loaded(gathered) == [1, 2]
    assert held.oldest is None


def test_spellings_come_together() -> None:
    """Names that mean the same Segment share its load; names that cannot be used are left out."""
    held = gathering()
    batch = batch_of(1, 1, ("a", "vip"), ("b", "VIP"), ("c", ("Vip", "no such")), ("d", "no such"))
    assert held.add(batch, {"vip": "VIP", "VIP": "VIP", "Vip": "VIP"}, 0.0) == []
    (gathered,) = held.take_all()
    assert (gathered.segment, keys_of(gathered)) == ("VIP", ["a", "b", "c"])
    assert [gathered.number(index) for index in range(3)] == [1, 2, 3]
    assert (held.end(1), held.loaded(gathered)) == ([], [1])


def test_sources_are_kept_apart() -> None:
    """Rows of streams with different keys never share a load."""
    held = gathering()
    for ticket, source in enumerate((SOURCE, OTHER)):
        assert held.add(batch_of(ticket, 1, ("a", "vip"), source=source), SAME, 0.0) == []
    assert [one.source for one in held.take_all()] == [SOURCE, OTHER]


def test_old_rows_are_due() -> None:
    """What is due is decided by when a Segment's first row came."""
    held = gathering()
    for ticket, (segment, now) in enumerate((("old", 1.0), ("new", 5.0), ("old", 6.0))):
        assert held.add(batch_of(ticket, 1, (int(now), segment)), SAME, now) == []
    assert held.oldest == 1.0
    assert taken(held.take_due(3.0)) == [("old", [1, 6])]
    assert held.oldest == 5.0


def test_memory_is_bounded() -> None:
    """When more is gathered than may be held, in rows or in bytes, everything is handed out."""
    for held in (gathering(rows=2), gathering(size=8)):
        assert held.add(batch_of(1, 1, (1, "a"), (2, "a")), SAME, 0.0) == []
        full = held.add(batch_of(2, 1, (3, "b")), SAME, 0.0)
        assert taken(full) == [("a", [1, 2]), ("b", [3])]
        assert held.add(batch_of(3, 1, (1, "a"), (2, "a")), SAME, 0.0) == []


_NAMED: st.SearchStrategy[Segments] = st.sampled_from(["a", "b", "c"]) | st.lists(
    st.sampled_from("abc"), unique=True
).map(tuple)
_BATCHES = st.lists(st.lists(st.tuples(st.integers(0, 200), _NAMED), max_size=12), max_size=8)


@given(_BATCHES, st.integers(1, 6), st.integers(8, 80))
def test_nothing_is_lost_and_tickets_are_true(
    batches: list[list[tuple[int, Segments]]], max_rows: int, max_bytes: int
) -> None:
    """Every member is handed out, and a batch is done once, when all of its members are loaded."""
    held = gathering(max_rows, max_bytes, rows=20)
    wanted: dict[int, set[tuple[str, int]]] = {}
    loaded: set[tuple[str, int]] = set()
    done: list[int] = []

    def load(gathered: SegmentRows) -> None:
        assert len(gathered.tickets) == 1 or gathered.count <= max_rows
        assert len(gathered.tickets) == 1 or gathered.size <= max_bytes + 1
        loaded.update((gathered.segment, key) for key in keys_of(gathered))
        finish(held.loaded(gathered))

    def finish(tickets: list[int]) -> None:
        for ticket in tickets:
            assert ticket not in done
            assert wanted[ticket] <= loaded
            done.append(ticket)

    for ticket, batch in enumerate(batches):
        wanted[ticket] = {(segment, key) for key, named in batch for segment in named}
        for full in held.add(batch_of(ticket, 1, *batch), SAME, 0.0):
            load(full)
        finish(held.end(ticket))
    for rest in held.take_all():
        load(rest)
    assert sorted(done) == list(range(len(batches)))
    assert loaded == set().union(*wanted.values())

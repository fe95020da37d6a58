"""Segment rows: who belongs where, gathered over batches, each ticket done once and only when all is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batch import Source, encode_body
from target_selligent.membership import Gathering, SegmentRows, plan_segment_loads, rows_without_segment

SOURCE = Source("people", "contacts", ("KEY",), ("key",), "seg")
OTHER = Source("others", "contacts", ("ID",), ("id",), "seg")


@pytest.mark.parametrize(
    ("segments", "names", "lost", "wanted"),
    [
        ({"a": [0, 1], "b": [2]}, {"a": "A", "b": "b"}, set(), {"A": [0, 1], "b": [2]}),
        ({"a": [0, 1], "b": [1]}, {"a": "a"}, set(), {"a": [0, 1]}),
        ({"a": [0, 1]}, {"a": "a"}, {0}, {"a": [1]}),
        ({"a": [0]}, {"a": "a"}, {0}, {}),
        ({"a": [0], "A": [1]}, {"a": "A", "A": "A"}, set(), {"A": [0, 1]}),
        ({}, {}, set(), {}),
    ],
    ids=["spelling", "unusable", "refused", "all refused", "two spellings", "no Segments"],
)
def test_plans(
    segments: dict[str, list[int]], names: dict[str, str], lost: set[int], wanted: dict[str, list[int]]
) -> None:
    """Rows go to the Segments they name, in the tenant's spelling; those that the List did not take go to none."""
    assert plan_segment_loads(segments, names, lost) == wanted


@pytest.mark.parametrize(
    ("segments", "names", "wanted"),
    [
        ({"a": [0, 1]}, {"a": "a"}, set()),
        ({"a": [0, 1]}, {}, {0, 1}),
        ({"a": [0, 1], "b": [1, 2]}, {"b": "b"}, {0}),
        ({}, {}, set()),
    ],
    ids=["usable", "unusable", "one of two", "no Segments"],
)
def test_rows_without_segment(segments: dict[str, list[int]], names: dict[str, str], wanted: set[int]) -> None:
    """A row is lost only if none of the Segments that it names can be used."""
    assert rows_without_segment(segments, names) == wanted


def taken(gathered: list[SegmentRows]) -> list[tuple[str, list[bytes]]]:
    """Return what was handed out, as Segment and rows."""
    return [(one.segment, list(one.rows)) for one in gathered]


def test_members_are_gathered_over_batches() -> None:
    """Rows of one Segment come together over batches, each once, with the number of its last record."""
    gathering = Gathering(max_rows=10, max_bytes=1000, max_gathered=100)
    for ticket in (1, 2):
        gathering.begin(ticket)
        assert not list(gathering.add(ticket, "vip", SOURCE, {b'["a"]': ticket, b'["b%d"]' % ticket: ticket}, 0.0))
        assert gathering.end(ticket) == []
    (gathered,) = gathering.take_all()
    assert gathered.rows == {b'["a"]': 2, b'["b1"]': 1, b'["b2"]': 2}
    assert gathering.loaded(gathered) == [1, 2]
    assert gathering.oldest is None


def test_sources_are_kept_apart() -> None:
    """Rows of streams with different keys never share a load."""
    gathering = Gathering(max_rows=10, max_bytes=1000, max_gathered=100)
    gathering.begin(1)
    for source in (SOURCE, OTHER):
        assert not list(gathering.add(1, "vip", source, {b'["a"]': 1}, 0.0))
    assert [one.source for one in gathering.take_all()] == [SOURCE, OTHER]


def test_old_rows_are_due() -> None:
    """What is due is decided by when a Segment's first row came."""
    gathering = Gathering(max_rows=10, max_bytes=1000, max_gathered=100)
    gathering.begin(1)
    for segment, now in (("old", 1.0), ("new", 5.0), ("old", 6.0)):
        assert not list(gathering.add(1, segment, SOURCE, {b'["%d"]' % int(now): 1}, now))
    assert gathering.oldest == 1.0
    assert taken(list(gathering.take_due(3.0))) == [("old", [b'["1"]', b'["6"]'])]
    assert gathering.oldest == 5.0


def test_memory_is_bounded() -> None:
    """When more rows are gathered than may be held, everything is handed out."""
    gathering = Gathering(max_rows=10, max_bytes=1000, max_gathered=2)
    gathering.begin(1)
    assert not list(gathering.add(1, "a", SOURCE, {b"[1]": 1, b"[2]": 2}, 0.0))
    assert taken(list(gathering.add(1, "b", SOURCE, {b"[3]": 3}, 0.0))) == [("a", [b"[1]", b"[2]"]), ("b", [b"[3]"])]


_BATCHES = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 200), max_size=12), max_size=3), max_size=8
)


@given(_BATCHES, st.integers(1, 6), st.integers(8, 80))
def test_nothing_is_lost_and_tickets_are_true(
    batches: list[dict[str, list[int]]], max_rows: int, max_bytes: int
) -> None:
    """Every member is handed out within the limits, and a batch is done once, when all of its members are loaded."""
    gathering = Gathering(max_rows=max_rows, max_bytes=max_bytes, max_gathered=20)
    wanted: dict[int, set[tuple[str, bytes]]] = {}
    loaded: set[tuple[str, bytes]] = set()
    done: list[int] = []

    def load(gathered: SegmentRows) -> None:
        assert 1 <= len(gathered.rows) <= max_rows
        assert len(encode_body(gathered.rows)) <= max(max_bytes, max(map(len, gathered.rows)) + 2)
        loaded.update((gathered.segment, row) for row in gathered.rows)
        finish(gathering.loaded(gathered))

    def finish(tickets: list[int]) -> None:
        for ticket in tickets:
            assert ticket not in done
            assert wanted[ticket] <= loaded
            done.append(ticket)

    for ticket, batch in enumerate(batches):
        wanted[ticket] = {(segment, b"[%d]" % key) for segment, keys in batch.items() for key in keys}
        gathering.begin(ticket)
        for segment, keys in batch.items():
            if keys:
                for full in gathering.add(ticket, segment, SOURCE, {b"[%d]" % key: key for key in keys}, 0.0):
                    load(full)
        finish(gathering.end(ticket))
    for rest in gathering.take_all():
        load(rest)
    assert sorted(done) == list(range(len(batches)))
    assert loaded == set().union(*wanted.values())

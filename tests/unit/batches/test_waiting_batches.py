"""Batches that wait in a file: they come back as they were."""

from __future__ import annotations

from target_selligent.batches import Batch, Route, Rows, encode_rows
from target_selligent.batches.waiting_batches import WaitingBatches
from target_selligent.records import FieldType


def _batch(ticket: int, route: Route, keys: list[tuple[object, ...]]) -> Batch:
    batch = Batch(ticket, route, ("A", "B", "C"), 1.5)
    values = [(*key, "é") for key in keys]
    segments: list[str | tuple[str, ...]] = ["s", ("s", "t"), ()]
    lines = [f"line {key}".encode() for key in keys]
    rows = Rows(values, keys, segments[: len(keys)], lines, range(7, 7 + len(keys)))
    batch.append(rows, 0, len(keys), encode_rows(values))
    batch.group_keys_by_segment()
    return batch


def test_batches_come_back_in_order() -> None:
    """Each List's batches come in their order, with rows, keys, Segments, lines and numbers, and only once."""
    kinds = FieldType.LONG, FieldType.TEXT
    route = Route("s", "events", ("A", "B"), ("a", "b"), kinds)
    again = Route("s", "events", ("A", "B"), ("a", "b"), kinds)
    first = _batch(3, route, [(2**62, "x"), (2, "y"), (3, "z")])
    second = _batch(4, again, [(5, "x")])
    waiting = WaitingBatches()
    waiting.put("events", first)
    waiting.put("other", _batch(9, route, [(1, "o")]))
    waiting.put("events", second)
    one, two = waiting.pop_all("events")
    assert (one.route is route, two.route is again) == (True, True)
    for stored, batch in ((first, one), (second, two)):
        assert (batch.ticket, batch.fields, batch.opened_at) == (stored.ticket, stored.fields, stored.opened_at)
        assert batch.body.encode_all() == stored.body.encode_all()
        assert (batch.keys, list(batch.lines)) == (stored.keys, list(stored.lines))
        assert (batch.members.segments, batch.segment_keys) == (stored.members.segments, stored.segment_keys)
        assert (batch.size_bytes, batch.key_bytes) == (stored.size_bytes, stored.key_bytes)
        numbers = [batch.members.record_number(index) for index in range(len(batch))]
        assert numbers == [stored.members.record_number(index) for index in range(len(stored))]
    assert list(waiting.pop_all("events")) == []
    assert [batch.ticket for batch in waiting.pop_all("other")] == [9]


def test_a_member_without_a_row_comes_back() -> None:
    """A Segment member of a rejects file has a key and no row."""
    route = Route("s", "events", ("A",), ("a",), (FieldType.TEXT,))
    batch = Batch(1, route, (), 0)
    batch.append_member("k", "vip", b"line", 4)
    waiting = WaitingBatches()
    waiting.put("events", batch)
    (found,) = waiting.pop_all("events")
    assert (len(found.body), found.segment_keys) == (0, {"vip": ["k"]})

"""Batches: nothing lost, nothing twice, no limit passed, the order of a key kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from target_selligent.batch import Batch, BatchBuffer, Rows, Segments, Source
from target_selligent.body import encode_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = Source("people", "contacts", ("KEY",), ("key",), "seg")
NAMED: list[Segments] = ["s", ("s", "t"), ()]
SHAPES = [("KEY", "A"), ("KEY", "B"), ("KEY",), *[("KEY", f"C{number}") for number in range(9)]]


class Collector:
    """A buffer and what it hands on."""

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self.batches: list[Batch] = []
        self.opened = 0
        self.buffer = BatchBuffer(self._new, self.batches.append, max_rows=max_rows, max_bytes=max_bytes)

    def add(self, shape: tuple[str, ...], rows: Rows) -> None:
        """Put rows in."""
        self.buffer.add(shape, rows, encode_rows(rows.values))

    def _new(self, fields: tuple[str, ...]) -> Batch:
        self.opened += 1
        return Batch(self.opened, SOURCE, fields, float(self.opened))


def rows_of(numbers: Sequence[int], keys: Sequence[int], sizes: Sequence[int]) -> Rows:
    """Return rows that can be told apart: their number, padded to a size; Segments by key."""
    rows = [(number, "x" * size) for number, size in zip(numbers, sizes, strict=True)]
    return Rows(
        rows,
        list(keys),
        [NAMED[key % 3] for key in keys],
        [b"%d" % number for number in numbers],
        numbers,
    )


def decoded(batch: Batch) -> list[tuple[int, str]]:
    """Return a batch's rows."""
    return [tuple(row) for row in json.loads(batch.body.encoded(range(len(batch))))]


def numbers_of(batches: Sequence[Batch]) -> list[list[int]]:
    """Return the numbers of the rows of each batch."""
    return [[number for number, _ in decoded(batch)] for batch in batches]


_CHUNKS = st.lists(
    st.tuples(st.integers(0, len(SHAPES) - 1), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=8)),
    max_size=12,
)


@given(_CHUNKS, st.integers(1, 5), st.integers(20, 200))
def test_batches_joined_are_the_input(
    chunks: list[tuple[int, list[tuple[int, int]]]], max_rows: int, max_bytes: int
) -> None:
    """All rows come out once, side by side with what they came with, within the limits, each key in its order."""
    collector = Collector(max_rows, max_bytes)
    number = 0
    given_rows: dict[int, tuple[tuple[str, ...], int, str]] = {}
    for shape, items in chunks:
        numbers = range(number + 1, number + len(items) + 1)
        number += len(items)
        rows = rows_of(numbers, [key for key, _ in items], [size for _, size in items])
        for index, (key, size) in enumerate(items):
            given_rows[numbers[index]] = SHAPES[shape], key, "x" * size
        if items:
            collector.add(SHAPES[shape], rows)
    collector.buffer.flush()

    order: dict[int, list[int]] = {}
    seen: dict[int, tuple[tuple[str, ...], int, str]] = {}
    for batch in collector.batches:
        assert 1 <= len(batch) <= max_rows
        assert batch.body.size <= max_bytes or len(batch) == 1
        rows_of_batch = decoded(batch)
        for index, (one, text) in enumerate(rows_of_batch):
            assert (batch.members.number(index), batch.lines[index]) == (one, b"%d" % one)
            seen[one] = batch.fields, batch.keys[index], text
            order.setdefault(batch.keys[index], []).append(one)
        for name, members in (("s", {0, 1}), ("t", {1})):
            wanted = [
                (key, number) for key, (number, _) in zip(batch.keys, rows_of_batch, strict=True) if key % 3 in members
            ]
            found_keys = batch.segment_keys.get(name, [])
            assert found_keys == [key for key, _ in wanted]
            assert [batch.members.number_of_member(name, at) for at in range(len(found_keys))] == [
                one for _, one in wanted
            ]
    assert seen == given_rows
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_full_batches_leave_at_once() -> None:
    """A batch is handed on when its last row comes, not when the next one does."""
    collector = Collector(2, 1000)
    collector.add(SHAPES[0], rows_of([1], [1], [1]))
    assert collector.batches == []
    collector.add(SHAPES[0], rows_of([2], [2], [1]))
    assert numbers_of(collector.batches) == [[1, 2]]


def test_shapes_are_gathered_side_by_side() -> None:
    """Rows of two shapes that take turns fill two batches; only a key that comes again cuts the other one."""
    collector = Collector(100, 10_000)
    for number in range(10):
        collector.add(SHAPES[number % 2], rows_of([number], [number], [1]))
    assert collector.batches == []
    collector.add(SHAPES[1], rows_of([10], [0], [1]))
    assert numbers_of(collector.batches) == [[0, 2, 4, 6, 8]]
    collector.buffer.flush()
    assert numbers_of(collector.batches[1:]) == [[1, 3, 5, 7, 9, 10]]


def test_only_old_batches_are_flushed() -> None:
    """A flush by age leaves the batches that were opened later."""
    collector = Collector(100, 10_000)
    collector.add(SHAPES[0], rows_of([1], [1], [1]))
    collector.add(SHAPES[1], rows_of([2], [2], [1]))
    collector.buffer.flush(opened_before=2.0)
    assert numbers_of(collector.batches) == [[1]]
    collector.buffer.flush()
    collector.buffer.flush()
    assert numbers_of(collector.batches) == [[1], [2]]


FIELDS = ("KEY", "A", "B")
VALUES = st.just(UNSET) | st.integers(0, 3)


@given(st.lists(st.tuples(st.integers(0, 4), VALUES, VALUES), min_size=1, max_size=12))
def test_kinds_of_record(values: list[tuple[Any, ...]]) -> None:
    """Rows with the same fields come together, nothing is sent for what a record lacks, a key keeps its order."""
    rows = Rows(values, [row[0] for row in values], (), [b""] * len(values), range(len(values)))
    found: dict[int, dict[str, Any]] = {}
    order: dict[int, list[int]] = {}
    for fields, some in rows.by_fields(FIELDS):
        for row, key, number in zip(some.values, some.keys, some.numbers, strict=True):
            found[number] = dict(zip(fields, row, strict=True))
            order.setdefault(key, []).append(number)
    assert found == {
        number: {name: value for name, value in zip(FIELDS, row, strict=True) if value is not UNSET}
        for number, row in enumerate(values)
    }
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_members_that_the_list_did_not_take() -> None:
    """Rows that were refused join no Segment; those that are left still know their records."""
    batch = Batch(1, SOURCE, SHAPES[0], 0.0)
    rows = rows_of([5, 6, 7, 8], [0, 1, 3, 2], [0, 0, 0, 0])
    batch.take(rows, 0, 4, encode_rows(rows.values))
    batch.gather_members({0})
    assert batch.segment_keys == {"s": [1, 3], "t": [1]}
    assert [batch.members.number_of_member("s", position) for position in (0, 1)] == [6, 7]
    assert list(batch.segment_keys) == ["s", "t"]
    assert batch.members.naming("t") == [1]
    assert batch.members.naming_none_of({"t"}) == {0, 2}


def test_keys_of_several_fields() -> None:
    """A member is known by all of its key fields."""
    source = Source("people", "contacts", ("A", "B"), ("a", "b"), "seg")
    batch = Batch(1, source, ("A", "B"), 0.0)
    rows = Rows([(1, "x"), (2, "y")], [(1, "x"), (2, "y")], ["s", "s"], [b"", b""], [1, 2])
    batch.take(rows, 0, 2, encode_rows(rows.values))
    batch.gather_members()
    assert batch.segment_keys == {"s": [(1, "x"), (2, "y")]}

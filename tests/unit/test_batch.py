"""Batches: nothing lost, nothing twice, no limit passed, the order of a key kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batch import Batch, BatchBuffer, Rows, Source, encode_body

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = Source("people", "contacts", ("KEY",), ("key",), "seg")
SHAPES = [("KEY", "A"), ("KEY", "B"), ("KEY",), *[("KEY", f"C{number}") for number in range(9)]]


class Collector:
    """A buffer and what it hands on."""

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self.batches: list[Batch] = []
        self.opened = 0
        self.buffer = BatchBuffer(self._new, self.batches.append, max_rows=max_rows, max_bytes=max_bytes)

    def _new(self, fields: tuple[str, ...]) -> Batch:
        self.opened += 1
        return Batch(self.opened, SOURCE, fields, float(self.opened))


def rows_of(numbers: Sequence[int], keys: Sequence[int], sizes: Sequence[int]) -> Rows:
    """Return rows that can be told apart: their number, padded to a size; Segments by key."""
    rows = [json.dumps([number, "x" * size]).encode() for number, size in zip(numbers, sizes, strict=True)]
    segments = ["s", ["s", "t"], []]
    return Rows(
        rows,
        [(key,) for key in keys],
        [segments[key % 3] for key in keys],
        [b"%d" % number for number in numbers],
        numbers,
    )


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
    given_rows: dict[int, tuple[tuple[str, ...], int, bytes]] = {}
    for shape, items in chunks:
        numbers = range(number + 1, number + len(items) + 1)
        number += len(items)
        rows = rows_of(numbers, [key for key, _ in items], [size for _, size in items])
        for index, (key, _) in enumerate(items):
            given_rows[numbers[index]] = SHAPES[shape], key, rows.rows[index]
        collector.buffer.add(SHAPES[shape], rows)
    collector.buffer.flush()

    order: dict[int, list[int]] = {}
    seen: dict[int, tuple[tuple[str, ...], int, bytes]] = {}
    for batch in collector.batches:
        assert 1 <= len(batch.rows) <= max_rows
        body = encode_body(batch.rows)
        assert len(body) == batch.body_bytes
        assert len(body) <= max_bytes or len(batch.rows) == 1
        assert [row[0] for row in json.loads(body)] == batch.numbers
        assert batch.lines == [b"%d" % one for one in batch.numbers]
        for one, (key,), row in zip(batch.numbers, batch.keys, batch.rows, strict=True):
            seen[one] = batch.fields, key, row
            order.setdefault(key, []).append(one)
        members = {name: [batch.keys[index][0] for index in indexes] for name, indexes in batch.segments.items()}
        assert members.get("s", []) == [key for (key,) in batch.keys if key % 3 in {0, 1}]
        assert members.get("t", []) == [key for (key,) in batch.keys if key % 3 == 1]
    assert seen == given_rows
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert sum(len(batch.rows) for batch in collector.batches) == number


def test_full_batches_leave_at_once() -> None:
    """A batch is handed on when its last row comes, not when the next one does."""
    collector = Collector(2, 1000)
    collector.buffer.add(SHAPES[0], rows_of([1], [1], [1]))
    assert collector.batches == []
    collector.buffer.add(SHAPES[0], rows_of([2], [2], [1]))
    assert [batch.numbers for batch in collector.batches] == [[1, 2]]


def test_shapes_are_gathered_side_by_side() -> None:
    """Rows of two shapes that take turns fill two batches; only a key that comes again cuts the other one."""
    collector = Collector(100, 10_000)
    for number in range(10):
        collector.buffer.add(SHAPES[number % 2], rows_of([number], [number], [1]))
    assert collector.batches == []
    collector.buffer.add(SHAPES[1], rows_of([10], [0], [1]))
    assert [batch.numbers for batch in collector.batches] == [[0, 2, 4, 6, 8]]
    collector.buffer.flush()
    assert [batch.numbers for batch in collector.batches[1:]] == [[1, 3, 5, 7, 9, 10]]


def test_only_old_batches_are_flushed() -> None:
    """A flush by age leaves the batches that were opened later."""
    collector = Collector(100, 10_000)
    collector.buffer.add(SHAPES[0], rows_of([1], [1], [1]))
    collector.buffer.add(SHAPES[1], rows_of([2], [2], [1]))
    collector.buffer.flush(opened_before=2.0)
    assert [batch.numbers for batch in collector.batches] == [[1]]
    collector.buffer.flush()
    collector.buffer.flush()
    assert [batch.numbers for batch in collector.batches] == [[1], [2]]

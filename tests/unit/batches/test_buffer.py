"""The buffer of a List: each row in one batch, no limit exceeded, each key in order, batches filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.batch import Batch, Route, Rows
from target_selligent.batches.body import encode_rows
from target_selligent.batches.buffer import BatchBuffer
from target_selligent.batches.flush_age import FlushAge
from target_selligent.records.conversions import FieldType
from tests.unit.rows import ROUTE, decoded, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPES = [("KEY", "A"), ("KEY", "B"), ("KEY",), *[("KEY", f"C{number}") for number in range(9)]]


class Collector:
    """A buffer and the batches that it submits."""

    def __init__(self, max_rows: int, max_bytes: int, max_open: int = 100, max_open_bytes: int = 100_000) -> None:
        self.batches: list[Batch] = []
        self.opened = 0
        self.buffer = BatchBuffer(
            self._new,
            self.batches.append,
            max_rows=lambda: max_rows,
            max_bytes=max_bytes,
            max_open=max_open,
            max_open_bytes=max_open_bytes,
        )

    def add(self, shape: tuple[str, ...], rows: Rows) -> None:
        """Put rows in."""
        self.buffer.add(shape, rows, encode_rows(rows.values))

    def _new(self, fields: tuple[str, ...]) -> Batch:
        self.opened += 1
        return Batch(self.opened, _STREAMS[fields[0]], fields, float(self.opened))


def numbers_of(batches: Sequence[Batch]) -> list[list[int]]:
    """Return the numbers of the rows of each batch."""
    return [[number for number, _ in decoded(batch)] for batch in batches]


_CHUNKS = st.lists(
    st.tuples(st.integers(0, len(SHAPES) - 1), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=8)),
    max_size=12,
)


@given(_CHUNKS, st.integers(1, 5), st.integers(20, 200), st.integers(1, 4), st.integers(0, 300))
def test_batches_joined_are_the_input(
    chunks: list[tuple[int, list[tuple[int, int]]]], max_rows: int, max_bytes: int, max_open: int, max_open_bytes: int
) -> None:
    """Each row is in one batch, with its key, line and Segments, within the limits, and each key keeps its order."""
    collector = Collector(max_rows, max_bytes, max_open, max_open_bytes)
    number = 0
    added: dict[int, tuple[tuple[str, ...], int, str]] = {}
    for shape, items in chunks:
        numbers = range(number + 1, number + len(items) + 1)
        number += len(items)
        rows = rows_of(numbers, [key for key, _ in items], [size for _, size in items])
        for index, (key, size) in enumerate(items):
            added[numbers[index]] = SHAPES[shape], key, "x" * size
        if items:
            collector.add(SHAPES[shape], rows)
    collector.buffer.flush()

    order: dict[int, list[int]] = {}
    seen: dict[int, tuple[tuple[str, ...], int, str]] = {}
    for batch in collector.batches:
        assert 1 <= len(batch) <= max_rows
        assert batch.body.size_bytes <= max_bytes or len(batch) == 1
        rows_of_batch = decoded(batch)
        for index, (one, text) in enumerate(rows_of_batch):
            assert (batch.members.record_number(index), batch.lines[index]) == (one, b"%d" % one)
            seen[one] = batch.fields, batch.keys[index], text
            order.setdefault(batch.keys[index], []).append(one)
        for name, members in (("s", {0, 1}), ("t", {1})):
            wanted = [
                (key, number) for key, (number, _) in zip(batch.keys, rows_of_batch, strict=True) if key % 3 in members
            ]
            found_keys = batch.segment_keys.get(name, [])
            assert found_keys == [key for key, _ in wanted]
            assert [batch.members.member_record_number(name, at) for at in range(len(found_keys))] == [
                one for _, one in wanted
            ]
    assert seen == added
    assert all(numbers == sorted(numbers) for numbers in order.values())


_SPELLINGS = ["a", "A", "a ", "ä", "b", "B"]
_STREAMS = {
    "KEY": ROUTE,
    "MAIL": Route("others", "contacts", ("MAIL",), ("mail",), (FieldType.TEXT,)),
    "TEXT": Route("people", "contacts", ("KEY",), ("key",), (FieldType.TEXT,)),
}


@given(
    st.lists(st.tuples(st.sampled_from(["MAIL", "TEXT"]), st.integers(0, 2), st.sampled_from(_SPELLINGS)), max_size=30),
    st.integers(1, 5),
)
def test_order_between_spellings_and_key_fields(rows: list[tuple[str, int, str]], max_rows: int) -> None:
    """Keys that a tenant could compare as equal keep their order. So do all rows with different key fields."""
    collector = Collector(max_rows, 10_000)
    for number, (stream, kind, key) in enumerate(rows):
        values = [(number, "x")]
        collector.add((stream, f"C{kind}"), Rows(values, [key], [()], [b""], [number]))
    collector.buffer.flush()
    place = {number: at for at, batch in enumerate(numbers_of(collector.batches)) for number in batch}
    assert sorted(place) == list(range(len(rows)))
    for late, (stream, _, key) in enumerate(rows):
        for early, (other, _, earlier_key) in enumerate(rows[:late]):
            if other != stream:
                assert place[early] < place[late]
            elif "b" in key.lower() + earlier_key.lower() and key.lower() != earlier_key.lower():
                continue
            else:
                assert place[early] <= place[late]


def test_a_full_batch_is_submitted_at_once() -> None:
    """A batch is submitted when its last row is added, not when the next row is."""
    collector = Collector(2, 1000)
    collector.add(SHAPES[0], rows_of([1], [1], [1]))
    assert collector.batches == []
    collector.add(SHAPES[0], rows_of([2], [2], [1]))
    assert numbers_of(collector.batches) == [[1, 2]]


def test_rows_are_split_where_a_batch_is_full() -> None:
    """Rows that are added together fill the open batch, then further batches; each row is in one of them."""
    collector = Collector(2, 1000)
    collector.add(SHAPES[0], rows_of([1], [1], [1]))
    collector.add(SHAPES[0], rows_of([2, 3, 4, 5], [2, 3, 4, 5], [1] * 4))
    assert numbers_of(collector.batches) == [[1, 2], [3, 4]]
    collector.buffer.flush()
    assert numbers_of(collector.batches[2:]) == [[5]]


def test_batches_of_two_shapes_are_open_together() -> None:
    """Rows of two shapes in turn fill two batches. Only a key in both submits the earlier batch."""
    collector = Collector(100, 10_000)
    for number in range(10):
        collector.add(SHAPES[number % 2], rows_of([number], [number], [1]))
    assert collector.batches == []
    collector.add(SHAPES[1], rows_of([10], [0], [1]))
    assert numbers_of(collector.batches) == [[0, 2, 4, 6, 8]]
    collector.buffer.flush()
    assert numbers_of(collector.batches[1:]) == [[1, 3, 5, 7, 9, 10]]


def test_a_batch_may_be_exactly_as_large_as_the_limit() -> None:
    """Rows fill a body up to its last byte, whether they are added together or one by one."""
    max_bytes = len(b'[[1,"xxxx"],[2,"xxxx"],[3,"xxxx"]]')
    together, one_by_one = Collector(100, max_bytes), Collector(100, max_bytes)
    together.add(SHAPES[0], rows_of([1, 2, 3, 4], [1, 2, 3, 4], [4] * 4))
    for number in (1, 2, 3, 4):
        one_by_one.add(SHAPES[0], rows_of([number], [number], [4]))
    assert numbers_of(together.batches) == numbers_of(one_by_one.batches) == [[1, 2, 3]]
    assert together.batches[0].body.size_bytes == max_bytes


def test_a_row_that_is_one_byte_too_large_starts_another_batch() -> None:
    """A body is never larger than the limit, not even by its last comma."""
    collector = Collector(100, len(b'[[1,"xxxx"],[2,"xxxx"],[3,"xxxx"]]') - 1)
    for number in (1, 2, 3):
        collector.add(SHAPES[0], rows_of([number], [number], [4]))
    assert numbers_of(collector.batches) == [[1, 2]]


def test_keys_keep_their_order_after_a_batch_is_submitted() -> None:
    """When one of three batches is submitted, the keys of the other two still keep their order."""
    collector = Collector(2, 1000)
    for number in (0, 1, 2):
        collector.add(SHAPES[number], rows_of([number], [number], [1]))
    collector.add(SHAPES[2], rows_of([3], [3], [1]))
    assert numbers_of(collector.batches) == [[2, 3]]
    collector.add(SHAPES[1], rows_of([4], [0], [1]))
    assert numbers_of(collector.batches) == [[2, 3], [0], [1, 4]]


def test_a_key_in_a_submitted_batch_submits_no_other() -> None:
    """Only a key of a batch that is still open forces this batch out."""
    collector = Collector(2, 1000)
    collector.add(SHAPES[1], rows_of([9], [9], [1]))
    collector.add(SHAPES[0], rows_of([1, 2, 3], [1, 2, 3], [1] * 3))
    assert numbers_of(collector.batches) == [[1, 2]]
    collector.add(SHAPES[1], rows_of([10], [1], [1]))
    assert numbers_of(collector.batches) == [[1, 2], [9, 10]]


def test_only_old_batches_are_flushed() -> None:
    """A flush for age keeps the batches that are not older than the limit."""
    collector = Collector(100, 10_000)
    collector.add(SHAPES[0], rows_of([1], [1], [1]))
    collector.add(SHAPES[1], rows_of([2], [2], [1]))
    collector.buffer.flush_old(11.0, FlushAge(10))
    assert collector.batches == []
    collector.buffer.flush_old(12.0, FlushAge(10))
    assert numbers_of(collector.batches) == [[1]]
    collector.buffer.flush()
    collector.buffer.flush()
    assert numbers_of(collector.batches) == [[1], [2]]


def test_a_flush_for_age_is_noted() -> None:
    """The age limit learns how many batches a flush submits, and each of them notes the time of its load there."""
    collector = Collector(100, 10_000)
    for number in range(3):
        collector.add(SHAPES[number], rows_of([number], [number], [1]))
    age = FlushAge(10)
    for _ in range(5):
        age.note_load(100)
    collector.buffer.flush_old(12.5, age)
    collector.buffer.flush()
    assert [batch.flush_age for batch in collector.batches] == [age, age, None]
    assert age.seconds == 4 * 2 * 100


def test_many_shapes_fill_their_batches() -> None:
    """Rows of many shapes in turn make full batches only."""
    collector = Collector(10, 10_000)
    for number in range(120):
        collector.add(SHAPES[number % 12], rows_of([number], [number], [1]))
    assert [len(batch) for batch in collector.batches] == [10] * 12


def test_open_batches_may_need_exactly_the_memory_limit() -> None:
    """Rows in open batches count for the limit as long as they are open, and not longer."""

    def fill(collector: Collector) -> None:
        for number, shape in enumerate((0, 1, 0)):
            collector.add(SHAPES[shape], rows_of([number], [number], [9]))

    unlimited = Collector(10, 10_000)
    fill(unlimited)
    unlimited.buffer.flush()
    needed = sum(batch.size_bytes for batch in unlimited.batches)
    just_enough = Collector(10, 10_000, max_open_bytes=needed)
    too_little = Collector(10, 10_000, max_open_bytes=needed - 1)
    for _ in range(2):
        fill(just_enough)
        assert just_enough.batches == []
        just_enough.buffer.flush()
        just_enough.batches.clear()
    fill(too_little)
    assert numbers_of(too_little.batches) == [[0, 2]]


def test_a_single_batch_may_need_more_memory_than_the_limit() -> None:
    """The memory limit is for several open batches: a single one is submitted only when it is full."""
    collector = Collector(3, 10_000, max_open_bytes=0)
    for number in range(3):
        assert collector.batches == []
        collector.add(SHAPES[0], rows_of([number], [number], [9]))
    assert numbers_of(collector.batches) == [[0, 1, 2]]


@pytest.mark.parametrize(("mebibytes", "submitted"), [(63.9, []), (64.1, [[0]])])
def test_open_batches_need_64_mib_by_default(mebibytes: float, submitted: list[list[int]]) -> None:
    """Without other limits, open batches need at most 64 MiB together."""
    batches: list[Batch] = []
    buffer: BatchBuffer[int] = BatchBuffer(
        lambda shape: Batch(shape, ROUTE, (), 0.0), batches.append, max_rows=lambda: 100, max_bytes=10_000
    )
    quarter = bytes(int((mebibytes * (1 << 20)) / 4))
    for number, lines in enumerate(([quarter] * 3, [quarter])):
        rows = rows_of([number] * len(lines), [number] * len(lines), [1] * len(lines))
        rows.lines = lines
        buffer.add(number, rows, encode_rows(rows.values))
    assert [batch.ticket for batch in batches] == [number for numbers in submitted for number in numbers]


def test_256_batches_are_open_by_default() -> None:
    """Without other limits, the next batch submits the largest of 256."""
    batches: list[Batch] = []
    buffer: BatchBuffer[int] = BatchBuffer(
        lambda shape: Batch(shape, ROUTE, (), 0.0), batches.append, max_rows=lambda: 100, max_bytes=10_000
    )
    for number in range(257):
        assert batches == []
        rows = rows_of([number], [number], [1])
        buffer.add(number, rows, encode_rows(rows.values))
    assert len(batches) == 1


def test_the_largest_batch_is_submitted_first() -> None:
    """When too many batches are open, or they need too much memory, the largest is submitted."""
    for collector in (Collector(10, 10_000, max_open=2), Collector(10, 10_000, max_open_bytes=410)):
        collector.add(SHAPES[0], rows_of([1], [1], [5]))
        collector.add(SHAPES[1], rows_of([2], [2], [80]))
        collector.add(SHAPES[2], rows_of([3], [3], [5]))
        assert numbers_of(collector.batches) == [[2]]

"""Rows with the same key are merged in the open batches: the List ends as if each record had been loaded in turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_selligent.batches.batch import Batch, RecordRow, Route, Rows
from target_selligent.batches.body import encode_rows
from target_selligent.batches.buffer import BatchBuffer
from target_selligent.batches.merged_row import MergedRow
from target_selligent.batches.merging import Merging, join_shapes
from target_selligent.batches.same_key import normalize_for_order
from target_selligent.loading.checkpoints import Checkpoints
from target_selligent.records.conversions import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIELDS = ("KEY", "A", "B", "C")
ROUTES = {
    name: Route(name, "contacts", ("KEY",), ("key",), (FieldType.TEXT,), "seg", fields=FIELDS) for name in ("s", "t")
}
Shape = tuple[Route, tuple[str, ...]]


class Item(NamedTuple):
    """A record.

    Args:
        key: Its key.
        values: Those of its columns that it has.
        stream: Its stream.
        segments: The Segments that it names.
    """

    key: str
    values: dict[str, Any]
    stream: str = "s"
    segments: tuple[str, ...] = ()


class Merged:
    """A buffer that merges rows, the batches that it submits, and the STATEs that are printed.

    Each call of `add` is followed by a STATE. Each batch is acknowledged as soon as it is submitted.
    """

    def __init__(self, *, max_rows: int = 100, **limits: int) -> None:
        self.batches: list[Batch] = []
        self.printed: list[tuple[int, int]] = []
        self.checkpoints = Checkpoints(lambda state: self.printed.append((int(state), len(self.batches))))
        self.number = 0
        self._buffer: BatchBuffer[Shape] = BatchBuffer(
            lambda shape: Batch(self.checkpoints.open(), *shape, float(self.number)),
            self._submit,
            merging=Merging(lambda shape: shape[1], join_shapes, self.checkpoints.hold),
            max_rows=lambda: max_rows,
            **({"max_bytes": 10_000} | limits),
        )

    def add(self, items: Sequence[Item]) -> None:
        """Put in records of one stream, as they come in one chunk, and a STATE after them."""
        values = [(item.key, *(item.values.get(name, ...) for name in FIELDS[1:])) for item in items]
        numbers = range(self.number + 1, self.number + 1 + len(items))
        for index, row in enumerate(values):
            fields = tuple(name for name, value in zip(FIELDS, row, strict=True) if value is not ...)
            kept = tuple(value for value in row if value is not ...)
            item = items[index]
            rows = Rows([kept], [item.key], [item.segments], [b"%d" % numbers[index]], [numbers[index]])
            rows.fingerprints = [(numbers[index], b"")]
            self._buffer.add((ROUTES[item.stream], fields), rows, encode_rows(rows.values))
        self.number += len(items)
        self.checkpoints.note_state(str(self.number))

    def finish(self) -> list[Batch]:
        """Submit all batches; return those with rows."""
        self._buffer.flush()
        return [batch for batch in self.batches if len(batch)]

    def _submit(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.checkpoints.acknowledge(batch.ticket)


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """Return the rows of a batch, by field."""
    return [dict(zip(batch.fields, row, strict=True)) for row in json.loads(batch.body.encode_all())]


def list_after(rows: Sequence[dict[str, Any]], form: Callable[[str], Any]) -> dict[Any, dict[str, Any]]:
    """Return the records of a List after rows are loaded one after the other.

    Args:
        rows: The rows, by field.
        form: The form of a key by which the List compares keys.
    """
    held: dict[Any, dict[str, Any]] = {}
    for row in rows:
        held.setdefault(form(row["KEY"]), {}).update({name: value for name, value in row.items() if name != "KEY"})
    return held


def generous(key: str) -> Any:
    """Return the form of a key by which the most generous List compares keys."""
    return normalize_for_order((FieldType.TEXT,), [key])[0]


_items = st.builds(
    Item,
    st.sampled_from(["a", "a", "b", "c", "A"]),
    st.dictionaries(st.sampled_from(FIELDS[1:]), st.sampled_from([0, 0, None, "x" * 40]), max_size=2),
    st.sampled_from(["s", "s", "s", "t"]),
    st.sampled_from([(), ("m",), ("m", "n")]),
)


@settings(max_examples=500)
@given(
    st.lists(st.lists(_items, min_size=1, max_size=3), max_size=20),
    st.integers(1, 6),
    st.integers(60, 300),
    st.integers(1, 5),
    st.sampled_from([600, 100_000]),
)
def test_the_list_ends_as_if_records_were_loaded_in_turn(
    chunks: list[list[Item]], max_rows: int, max_bytes: int, max_open: int, max_open_bytes: int
) -> None:
    """However keys are compared. Each record is in one batch with its line, key and Segments; no STATE comes early."""
    merged = Merged(max_rows=max_rows, max_bytes=max_bytes, max_open=max_open, max_open_bytes=max_open_bytes)
    items: list[Item] = []
    for chunk in chunks:
        numbered = [
            item._replace(
                values={name: len(items) + at if value == 0 else value for name, value in item.values.items()}
            )
            for at, item in enumerate(chunk)
        ]
        items += numbered
        merged.add(numbered)
    batches = merged.finish()
    sent = [row for batch in batches for row in rows_of(batch)]
    alone = [{"KEY": item.key, **item.values} for item in items]
    for form in (str, generous):
        assert list_after(sent, form) == list_after(alone, form)
    found: dict[int, Item] = {}
    batch_of: dict[int, int] = {}
    for at, batch in enumerate(merged.batches):
        assert len(batch.body) <= max_rows
        assert batch.body.size_bytes <= max_bytes or len(batch.body) == 1
        for index in range(len(batch)):
            number = batch.members.record_number(index)
            assert batch.lines[index] == b"%d" % number
            assert batch.fingerprints[index] == (number, b"")
            batch_of[number] = at
            found[number] = Item(batch.keys[index], {}, batch.route.stream, tuple(batch.members.segments[index]))
        parts = [part for row in batch.merged for part in row.parts]
        assert batch.single_rows + len(parts) == len(batch)
        for row in batch.merged:
            assert {batch.keys[index] for index in row.indexes} == {batch.keys[row.indexes[0]]}
            values = [dict(zip(part.fields, json.loads(part.row_json), strict=True)) for part in row.parts]
            numbers = [batch.members.record_number(index) for index in row.indexes]
            assert values == [{"KEY": items[number - 1].key, **items[number - 1].values} for number in numbers]
    assert found == {number: item._replace(values={}) for number, item in enumerate(items, start=1)}
    for state, batches_before in merged.printed:
        assert all(batch_of[number] < batches_before for number in range(1, state + 1))
    assert not items or merged.printed[-1][0] == len(items)


def test_one_row_a_key() -> None:
    """Records with other columns lie over the earlier ones. A null is a value, and a missing column is none."""
    merged = Merged()
    merged.add([Item("a", {"A": 1, "B": 1}), Item("b", {"A": 2}), Item("a", {"B": None}), Item("a", {"C": 3, "A": 4})])
    batches = merged.finish()
    assert sorted(map(rows_of, batches), key=len) == [
        [{"KEY": "b", "A": 2}],
        [{"KEY": "a", "A": 4, "B": None, "C": 3}],
    ]
    (row,) = next(batch for batch in batches if batch.merged).merged
    assert [part.row_json for part in row.parts] == [b'["a",1,1]', b'["a",null]', b'["a",4,3]']


def test_numbers_keep_their_digits() -> None:
    """Values are laid over each other as the text that is sent for each record."""
    row = MergedRow("a")
    row.add(RecordRow(("KEY", "A"), b'["a",1.10]'), Rows((), ["a"], (), [b""], [1]))
    row.add(RecordRow(("KEY", "B"), b'["a",12345678901234567890.50]'), Rows((), ["a"], (), [b""], [2]))
    assert row.encode(("KEY", "A", "B")) == b'["a",1.10,12345678901234567890.50]'
    assert row.body_bytes == len(row.encode(("KEY", "A", "B"))) + 1


@pytest.mark.parametrize("other", ["A", "a ", "\u00e4"])
def test_another_spelling_is_not_merged(other: str) -> None:
    """A tenant may or may not take it for the same key: the earlier row is sent first."""
    merged = Merged()
    merged.add([Item("a", {"A": 1}), Item(other, {"B": 2}), Item(other, {"A": 3})])
    assert [rows_of(batch) for batch in merged.finish()] == [
        [{"KEY": "a", "A": 1}],
        [{"KEY": other, "A": 3, "B": 2}],
    ]


def test_rows_of_two_streams_are_not_merged() -> None:
    """Each stream has its own columns: the earlier row is sent first."""
    merged = Merged()
    merged.add([Item("a", {"A": 1}), Item("a", {"B": 2}, "t")])
    assert [(batch.route.stream, rows_of(batch)) for batch in merged.finish()] == [
        ("s", [{"KEY": "a", "A": 1}]),
        ("t", [{"KEY": "a", "B": 2}]),
    ]


def test_a_moved_row_holds_its_state_back() -> None:
    """The batch in which a record was is loaded, but not the one to which it has moved: no STATE covers it yet."""
    merged = Merged(max_rows=2)
    merged.add([Item("a", {"A": 1})])
    merged.add([Item("a", {"C": 1})])
    merged.add([Item("b", {"A": 1}), Item("c", {"A": 1})])
    assert [[row["KEY"] for row in rows_of(batch)] for batch in merged.batches] == [["b", "c"]]
    assert merged.printed == []
    merged.finish()
    assert merged.printed[-1][0] == merged.number


def test_a_key_of_several_spellings_is_never_moved() -> None:
    """One of its rows would be overtaken by the other."""
    merged = Merged(max_rows=3)
    merged.add([Item("z", {"B": 0}), Item("a", {"A": 1}), Item("A", {"A": 2}), Item("A", {"B": 3})])
    merged.add([Item("p", {"A": 4, "B": 4}), Item("q", {"A": 5, "B": 5})])
    sent = [row for batch in merged.finish() for row in rows_of(batch)]
    assert list_after(sent, generous)["a"] == {"A": 2, "B": 3}


def test_opening_a_batch_may_submit_the_row_that_was_to_move() -> None:
    """Then the later row is not merged with it."""
    merged = Merged(max_open=2)
    merged.add([Item("a", {"A": "x" * 40}), Item("b", {"B": 1}), Item("a", {"B": 2})])
    assert [rows_of(batch) for batch in merged.finish() if batch.fields == ("KEY", "A")] == [
        [{"KEY": "a", "A": "x" * 40}]
    ]


def test_memory_of_a_single_batch_is_limited_if_rows_are_merged() -> None:
    """A few keys that come for ever fill no batch: it is submitted when its lines need too much memory."""
    merged = Merged(max_open_bytes=20_000)
    for number in range(400):
        merged.add([Item("a", {"ABC"[number % 3]: number})])
    assert len(merged.batches) > 3
    assert all(batch.size_bytes < 25_000 for batch in merged.batches)

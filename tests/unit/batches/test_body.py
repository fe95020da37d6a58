"""Request bodies: rows come out unchanged, all of them, parts of them and selected ones."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import Body, decode_row, encode_row, encode_rows

_ROWS = st.lists(
    st.tuples(st.none() | st.integers(-9, 9) | st.booleans(), st.text(max_size=9)), min_size=1, max_size=12
)


def body_of(*groups: list[Any]) -> Body:
    """Return a body of groups of rows; the rows of a group are encoded together."""
    body = Body()
    for group in groups:
        body.append(encode_rows(group), len(group))
    return body


def part_of(data: st.DataObject, rows: list[Any], at_least: int = 1) -> range:
    """Draw the indexes of consecutive rows."""
    start = data.draw(st.integers(0, len(rows) - at_least))
    return range(start, data.draw(st.integers(start + at_least, len(rows))))


@given(st.lists(_ROWS, min_size=1, max_size=4))
def test_rows_come_out_unchanged(groups: list[list[Any]]) -> None:
    """A body is the JSON array of all rows, in whatever groups they are appended, and its size is known before."""
    rows = [row for group in groups for row in group]
    body = body_of(*groups)
    encoded = body.encode_all()
    assert json.loads(encoded) == [list(row) for row in rows]
    assert len(body) == len(rows)
    assert body.size_bytes == len(encoded)
    assert [body.row(index) for index in range(len(rows))] == rows


@given(st.data(), _ROWS, st.integers(1, 100), st.integers(1, 8))
def test_cut(data: st.DataObject, rows: list[Any], max_bytes: int, max_rows: int) -> None:
    """Parts are consecutive and within the limits, where rows allow it. No other cut gives fewer parts."""
    body = body_of(rows)
    part = part_of(data, rows)
    parts = body.cut(part, max_bytes, max_rows)
    assert [index for load in parts for index in load] == list(part)
    for load in parts:
        encoded = body.encode(load)
        assert json.loads(encoded) == [list(row) for row in rows[load.start : load.stop]]
        assert body.size_bytes_of(load) == len(encoded)
        assert 1 <= len(load) <= max_rows
        assert len(encoded) <= max_bytes or len(load) == 1
    filled = 0
    start = part.start
    while start < part.stop:
        stop = start + 1
        while stop < part.stop and stop - start < max_rows and body.size_bytes_of(range(start, stop + 1)) <= max_bytes:
            stop += 1
        filled, start = filled + 1, stop
    assert len(parts) == filled


@given(st.data(), _ROWS.filter(lambda rows: len(rows) > 1))
def test_halve(data: st.DataObject, rows: list[Any]) -> None:
    """Both parts have rows, and each is larger than half of the rows by at most one row."""
    body = body_of(rows)
    part = part_of(data, rows, at_least=2)
    first, second = body.halve(part)
    assert [*first, *second] == list(part)
    assert first
    assert second
    largest = max(body.size_bytes_of(range(index, index + 1)) for index in part)
    assert max(body.size_bytes_of(first), body.size_bytes_of(second)) <= body.size_bytes_of(part) / 2 + largest + 1


def test_parts_are_even() -> None:
    """Rows that need two loads are cut in the middle, not into a full load and a small one."""
    assert body_of([(index,) for index in range(10)]).cut(range(10), 100, 8) == [range(5), range(5, 10)]


@given(st.data(), _ROWS)
def test_selected_rows(data: st.DataObject, rows: list[Any]) -> None:
    """Selected rows get a body of their own."""
    selected = sorted(data.draw(st.sets(st.sampled_from(range(len(rows))))))
    some = body_of(rows).select(selected)
    assert len(some) == len(selected)
    assert [some.row(position) for position in range(len(selected))] == [rows[index] for index in selected]


def test_a_row_is_decoded() -> None:
    """A row that was encoded alone is decoded unchanged."""
    assert decode_row(encode_row(("ä", None, 1.5))) == ("ä", None, 1.5)


@given(st.lists(_ROWS, min_size=1, max_size=4))
def test_single_rows_of_a_body_that_grows(groups: list[list[Any]]) -> None:
    """Each row is found in its group, and has its own text, while further groups are appended."""
    body = Body()
    expected: list[tuple[int, int, bytes]] = []
    for piece, group in enumerate(groups):
        body.append(encode_rows(group), len(group))
        expected += [(piece, position, encode_row(row)) for position, row in enumerate(group)]
        assert [(*body.find(index), body.row_json(index)) for index in range(len(body))] == expected

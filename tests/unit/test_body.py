"""Request bodies: rows come out as they went in, whole, in parts and chosen ones."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.body import Body, decode_row, encode_rows

_ROWS = st.lists(
    st.tuples(st.none() | st.integers(-9, 9) | st.booleans(), st.text(max_size=9)), min_size=1, max_size=12
)


def body_of(*pieces: list[Any]) -> Body:
    """Return the body of rows that were encoded in pieces."""
    body = Body()
    for piece in pieces:
        body.append(encode_rows(piece), len(piece))
    return body


def parts_of(data: st.DataObject, rows: list[Any], at_least: int = 1) -> range:
    """Draw indexes of rows that follow each other."""
    start = data.draw(st.integers(0, len(rows) - at_least))
    return range(start, data.draw(st.integers(start + at_least, len(rows))))


@given(st.lists(_ROWS, min_size=1, max_size=4))
def test_rows_come_out_as_they_went_in(pieces: list[list[Any]]) -> None:
    """A body is the JSON array of all rows, whatever pieces they came in, and knows its size before it is made."""
    rows = [row for piece in pieces for row in piece]
    body = body_of(*pieces)
    encoded = body.encoded(range(len(rows)))
    assert json.loads(encoded) == [list(row) for row in rows]
    assert len(body) == len(rows)
    assert body.size == len(encoded)
    assert [body.row(index) for index in range(len(rows))] == rows


@given(st.data(), _ROWS, st.integers(1, 100), st.integers(1, 8))
def test_cut(data: st.DataObject, rows: list[Any], max_bytes: int, max_rows: int) -> None:
    """Parts follow each other without a gap, keep the limits if rows can, and are as few as filling each one makes."""
    body = body_of(rows)
    part = parts_of(data, rows)
    parts = body.cut(part, max_bytes, max_rows)
    assert [position for one in parts for position in one] == list(part)
    for one in parts:
        encoded = body.encoded(one)
        assert json.loads(encoded) == [list(row) for row in rows[one.start : one.stop]]
        assert body.size_of(one) == len(encoded)
        assert 1 <= len(one) <= max_rows
        assert len(encoded) <= max_bytes or len(one) == 1
    filled = 0
    start = part.start
    while start < part.stop:
        stop = start + 1
        while stop < part.stop and stop - start < max_rows and body.size_of(range(start, stop + 1)) <= max_bytes:
            stop += 1
        filled, start = filled + 1, stop
    assert len(parts) == filled


@given(st.data(), _ROWS.filter(lambda rows: len(rows) > 1))
def test_halves(data: st.DataObject, rows: list[Any]) -> None:
    """Rows are cut in two parts that are not empty and differ by no more than a row's size, if a row does not do so."""
    body = body_of(rows)
    part = parts_of(data, rows, at_least=2)
    first, second = body.halves(part)
    assert [*first, *second] == list(part)
    assert first
    assert second
    largest = max(body.size_of(range(index, index + 1)) for index in part)
    assert max(body.size_of(first), body.size_of(second)) <= body.size_of(part) / 2 + largest + 1


def test_parts_are_even() -> None:
    """Rows that need two loads are cut in the middle, not into a full load and a rest."""
    assert body_of([(index,) for index in range(10)]).cut(range(10), 100, 8) == [range(5), range(5, 10)]


@given(st.data(), _ROWS)
def test_chosen_rows(data: st.DataObject, rows: list[Any]) -> None:
    """Some of the rows make a body of their own."""
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(rows))))))
    some = body_of(rows).only(chosen)
    assert len(some) == len(chosen)
    assert [some.row(position) for position in range(len(chosen))] == [rows[index] for index in chosen]


def test_a_row_comes_back() -> None:
    """A row that was encoded alone is read back as it was."""
    assert decode_row(encode_rows([("ä", None, 1.5)])) == ("ä", None, 1.5)

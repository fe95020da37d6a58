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


@given(_ROWS, st.integers(1, 100), st.integers(1, 8))
def test_parts(rows: list[Any], max_bytes: int, max_rows: int) -> None:
    """Parts follow each other without a gap, hold a row at least, and keep the limits if rows can."""
    body = body_of(rows)
    parts = list(body.parts(max_bytes, max_rows))
    assert [position for part in parts for position in part] == list(range(len(rows)))
    for part in parts:
        encoded = body.encoded(part)
        assert json.loads(encoded) == [list(row) for row in rows[part.start : part.stop]]
        assert 1 <= len(part) <= max_rows
        assert len(encoded) <= max_bytes or len(part) == 1


@given(st.data(), _ROWS)
def test_chosen_rows(data: st.DataObject, rows: list[Any]) -> None:
    """Some of the rows make a body of their own."""
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(rows))))))
    some = body_of(rows).only(chosen)
    assert len(some) == len(chosen)
    assert [some.row(position) for position in range(len(chosen))] == [rows[index] for index in chosen]


def test_nothing_to_load() -> None:
    """A body without rows has no part: no call is made for it."""
    assert list(Body().parts(100, 10)) == []


def test_a_row_comes_back() -> None:
    """A row that was encoded alone is read back as it was."""
    assert decode_row(encode_rows([("ä", None, 1.5)])) == ("ä", None, 1.5)

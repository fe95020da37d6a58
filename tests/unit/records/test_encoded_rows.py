"""Rows as JSON: parts of them, and single rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import encode_rows, encode_rows_apart, measure_rows
from target_selligent.records.column_json import join_columns, write_values

if TYPE_CHECKING:
    from target_selligent.records.encoded_rows import EncodedRows

text = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = [("a", 1), ("é,[", None), ("", 2.5)]


def encoded(rows: list[tuple[object, ...]]) -> EncodedRows:
    """Return the same rows, encoded."""
    return join_columns([write_values(column) for column in zip(*rows, strict=True)], len(rows))


@given(st.lists(st.tuples(text, st.integers(-9, 9)), min_size=1), st.data())
def test_they_are_used_like_rows(rows: list[tuple[object, ...]], data: st.DataObject) -> None:
    """As a whole and in part, they are encoded, measured and read as the rows themselves."""
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(rows)), st.integers(0, len(rows)))))
    for some, expected in ((encoded(rows), rows), (encoded(rows)[start:stop], rows[start:stop])):
        assert (len(some), list(some)) == (len(expected), expected)
        assert encode_rows(some) == encode_rows(expected)
        assert encode_rows_apart(some) == encode_rows_apart(expected)
        assert measure_rows(some) == measure_rows(expected)
        assert some.size_bytes == len(encode_rows(expected)) + bool(expected)


def test_chosen_rows() -> None:
    """They keep the order in which they are chosen, also if the rows are a part of others."""
    rows = encoded([("before", 0), *ROWS])[1:]
    assert list(rows.select([2, 0])) == [ROWS[2], ROWS[0]]
    assert rows.select([2, 0]).encode() == encode_rows([ROWS[2], ROWS[0]])
    assert bytes(rows.select([]).encode()) == b""
    assert rows[-1] == ROWS[-1]
    with pytest.raises(IndexError):
        rows[3]

"""Pure helpers of the delivery: what may be logged of a refusal, and how rows are halved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.delivery import _halves, without_values


@pytest.mark.parametrize(
    ("message", "record", "wanted"),
    [
        ("Value 'alice@example.com' is too long", {"a": "alice@example.com"}, "Value '[value]' is too long"),
        ("12345 is too large", {"a": 12345}, "[value] is too large"),
        ("alice smith and alice", {"a": "alice", "b": "alice smith"}, "[value] and [value]"),
        ("Field A needs a number", {"a": "A", "b": None, "c": ""}, "Field A needs a number"),
        ("two\nlines\t of it", {}, "two lines of it"),
    ],
    ids=["text", "number", "one within the other", "short values", "lines"],
)
def test_values_are_blotted_out(message: str, record: dict[str, object], wanted: str) -> None:
    """A record's own values are not in what is logged of a refusal, which is one line."""
    assert without_values(message, record) == wanted


@given(st.text(min_size=3), st.text(), st.text())
def test_no_value_is_left(value: str, before: str, after: str) -> None:
    """Wherever a value stands in the reason, it is gone."""
    shown = without_values(f"{before}{value}{after}", {"a": value})
    assert value not in shown or value in "[value]" or value in (before + "[value]" + after)


@given(st.integers(0, 1000), st.integers(2, 1000))
def test_halves(start: int, count: int) -> None:
    """A part of two rows or more is cut into two that are not empty, the first one on top of the stack."""
    last, first = _halves(range(start, start + count))
    assert [*first, *last] == list(range(start, start + count))
    assert min(len(first), len(last)) >= 1

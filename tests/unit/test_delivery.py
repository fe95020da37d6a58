"""Pure helpers of the delivery: how rows are halved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.body import halves


@given(st.integers(0, 1000), st.integers(2, 1000))
def testhalves(start: int, count: int) -> None:
    """A part of two rows or more is cut into two that are not empty, the first one on top of the stack."""
    last, first = halves(range(start, start + count))
    assert [*first, *last] == list(range(start, start + count))
    assert min(len(first), len(last)) >= 1

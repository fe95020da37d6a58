"""Some of the items of a sequence: of a list, and of one whose items are made when they are read."""

from __future__ import annotations

from target_selligent.records.encoded_rows import EncodedRows
from target_selligent.records.lazy_sequence import select_items


def test_items_are_selected_in_the_order_of_the_indexes() -> None:
    """A lazy sequence stays lazy."""
    assert select_items(["a", "b", "c"], [2, 0]) == ["c", "a"]
    lazy = select_items(EncodedRows(b"[1],[2],[3],", [0, 4, 8, 12]), [2, 0])
    assert isinstance(lazy, EncodedRows)
    assert list(lazy) == [(3,), (1,)]

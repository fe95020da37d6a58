"""Blocks come back by name, in their order."""

from __future__ import annotations

from target_selligent.batches.block_store import BlockStore


def test_blocks_come_back_by_name_in_their_order() -> None:
    """Each name has its own blocks; reading them again gives the same ones."""
    store = BlockStore()
    for name, data in (("a", b"1"), ("b", b"2"), ("a", b""), ("a", b"1")):
        store.put(name, data)
    assert [list(store.read(name)) for name in ("a", "b", "c")] == [[b"1", b"", b"1"], [b"2"], []]
    assert list(store.read("a")) == [b"1", b"", b"1"]

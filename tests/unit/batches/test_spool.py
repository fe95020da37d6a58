"""The spool: one row for each key, loaded by the loader of its route, in the order of the keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_selligent.batches.run_store import SpooledRow
from target_selligent.batches.spool import Spool
from tests.unit.rows import ROUTE


def row(loader_index: int, number: int) -> SpooledRow:
    """Return a row of a loader."""
    return SpooledRow(loader_index, number, number, ("KEY",), b"[%d]" % number, b"{}", ())


def test_the_last_row_of_a_key_is_loaded_at_the_place_of_the_first() -> None:
    """Rows are loaded in the order in which their keys came."""
    spool, loaded = Spool(), list[int]()
    index = spool.register(ROUTE, lambda spooled: loaded.append(spooled.number))
    assert [spool.put(key, row(index, number)) for key, number in ((b"a", 1), (b"b", 2), (b"a", 3))] == [
        False,
        False,
        True,
    ]
    spool.load_all(lambda: None)
    assert loaded == [3, 2]


def test_a_removed_row_is_not_loaded() -> None:
    """Only a key that is stored can be removed."""
    spool, loaded = Spool(), list[int]()
    index = spool.register(ROUTE, lambda spooled: loaded.append(spooled.number))
    spool.put(b"a", row(index, 1))
    assert [spool.remove(b"b"), spool.remove(b"a"), spool.remove(b"a")] == [False, True, False]
    spool.load_all(lambda: None)
    assert loaded == []


def test_each_route_has_its_loader() -> None:
    """A new loader of the same route loads the rows of the old one, too."""
    spool, loaded = Spool(), list[tuple[str, int]]()
    first = spool.register(ROUTE, lambda spooled: loaded.append(("old", spooled.number)))
    other = spool.register(replace(ROUTE, stream="orders"), lambda spooled: loaded.append(("other", spooled.number)))
    spool.put(b"a", row(first, 1))
    spool.put(b"b", row(other, 2))
    assert spool.register(ROUTE, lambda spooled: loaded.append(("new", spooled.number))) == first != other
    spool.load_all(lambda: None)
    assert loaded == [("new", 1), ("other", 2)]


def test_a_check_before_a_row_can_end_the_loading() -> None:
    """A run whose List has failed does not load the rest."""
    spool, loaded = Spool(), list[int]()
    index = spool.register(ROUTE, lambda spooled: loaded.append(spooled.number))
    spool.put(b"a", row(index, 1))

    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        spool.load_all(fail)
    assert loaded == []

"""A fingerprint says whether a row is the same; a key's hash says whether two keys could be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from target_selligent.records.conversions import FieldType
from target_selligent.snapshot.fingerprints import FINGERPRINT_BYTES, ListHasher, combine, holds
from tests.unit.rows import ROUTE

HASHER = ListHasher(b"salt" * 8)
TEXT = replace(ROUTE, key_types=(FieldType.TEXT,))
TWO = replace(ROUTE, key_fields=("A", "B"), key_columns=("a", "b"), key_types=(FieldType.TEXT, FieldType.LONG))
SWAPPED = replace(ROUTE, key_fields=("B", "A"), key_columns=("b", "a"), key_types=(FieldType.LONG, FieldType.TEXT))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "A ", True),
        ("ä", "a", True),
        ("a", "b", False),
        ("1", "01", False),
        ("", "a", False),
    ],
)
def test_keys_of_text(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a parameter
    """They have the same hash if any tenant could take them for one."""
    first, second = HASHER.hash_keys(TEXT, [one, other])
    assert (first == second) is same
    assert -(1 << 63) <= first < 1 << 63


@pytest.mark.parametrize("other", [5, 5.0, Decimal(5), Decimal("5.00")])
def test_keys_of_numbers(other: Any) -> None:
    """One number is one key, however it is written."""
    assert HASHER.hash_keys(ROUTE, [other]) == HASHER.hash_keys(ROUTE, [5])


def test_the_order_of_key_fields_makes_no_difference() -> None:
    """Streams may name them in another order."""
    assert HASHER.hash_keys(TWO, [("x", 1)]) == HASHER.hash_keys(SWAPPED, [(1, "x")])
    assert HASHER.hash_keys(TWO, [("x", 1)]) != HASHER.hash_keys(TWO, [("x", 2)])


def test_rows() -> None:
    """Values and field names count, and the salt."""
    row = HASHER.hash_rows(("A",), [b"[1]"])[0]
    assert HASHER.hash_rows(("A",), [b"[1]", b"[2]"])[0] == row
    assert HASHER.hash_rows(("A",), [b"[2]"])[0] != row
    assert HASHER.hash_rows(("B",), [b"[1]"])[0] != row
    assert ListHasher(b"other").hash_rows(("A",), [b"[1]"])[0] != row
    assert len(row + HASHER.hash_segments("s")) == FINGERPRINT_BYTES


def test_segments() -> None:
    """Their order makes no difference."""
    assert HASHER.hash_segments(("s", "t")) == HASHER.hash_segments(("t", "s", "t"))
    assert HASHER.hash_segments("s") == HASHER.hash_segments(("s",))
    assert len({HASHER.hash_segments(one) for one in ("s", "t", (), ("s", "t"))}) == 4


def test_what_is_stored_may_hold_several_segments() -> None:
    """Of the same row; another row replaces it."""
    row, changed = HASHER.hash_rows(("A",), [b"[1]", b"[2]"])
    one, two = HASHER.hash_segments("s"), HASHER.hash_segments("t")
    both = combine(combine(b"", row + one), row + two)
    assert holds(both, row + one)
    assert holds(both, row + two)
    assert not holds(both, changed + one)
    assert not holds(row + one, row + two)
    assert not holds(b"", row + one)
    assert combine(both, row + one) == both
    assert combine(both, changed + two) == changed + two
    assert combine(both, b"") == b""

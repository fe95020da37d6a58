"""When two keys are the same: for order generous, for what is left out no more than is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batch import Source
from target_selligent.conversions import FieldType
from target_selligent.same_key import order_keys, run_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT, LONG, FLOAT, DATE, MOMENT = (
    FieldType.TEXT,
    FieldType.LONG,
    FieldType.FLOAT,
    FieldType.DATE,
    FieldType.DATE_TIME,
)


def source(*types: FieldType, fields: Sequence[str] = ()) -> Source:
    """Return a source with key fields of some types."""
    names = tuple(fields or (f"F{number}" for number in range(len(types))))
    return Source("people", "contacts", names, names, types)


def same(kind: FieldType, one: Any, other: Any, *, ignore_case: bool | None) -> bool:
    """Return whether two keys are one: for order, or for what is left out."""
    if ignore_case is None:
        first, second = order_keys((kind,), [one, other])
        return first == second
    first, second = run_keys(source(kind), [one, other], ignore_case=ignore_case)
    return first == second


@pytest.mark.parametrize(
    ("kind", "one", "other", "wanted"),
    [
        (TEXT, "Bob@x", "bob@x", (True, True, False)),
        (TEXT, "bob", "bob  ", (True, True, False)),
        (TEXT, "bob", "bob\t", (True, False, False)),
        (TEXT, "bob", " bob", (False, False, False)),
        (TEXT, "eva", "éva", (True, False, False)),
        (TEXT, "\u00e9va", "e\u0301va", (True, False, False)),
        (TEXT, "STRASSE", "straße", (True, True, False)),
        (TEXT, "aegir", "Ægir", (True, False, False)),
        (TEXT, "abc1", "\uff41\uff42\uff43\uff11", (True, False, False)),
        (TEXT, "カ", "か", (True, False, False)),
        (TEXT, "a\u200bb", "ab", (True, False, False)),
        (TEXT, "1", "1.0", (False, False, False)),
        (TEXT, "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.50Z", (False, False, False)),
        (LONG, 1, 1.0, (True, True, True)),
        (LONG, 2**53, 2**53 + 1, (False, False, False)),
        (FLOAT, 1, 1.0, (True, True, True)),
        (FLOAT, 2**53, 2**53 + 1, (True, True, True)),
        (FieldType.BOOLEAN, True, 1, (True, True, True)),
        (MOMENT, "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500Z", (True, True, True)),
        (MOMENT, "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00", (True, True, True)),
        (MOMENT, "2024-01-01T00:00:10Z", "2024-01-01T00:00:1Z", (False, False, False)),
        (DATE, "2024-01-01", "2024-01-01T10:00:00Z", (True, True, True)),
        (FieldType.UNKNOWN, "A", "a", (True, True, False)),
        (FieldType.UNKNOWN, 1, "1", (False, False, False)),
    ],
)  # fmt: skip
def test_which_keys_are_one(kind: FieldType, one: Any, other: Any, wanted: tuple[bool, bool, bool]) -> None:
    """For order, with `ignore_case` and with `exact`."""
    assert tuple(same(kind, one, other, ignore_case=mode) for mode in (None, True, False)) == wanted


_LETTERS = "aAäÄ \tßsSIi\u0131\u0130éÉ\uff45カか\u0301\u200bæÆ1."
_VALUES = st.text(_LETTERS, max_size=4) | st.integers(0, 3) | st.floats(0, 3) | st.booleans()
_KEYS = st.lists(_VALUES, min_size=2, max_size=6)
_TEXTS = st.lists(st.text(max_size=4) | st.text(_LETTERS, max_size=4), min_size=2, max_size=6)


@given(_KEYS | _TEXTS, st.booleans())
def test_order_is_at_least_as_generous(keys: list[Any], ignore_case: bool) -> None:  # noqa: FBT001 - drawn
    """Keys that are one where records are left out are one for their order too."""
    known: dict[bytes, Any] = {}
    for run_key, order_key in zip(
        run_keys(source(FieldType.UNKNOWN), keys, ignore_case=ignore_case),
        order_keys((FieldType.UNKNOWN,), keys),
        strict=True,
    ):
        assert known.setdefault(run_key, order_key) == order_key


@given(_KEYS | _TEXTS, st.integers(0, 6))
def test_a_key_is_itself_in_any_company(keys: list[Any], cut: int) -> None:
    """The form of a key does not depend on those that it is compared with in one call."""
    kind = (FieldType.UNKNOWN,)
    assert order_keys(kind, keys) == order_keys(kind, keys[:cut]) + order_keys(kind, keys[cut:])
    pairs = [(key, key) for key in keys]
    assert order_keys(kind * 2, pairs) == order_keys(kind * 2, pairs[:cut]) + order_keys(kind * 2, pairs[cut:])


def test_keys_of_several_fields() -> None:
    """Each part counts, at its place, compared as its type is; the order in which the fields are named does not."""
    kinds = (TEXT, LONG)
    keys = [("a", 1), ("A ", 1.0), ("a", 2), ("b", 1)]
    first, second, *others = run_keys(source(*kinds, fields=["ONE", "TWO"]), keys, ignore_case=True)
    assert first == second
    assert len({first, *others}) == 3
    turned = run_keys(source(LONG, TEXT, fields=["TWO", "ONE"]), [(1, "a"), (2, "a")], ignore_case=True)
    assert turned == [first, others[0]]
    assert len(set(order_keys(kinds, keys))) == 3


def test_places_tell_keys_apart() -> None:
    """The same value under another field or in another List is another key."""
    here = source(TEXT, fields=["ONE"])
    elsewhere = Source("people", "others", ("ONE",), ("one",), (TEXT,))
    sources = [here, source(TEXT, fields=["TWO"]), elsewhere]
    assert len({key for one in sources for key in run_keys(one, ["a"], ignore_case=True)}) == 3


def test_no_keys() -> None:
    """No keys have no forms."""
    assert order_keys((TEXT, TEXT), []) == order_keys((TEXT,), []) == []

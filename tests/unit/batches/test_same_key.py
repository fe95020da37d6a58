"""When two keys are the same: for order if any tenant could say so, for identity only as far as the setting says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.batch import Route
from target_selligent.batches.same_key import normalize_for_identity, normalize_for_order, normalize_within_list
from target_selligent.records.conversions import FieldType

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT, LONG, FLOAT, DATE, DATE_TIME = (
    FieldType.TEXT,
    FieldType.LONG,
    FieldType.FLOAT,
    FieldType.DATE,
    FieldType.DATE_TIME,
)


def route(*types: FieldType, fields: Sequence[str] = ()) -> Route:
    """Return a route with key fields of some types."""
    names = tuple(fields or (f"F{number}" for number in range(len(types))))
    return Route("people", "contacts", names, names, types)


def same(kind: FieldType, one: Any, other: Any, *, ignore_case: bool | None) -> bool:
    """Return whether two keys are the same: for identity, or for order if `ignore_case` is None."""
    if ignore_case is None:
        first, second = normalize_for_order((kind,), [one, other])
        return first == second
    first, second = normalize_for_identity(route(kind), [one, other], ignore_case=ignore_case)
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
        (DATE_TIME, "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.500Z", (True, True, True)),
        (DATE_TIME, "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00", (True, True, True)),
        (DATE_TIME, "2024-01-01T00:00:10Z", "2024-01-01T00:00:1Z", (False, False, False)),
        (DATE, "2024-01-01", "2024-01-01T10:00:00Z", (True, True, True)),
        (FieldType.UNKNOWN, "A", "a", (True, True, False)),
        (FieldType.UNKNOWN, 1, "1", (False, False, False)),
    ],
)  # fmt: skip
def test_which_keys_are_the_same(kind: FieldType, one: Any, other: Any, wanted: tuple[bool, bool, bool]) -> None:
    """Two keys are the same for order, and for identity with `ignore_case` and with `exact`, as wanted."""
    assert tuple(same(kind, one, other, ignore_case=mode) for mode in (None, True, False)) == wanted


_LETTERS = "aAäÄ \tßsSIi\u0131\u0130éÉ\uff45カか\u0301\u200bæÆ1."
_VALUES = st.text(_LETTERS, max_size=4) | st.integers(0, 3) | st.floats(0, 3) | st.booleans()
_KEYS = st.lists(_VALUES, min_size=2, max_size=6)
_TEXTS = st.lists(st.text(max_size=4) | st.text(_LETTERS, max_size=4), min_size=2, max_size=6)


@given(_KEYS | _TEXTS, st.booleans())
def test_order_is_at_least_as_generous(keys: list[Any], ignore_case: bool) -> None:  # noqa: FBT001 - drawn
    """Keys that are the same for identity are the same for order too."""
    known: dict[bytes, Any] = {}
    for identity_form, order_form in zip(
        normalize_for_identity(route(FieldType.UNKNOWN), keys, ignore_case=ignore_case),
        normalize_for_order((FieldType.UNKNOWN,), keys),
        strict=True,
    ):
        assert known.setdefault(identity_form, order_form) == order_form


@given(_KEYS | _TEXTS, st.integers(0, 6))
def test_a_form_depends_on_its_key_only(keys: list[Any], cut: int) -> None:
    """The form of a key does not depend on the other keys of the call."""
    kind = (FieldType.UNKNOWN,)
    pairs = [(key, key) for key in keys]
    for key_types, some in ((kind, keys), (kind * 2, pairs)):
        first, second = normalize_for_order(key_types, some[:cut]), normalize_for_order(key_types, some[cut:])
        assert normalize_for_order(key_types, some) == first + second


def test_keys_of_several_fields() -> None:
    """Each value is compared by its type, at its place. The order of the key fields does not matter."""
    kinds = (TEXT, LONG)
    keys = [("a", 1), ("A ", 1.0), ("a", 2), ("b", 1)]
    first, second, *others = normalize_for_identity(route(*kinds, fields=["ONE", "TWO"]), keys, ignore_case=True)
    assert first == second
    assert len({first, *others}) == 3
    turned = normalize_for_identity(route(LONG, TEXT, fields=["TWO", "ONE"]), [(1, "a"), (2, "a")], ignore_case=True)
    assert turned == [first, others[0]]
    assert len(set(normalize_for_order(kinds, keys))) == 3


def test_keys_of_other_fields_and_lists_differ() -> None:
    """The same value under another field or in another List is another key."""
    here = route(TEXT, fields=["ONE"])
    elsewhere = Route("people", "others", ("ONE",), ("one",), (TEXT,))
    routes = [here, route(TEXT, fields=["TWO"]), elsewhere]
    assert len({key for one in routes for key in normalize_for_identity(one, ["a"], ignore_case=True)}) == 3


def test_no_keys() -> None:
    """Without keys there are no forms."""
    assert normalize_for_order((TEXT, TEXT), []) == normalize_for_order((TEXT,), []) == []


@given(st.lists(st.one_of(st.text(max_size=3), st.integers(-2, 2), st.booleans(), st.just("\x011"), st.just("\x01"))))
def test_within_one_list_the_same_keys_are_told_apart(keys: list[Any]) -> None:
    """The short texts of two keys are equal exactly if the keys are the same for identity."""
    for ignore_case in (True, False):
        short = normalize_within_list(route(TEXT), keys, ignore_case=ignore_case)
        whole = normalize_for_identity(route(TEXT), keys, ignore_case=ignore_case)
        assert [short.index(one) for one in short] == [whole.index(one) for one in whole]


def test_keys_of_several_fields_are_told_apart_within_one_list() -> None:
    """Values do not move from one field to another."""
    keys = [("a", "b"), ("ab", ""), ("A", "b "), ("a,b", "")]
    assert len(set(normalize_within_list(route(TEXT, TEXT), keys, ignore_case=True))) == 3

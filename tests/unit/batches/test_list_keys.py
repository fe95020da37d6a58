"""The keys of a List: which keys of records are among them, and how the List spells them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.list_keys import ListKeys
from target_selligent.records.conversions import FieldType
from tests.unit.rows import ROUTE

TEXT = replace(ROUTE, key_types=(FieldType.TEXT,))
PAIR = replace(ROUTE, key_fields=("A", "B"), key_columns=("a", "b"), key_types=(FieldType.TEXT, FieldType.LONG))
TEXTS = st.text("aAb \x01", max_size=3)


@pytest.mark.parametrize(
    ("ignore_case", "found"),
    [(True, ["Bob", "bOB", "Bob", "ann", None, None]), (False, [None, "bOB", "Bob", "ann", None, None])],
)
def test_a_key_has_the_spelling_of_the_list(ignore_case: bool, found: list[Any]) -> None:  # noqa: FBT001 - a case
    """If the List has several, its own spelling comes before the others."""
    keys = ListKeys(TEXT, ignore_case=ignore_case)
    keys.add([["Bob"], ["bOB"], ["ann"], [None], ["Bob"]])
    assert keys.find(["BOB ", "bOB", "Bob", "ann", "carl", ""]) == found
    keys.clear()
    assert keys.find(["Bob"]) == [None]


@pytest.mark.parametrize("ignore_case", [True, False])
def test_keys_of_several_fields(ignore_case: bool) -> None:  # noqa: FBT001 - a case
    """Numbers are compared as numbers."""
    keys = ListKeys(PAIR, ignore_case=ignore_case)
    keys.add([["Bob", 1], ["ann", None]])
    assert keys.find([("Bob", 1), ("Bob", 1.0), ("Bob", 2)]) == [("Bob", 1), ("Bob", 1.0), None]
    assert keys.find([("bob", 1)]) == [("Bob", 1) if ignore_case else None]


def test_number_keys() -> None:
    """A key keeps its form if its value is the same."""
    keys = ListKeys(ROUTE, ignore_case=True)
    keys.add([[1], [2]])
    assert keys.find([2, 3, 1]) == [2, None, 1]


@given(st.lists(TEXTS), st.lists(TEXTS))
def test_it_finds_what_is_there(of_list: list[str], wanted: list[str]) -> None:
    """An exact key is always found as it is; another is found in a spelling of the List, if it is the same key."""
    exact, folded = ListKeys(TEXT, ignore_case=False), ListKeys(TEXT, ignore_case=True)
    for keys in (exact, folded):
        keys.add([[key] for key in of_list])
    assert exact.find(wanted) == [key if key in of_list else None for key in wanted]
    for key, found in zip(wanted, folded.find(wanted), strict=True):
        same = {one for one in of_list if one.casefold().rstrip(" ") == key.casefold().rstrip(" ")}
        assert found in same if same else found is None
        assert found == key or key not in same

"""Which entry of `streams` counts for a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.settings.stream_entries import find_entries, is_pattern, matches

NAMES = st.text("ab*.", max_size=6)


@pytest.mark.parametrize(
    ("entry", "stream", "fits"),
    [
        ("public-*", "public-orders", True),
        ("public-*", "public-", True),
        ("public-*", "Public-orders", False),
        ("*-orders", "public-orders", True),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abde", False),
        ("a.c", "abc", False),
        ("[ab]*", "a", False),
        ("*", "any\nthing", True),
        ("**", "", True),
        ("a*", "a*", True),
    ],
)
def test_patterns(entry: str, stream: str, *, fits: bool) -> None:
    """Only `*` stands for other characters; it may stand for none."""
    assert matches(entry, stream) is fits


@given(NAMES, st.text("ab.", max_size=6))
def test_a_star_stands_for_any_text(entry: str, text: str) -> None:
    """A name that is made from an entry by putting text in place of each `*` fits it."""
    assert matches(entry, entry.replace("*", text))
    assert is_pattern(entry) or matches(entry, text) is (entry == text)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (["*", "public-*", "public-orders"], ("public-orders",)),
        (["*", "public-*", "public-order"], ("public-*",)),
        (["public-*", "public-o*", "*"], ("public-o*",)),
        (["other", "private-*"], ()),
        (["public-*", "*-orders", "public-o*"], ("public-o*",)),
        (["public*", "*orders*", "*"], ("public*", "*orders*")),
        (["*ic-o*", "*ic-or*", "pub*or*"], ("*ic-or*", "pub*or*")),
        ([], ()),
    ],
)
def test_the_most_specific_entry_counts(entries: list[str], found: tuple[str, ...]) -> None:
    """The exact name, then the pattern with the most characters; several only if they say different things."""
    differing = {entry: {"list_api_name": entry} for entry in entries}
    assert find_entries("public-orders", differing) == found
    same = {entry: {"list_api_name": "all"} for entry in entries}
    assert find_entries("public-orders", same) == found[:1]

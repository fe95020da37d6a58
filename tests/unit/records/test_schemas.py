"""Schemas of older drafts are converted to the current draft; bookmark properties are read."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.records.schemas import convert_to_current_draft, read_bookmark_properties


@pytest.mark.parametrize(
    ("older", "current"),
    [
        ({"maximum": 5, "exclusiveMaximum": True}, {"exclusiveMaximum": 5}),
        ({"maximum": 5, "exclusiveMaximum": False}, {"maximum": 5}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": 3, "minimum": 2}, {"exclusiveMinimum": 3, "minimum": 2}),
        ({"anyOf": [{"minimum": 1, "exclusiveMinimum": True}]}, {"anyOf": [{"exclusiveMinimum": 1}]}),
        ({"properties": {"exclusiveMinimum": True}}, {"properties": {"exclusiveMinimum": True}}),
        ({"enum": [{"exclusiveMinimum": True}]}, {"enum": [{"exclusiveMinimum": True}]}),
        ({"properties": {"enum": {"exclusiveMinimum": False}}}, {"properties": {"enum": {}}}),
        (True, True),
    ],
    ids=str,
)
def test_bounds(older: Any, current: Any) -> None:
    """An exclusive bound of draft 4 (a boolean) becomes a number. Values and names stay unchanged."""
    assert convert_to_current_draft(older) == current


@pytest.mark.parametrize(
    ("value", "names"),
    [(None, []), ([], []), (["a", None, 5], ["a", "5"]), ("a", ["a"]), ("", []), ({"a": 1}, [])],
    ids=["none", "empty", "a list", "a name", "no name", "no list"],
)
def test_bookmark_properties_in_any_form(value: Any, names: list[str]) -> None:
    """Taps write a list, a name or null."""
    assert read_bookmark_properties(value) == names

"""The names of the Segments are read from the values of the segment column."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import UNSET

from target_selligent.errors import RejectedRecord
from target_selligent.records.segment_names import NO_SEGMENT, parse_flattened_array, read_segment_names


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("vip", "vip"),
        (" ", ()),
        (None, ()),
        (UNSET, ()),
        (5, ("5",)),
        (["vip", None, "", "new", "vip"], ("vip", "new")),
        ([], ()),
    ],
    ids=repr,
)
def test_names(value: Any, expected: Any) -> None:
    """A text is one name. An array has several, without blanks and duplicates. Null and blank text are no name."""
    assert read_segment_names([value], "seg", required=False) == [expected]
    assert read_segment_names([value, ["x"]], "seg", required=False) == [expected, ("x",)]


@pytest.mark.parametrize("value", [True, 1.5, {"a": 1}, ["vip", False]], ids=repr)
def test_values_that_are_not_names(value: Any) -> None:
    """Other values reject the record, also if it is not required to name a Segment."""
    with pytest.raises(RejectedRecord) as caught:
        read_segment_names(["vip", value], "seg", required=False)
    assert (caught.value.field, caught.value.code) == ("seg", "bad_segment")


@pytest.mark.parametrize("value", [None, UNSET, "", []], ids=repr)
def test_a_required_name(value: Any) -> None:
    """A record that must name a Segment is rejected without one."""
    with pytest.raises(RejectedRecord) as caught:
        read_segment_names(["vip", value], "seg", required=True)
    assert caught.value.code == NO_SEGMENT


def test_equal_names_are_one_object() -> None:
    """Later steps compare names often, which is fast for identical objects."""
    first, second = read_segment_names(json.loads('["vip", "vip"]'), "seg", required=True)
    assert first is second


@pytest.mark.parametrize(
    ("value", "expected"), [('["vip","new"]', ["vip", "new"]), ("vip", "vip"), ("[broken", "[broken"), (5, 5)], ids=repr
)
def test_flattened_arrays(value: Any, expected: Any) -> None:
    """An array that was written as text is an array again. Other values stay unchanged."""
    assert parse_flattened_array(value) == expected

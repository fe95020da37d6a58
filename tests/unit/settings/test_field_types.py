"""Types of fields, as settings write them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from target_selligent.records.conversions import FieldType
from target_selligent.settings.field_types import (
    NamedType,
    find_same_names,
    find_type_problems,
    merge_by_field,
    parse_field_type,
)

TYPES_WITHOUT_LENGTH = {data_type.value for data_type in FieldType} - {"Text", "Unknown"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Text(50)", NamedType("Text", 50)),
        (" text ( 4000 ) ", NamedType("Text", 4000)),
        ("LONGTEXT", NamedType("LongText")),
        ("datetime", NamedType("DateTime")),
        *((name, NamedType(name)) for name in sorted(TYPES_WITHOUT_LENGTH)),
    ],
    ids=str,
)
def test_types(text: str, wanted: NamedType) -> None:
    """Every type that a field can have is named in any case; `Text` has a length."""
    assert parse_field_type(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Text", "needs a length"),
        ("Text()", "is not a type"),
        ("Text(0)", "from 1 to 4000"),
        ("Text(4001)", "use LongText"),
        ("Long(8)", "Long has no length"),
        ("Unknown", "Unknown is not one of the types Boolean,"),
        ("Datetim", "did you mean DateTime?"),
        ("", "'' is not a type"),
        ("Text(5) null", "is not a type"),
    ],
    ids=str,
)
def test_texts_that_are_no_type(text: str, words: str) -> None:
    """The message says what is wrong with the name or the length."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_field_type(text)


@pytest.mark.parametrize(
    ("types", "problems"),
    [
        ({"A": "Long", "B": None}, []),
        ({"A": 5}, ["field_types of field A must be a type such as Text(50), or null"]),
        ({"A": "Text(5)", "a": "Long"}, ["field_types names A and a, which are the same field: leave one out"]),
    ],
    ids=str,
)
def test_problems(types: dict[str, Any], problems: list[str]) -> None:
    """Each names the field."""
    assert list(find_type_problems(types)) == problems


def test_one_field_has_one_name() -> None:
    """In any case; three spellings are two problems."""
    assert len(list(find_same_names("field_types", dict.fromkeys(("A", "a", "B"))))) == 1


def test_values_of_a_stream_are_added_to_those_of_the_run() -> None:
    """Names are the same in any case. What the stream names without a value is taken away."""
    assert merge_by_field({"A": 1, "B": 2, "C": 3}, ["a", "b", "D"], {"a": 5, "D": 6}) == {"C": 3, "a": 5, "D": 6}

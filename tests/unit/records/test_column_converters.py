"""Columns that are converted together: with the result of their values one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from target_selligent.records.column_converters import CONVERTERS
from target_selligent.records.conversions import Conversion
from target_selligent.records.exact_numbers import (
    INT64_MAX,
    INT64_MIN,
    parse_json_number,
    to_exact_double,
    to_whole_number,
)

TEXT_CONVERSIONS = [Conversion.TEXT_TO_LONG, Conversion.TEXT_TO_FLOAT, Conversion.TEXT_TO_BOOLEAN]
NUMBERS = st.one_of(
    st.integers(-(10**17), 10**17).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)
UNUSUAL = [
    "",
    "-",
    "-0",
    "-0.0",
    "0.0",
    "007",
    "+1",
    ".5",
    "1.",
    "1e3",
    "1E400",
    "1,5",
    "5,",
    "null",
    "nul",
    "NaN",
    " 1",
]
STRANGE = ["true", "FALSE", "yes", "1" * 16, "9" * 19, "0." + "1" * 14, "\ud800", "\u0661", "1]", '"1"', "1 2", "\n1"]
OTHERS = st.sampled_from(UNUSUAL + STRANGE)


def convert_alone(text: str, conversion: Conversion) -> object:
    """Return what a text means."""
    if conversion is Conversion.TEXT_TO_BOOLEAN:
        if text.lower() not in {"true", "false"}:
            raise ValueError
        return text.lower() == "true"
    number = parse_json_number(text)
    if conversion is Conversion.TEXT_TO_FLOAT:
        return to_exact_double(number)
    whole = to_whole_number(number)
    if not INT64_MIN <= whole <= INT64_MAX:
        raise ValueError
    return whole


@pytest.mark.parametrize("conversion", TEXT_CONVERSIONS, ids=str)
@given(st.one_of(st.lists(NUMBERS | st.none()), st.lists(OTHERS | st.none()), st.lists(NUMBERS | OTHERS | st.none())))
@example(["1", "2.5", None, "-3"])
@example(["true", "False", None])
@example(["9007199254740993"])
@example(["-999999999999999", "0.12345678901234", "999999999999999"])
def test_a_column_is_converted_as_its_values(conversion: Conversion, values: list[str | None]) -> None:
    """Neither other values of the column nor nulls change a value or its type, or hide one that cannot be sent."""
    try:
        expected = [None if value is None else convert_alone(value, conversion) for value in values]
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - it is the caller who names the record
            CONVERTERS[conversion](values)
        return
    assert list(map(repr, CONVERTERS[conversion](values))) == list(map(repr, expected))


@pytest.mark.parametrize("conversion", TEXT_CONVERSIONS, ids=str)
def test_other_values_beside_text(conversion: Conversion) -> None:
    """A column may lack values, or have some that are no text."""
    text, value = ("true", False) if conversion is Conversion.TEXT_TO_BOOLEAN else ("5", 7)
    converted = CONVERTERS[conversion]([text, UNSET, None, value])
    assert list(map(repr, converted)) == list(map(repr, [CONVERTERS[conversion]([text])[0], UNSET, None, value]))
    with pytest.raises(ValueError, match=r"not a|neither"):
        CONVERTERS[conversion]([text, ["a list"]])

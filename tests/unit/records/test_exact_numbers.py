"""Numbers keep all of their digits: from JSON, from text and to text."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.records.exact_numbers import (
    allows_only_whole_numbers,
    format_number,
    get_text_length_beyond_long,
    get_whole_number_bounds,
    parse_json_float,
    parse_json_number,
    to_exact_double,
)

_DECIMALS = st.decimals(-(10**300), 10**300, places=40) | st.decimals(-(10**30), 10**30).filter(
    lambda number: abs(number.adjusted()) < 300 and len(number.as_tuple().digits) < 90
)


@given(_DECIMALS)
def test_json_numbers_keep_their_digits(number: Decimal) -> None:
    """The parsed number has the value of the text, as a float only if a float can hold it."""
    parsed = parse_json_float(f"{number:e}")
    assert Decimal(repr(parsed) if isinstance(parsed, float) else parsed) == number


def test_an_exponent_beyond_a_decimal_is_nan() -> None:
    """No field accepts NaN, so the record is rejected later."""
    number = parse_json_float("1e99999999999999999999")
    assert isinstance(number, float)
    assert math.isnan(number)


@given(_DECIMALS, _DECIMALS)
def test_formatted_numbers_are_equal_if_the_numbers_are(one: Decimal, other: Decimal) -> None:
    """Each number has one text, without an exponent, which can be parsed again."""
    texts = [format_number(number) for number in (one, other)]
    assert (texts[0] == texts[1]) == (one == other)
    assert "e" not in "".join(texts).lower()
    parsed = parse_json_number(texts[0])
    assert Decimal(repr(parsed) if isinstance(parsed, float) else parsed) == one


@pytest.mark.parametrize("text", ["", "007", "+1", "1 000", "1,5", "0x1", "1.", ".5", "NaN"], ids=repr)
def test_texts_that_are_not_numbers(text: str) -> None:
    """Only the number format of JSON is accepted."""
    with pytest.raises(ValueError, match="not a plain number"):
        parse_json_number(text)


@pytest.mark.parametrize("number", [2**53 + 1, Decimal("0.10000000000000000001")], ids=str)
def test_doubles_that_would_lose_digits(number: int | Decimal) -> None:
    """A number that a float cannot hold raises an error."""
    with pytest.raises(ValueError, match="more digits"):
        to_exact_double(number)


@pytest.mark.parametrize(
    ("schema", "bounds", "length"),
    [
        ({}, (None, None), 0),
        ({"minimum": -1.5, "exclusiveMaximum": 10}, (-1, 9), 0),
        ({"exclusiveMinimum": 0, "minimum": 5, "maximum": 7.9}, (5, 7), 0),
        ({"exclusiveMinimum": -(10**20), "exclusiveMaximum": 10**20}, (1 - 10**20, 10**20 - 1), 21),
        ({"maximum": True, "minimum": math.inf}, (None, None), 0),
    ],
    ids=str,
)
def test_bounds(schema: dict[str, Any], bounds: tuple[int | None, int | None], length: int) -> None:
    """The bounds are the lowest and the highest whole number that the schema allows."""
    assert get_whole_number_bounds(schema) == bounds
    assert get_text_length_beyond_long(schema) == length


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"multipleOf": 1}, True),
        ({"multipleOf": 2.0}, True),
        ({"multipleOf": 0.01}, False),
        ({"multipleOf": True}, False),
        ({"scale": 0}, True),
        ({"scale": 2}, False),
        ({"scale": False}, False),
        ({}, False),
    ],
    ids=str,
)
def test_schemas_of_whole_numbers(schema: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    """Numbers are whole because of `multipleOf` or a scale of 0."""
    assert allows_only_whole_numbers(schema) is expected

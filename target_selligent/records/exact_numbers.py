"""Keeps all digits of numbers: from JSON, from text, and to text. Pure; no I/O.

A float is certain to keep 15 digits only. If a number has more, decoding it to a float can make two numbers equal.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
"""Bounds of a Long field."""

CERTAIN_DIGITS = 15
"""A float keeps so many digits, whatever they are."""
_MAX_CERTAIN_LENGTH = CERTAIN_DIGITS + len(".")
"""A fraction of this many characters, without exponent, has no more digits than that."""
_MAX_PLACES = 400
"""Most places before or after the point. No float has more."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")


def parse_json_float(text: str) -> float | Decimal:
    """Return a JSON number that has a fraction or an exponent.

    Args:
        text: The number as JSON writes it.

    Returns:
        A float if it keeps all digits, else a Decimal. NaN, which no field accepts, if the exponent is too large
        for a Decimal.
    """
    number = float(text)
    if len(text) <= _MAX_CERTAIN_LENGTH and "e" not in text and "E" not in text:
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return math.nan
    return number if Decimal(repr(number)) == exact else exact


def parse_json_number(text: str) -> float | Decimal:
    """Return the exact number that a text holds.

    Args:
        text: A number as JSON writes it.

    Raises:
        ValueError: If the text is not such a number: it is blank, or has leading zeros, a plus sign, blanks or
            separators.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("the text is not a plain number")
    return int(text) if match["fraction"] is None and match["exponent"] is None else parse_json_float(text)


def format_number(number: float | Decimal) -> str:
    """Return a number's digits without exponent and without trailing zeros: equal numbers give equal text.

    Args:
        number: The number. A float is written with the fewest digits that identify it.

    Raises:
        ValueError: If the number is infinite or NaN, or if its text would be too long.
    """
    if isinstance(number, int):
        return str(number)
    decimal = _to_decimal(number)
    if not decimal:
        return "0"
    digits = format(decimal, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def to_whole_number(number: float | Decimal) -> int:
    """Return a whole number as an integer with exactly its digits.

    Raises:
        ValueError: If the number is not whole.
    """
    if isinstance(number, int):
        return number
    decimal = _to_decimal(number)
    if decimal != decimal.to_integral_value():
        raise ValueError("not a whole number")
    return int(decimal)


def to_double(number: float | Decimal) -> float:
    """Return the float nearest to a number. An integer that fits 64 bits is returned unchanged.

    Raises:
        ValueError: If the number is too large for a float, infinite or NaN.
    """
    try:
        double = number if isinstance(number, int) and INT64_MIN <= number <= INT64_MAX else float(number)
    except OverflowError:
        raise ValueError("the number is too large") from None
    if not math.isfinite(double):
        raise ValueError("NaN and infinity are not valid in JSON")
    return double


def to_exact_double(number: float | Decimal) -> float:
    """Return the float that stands for a number: different numbers give different floats.

    Raises:
        ValueError: If a float cannot hold the number's digits.
    """
    double = to_double(number)
    if Decimal(repr(float(double))) != number and not isinstance(number, float):
        raise ValueError("the number has more digits than a Float field can hold")
    return double


def allows_only_whole_numbers(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema's numbers must be whole, because of its `multipleOf` or a `scale` of 0."""
    step = schema.get("multipleOf")
    if step is None:
        return schema.get("scale") == 0 and schema["scale"] is not False
    return is_finite_number(step) and step >= 1 and step == math.floor(step)


def get_text_length_beyond_long(schema: Mapping[str, Any]) -> int:
    """Return how many characters the whole numbers of a schema need as text; 0 if a Long field can hold them all."""
    lowest, highest = get_whole_number_bounds(schema)
    if (lowest is None or lowest >= INT64_MIN) and (highest is None or highest <= INT64_MAX):
        return 0
    return max(len(str(bound)) for bound in (lowest, highest, INT64_MIN) if bound is not None)


def get_whole_number_bounds(schema: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the lowest and the highest whole number that a schema allows; None where it has no bound."""
    lowest = [math.ceil(schema["minimum"])] if is_finite_number(schema.get("minimum")) else []
    lowest += [math.floor(schema["exclusiveMinimum"]) + 1] if is_finite_number(schema.get("exclusiveMinimum")) else []
    highest = [math.floor(schema["maximum"])] if is_finite_number(schema.get("maximum")) else []
    highest += [math.ceil(schema["exclusiveMaximum"]) - 1] if is_finite_number(schema.get("exclusiveMaximum")) else []
    return max(lowest, default=None), min(highest, default=None)


def is_finite_number(value: object) -> TypeGuard[float]:
    """Return whether a value in a schema is a finite number."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _to_decimal(number: float | Decimal) -> Decimal:
    decimal = number if isinstance(number, Decimal) else Decimal(repr(float(number)))
    if not decimal.is_finite():
        raise ValueError("NaN and infinity are not valid in JSON")
    exponent = decimal.as_tuple().exponent
    if decimal and (abs(decimal.adjusted()) > _MAX_PLACES or (isinstance(exponent, int) and exponent < -_MAX_PLACES)):
        raise ValueError("the number has too many digits")
    return decimal

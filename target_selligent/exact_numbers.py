"""Numbers whose digits matter: kept as they came, written out, and read from text. Pure; no I/O.

A double holds 15 digits for certain. Where a number has more, decoding it to a float may make two numbers one.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
"""What a Long field holds."""

_CERTAIN = 16
"""So many characters of a fraction without exponent are at most 15 digits, which a double holds."""
_MAX_PLACES = 400
"""Most places before or after the point: more than any double has."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")


def parse_json_float(text: str) -> float | Decimal:
    """Return a JSON number with a fraction or an exponent: as a float if that keeps its digits, else as a Decimal.

    Args:
        text: The number as JSON writes it.

    Returns:
        The number; NaN, which no field takes, if its exponent is beyond what a Decimal holds.
    """
    number = float(text)
    if len(text) <= _CERTAIN and "e" not in text and "E" not in text:
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return math.nan
    return number if Decimal(repr(number)) == exact else exact


def parse_json_number(text: str) -> float | Decimal:
    """Return the number that a text stands for, exactly.

    Args:
        text: A number as JSON writes it.

    Raises:
        ValueError: If it is none: blank, or with leading zeros, a plus sign, blanks or separators.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("text that is no plain number")
    return int(text) if match["fraction"] is None and match["exponent"] is None else parse_json_float(text)


def format_number(number: float | Decimal) -> str:
    """Return a number's digits without exponent and without zeros that say nothing: one text for one number.

    Args:
        number: The number; a float stands for the shortest digits that mean it.

    Raises:
        ValueError: If it is infinite or no number, or would be too long.
    """
    if isinstance(number, int):
        return str(number)
    decimal = _decimal(number)
    if not decimal:
        return "0"
    digits = format(decimal, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def to_whole_number(number: float | Decimal) -> int:
    """Return a whole number as an integer, exactly by its digits.

    Raises:
        ValueError: If it is not whole.
    """
    if isinstance(number, int):
        return number
    decimal = _decimal(number)
    if decimal != decimal.to_integral_value():
        raise ValueError("not a whole number")
    return int(decimal)


def to_double(number: float | Decimal) -> float:
    """Return the double that is nearest to a number; integers that 64 bits hold stay what they are.

    Raises:
        ValueError: If no double is near.
    """
    try:
        double = number if isinstance(number, int) and INT64_MIN <= number <= INT64_MAX else float(number)
    except OverflowError:
        raise ValueError("a number that is too large") from None
    if not math.isfinite(double):
        raise ValueError("NaN and infinity are no numbers in JSON")
    return double


def to_exact_double(number: float | Decimal) -> float:
    """Return the double that means a number: no other number that is accepted becomes the same one.

    Raises:
        ValueError: If a double cannot hold its digits.
    """
    double = to_double(number)
    if Decimal(repr(float(double))) != number and not isinstance(number, float):
        raise ValueError("more digits than a Float field holds")
    return double


def allows_only_whole_numbers(schema: Mapping[str, Any]) -> bool:
    """Say whether numbers must be whole, as `multipleOf` or a scale of 0 says."""
    step = schema.get("multipleOf")
    if step is None:
        return schema.get("scale") == 0 and schema["scale"] is not False
    return is_finite_number(step) and step >= 1 and step == math.floor(step)


def get_text_length_beyond_long(schema: Mapping[str, Any]) -> int:
    """Return how many characters whole numbers need if 64 bits do not hold all that their bounds allow; else 0."""
    lowest, highest = get_whole_number_bounds(schema)
    if (lowest is None or lowest >= INT64_MIN) and (highest is None or highest <= INT64_MAX):
        return 0
    return max(len(str(bound)) for bound in (lowest, highest, INT64_MIN) if bound is not None)


def get_whole_number_bounds(schema: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the lowest and the highest whole number that a schema allows; None where it sets no bound."""
    lowest = [math.ceil(schema["minimum"])] if is_finite_number(schema.get("minimum")) else []
    lowest += [math.floor(schema["exclusiveMinimum"]) + 1] if is_finite_number(schema.get("exclusiveMinimum")) else []
    highest = [math.floor(schema["maximum"])] if is_finite_number(schema.get("maximum")) else []
    highest += [math.ceil(schema["exclusiveMaximum"]) - 1] if is_finite_number(schema.get("exclusiveMaximum")) else []
    return max(lowest, default=None), min(highest, default=None)


def is_finite_number(value: object) -> TypeGuard[float]:
    """Say whether a value of a schema is a finite number."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _decimal(number: float | Decimal) -> Decimal:
    decimal = number if isinstance(number, Decimal) else Decimal(repr(float(number)))
    if not decimal.is_finite():
        raise ValueError("NaN and infinity are no numbers in JSON")
    exponent = decimal.as_tuple().exponent
    if decimal and (abs(decimal.adjusted()) > _MAX_PLACES or (isinstance(exponent, int) and exponent < -_MAX_PLACES)):
        raise ValueError("a number with too many digits")
    return decimal

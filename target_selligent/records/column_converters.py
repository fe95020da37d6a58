"""Converts the values of a whole column to what is sent to its field. Pure; no I/O.

Dates are text before and after. A date-time keeps its instant and is sent as ISO 8601 in UTC, such as
`2018-03-27T11:57:20.1179032Z` (docs/selligent-api.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.records.conversions import Conversion
from target_selligent.records.dates import DATE_PATTERNS, DATE_TIME_PATTERNS, to_iso_date, to_utc_date_time
from target_selligent.records.exact_numbers import (
    CERTAIN_DIGITS,
    INT64_MAX,
    INT64_MIN,
    format_number,
    parse_json_number,
    to_double,
    to_exact_double,
    to_whole_number,
)

ColumnValues = Sequence[Any]
"""The values of one column, in record order. UNSET if a record lacks the column."""

ColumnConverter = Callable[[ColumnValues], ColumnValues]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode_numbers = msgspec.json.Decoder(list[int | float | None]).decode


def convert_text(text: str, conversion: Conversion) -> Any:  # noqa: ANN401 - JSON
    """Return a text as it is sent to a field.

    Args:
        text: The text.
        conversion: The conversion to the field.

    Raises:
        ValueError: If the text cannot be a value of the field.
    """
    return CONVERTERS[conversion]([text])[0]


def require_one_spelling(convert: ColumnConverter) -> ColumnConverter:
    """Return a converter that also rejects text with a second spelling: two different keys could become equal."""

    def convert_column(values: ColumnValues) -> ColumnValues:
        converted = convert(values)
        for value, sent in zip(values, converted, strict=True):
            if isinstance(value, str) and _to_text(sent) != value:
                raise ValueError("the key can be written in more than one way: two keys could become equal")
        return converted

    return convert_column


def _check_text(value: object) -> str:
    if value.__class__ is not str:
        raise ValueError("not text")
    return value


def _to_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return format_number(value) if value.__class__ in _NUMBER_TYPES else _to_json(value)  # type: ignore[arg-type]


def _to_long(value: object) -> int:
    # In JSON Schema, 1.0 is an integer. A Long field does not accept it.
    number = to_whole_number(_check_number(value, "not a whole number"))
    if not INT64_MIN <= number <= INT64_MAX:
        raise ValueError("the integer does not fit 64 bits")
    return number


def _to_float(value: object) -> float:
    return to_double(_check_number(value))


def _to_float_key(value: object) -> float:
    return to_exact_double(_check_number(_parse_if_text(value)))


def _check_number(value: object, message: str = "not a number") -> float | Decimal:
    if value.__class__ not in _NUMBER_TYPES:
        raise ValueError(message)
    return value  # type: ignore[return-value]


def _parse_if_text(value: object) -> object:
    return parse_json_number(value) if isinstance(value, str) else value


def _parse_long(value: object) -> int:
    return _to_long(_parse_if_text(value))


def _parse_float(value: object) -> float:
    return to_exact_double(parse_json_number(value)) if isinstance(value, str) else _to_float(value)


def _parse_boolean(value: object) -> bool:
    if not isinstance(value, str):
        return _check_boolean(value)
    if value.lower() not in _BOOLEANS:
        raise ValueError("the text is neither true nor false")
    return _BOOLEANS[value.lower()]


def _to_flag(value: object) -> int:
    return int(_check_boolean(value))


def _check_boolean(value: object) -> bool:
    if value.__class__ is not bool:
        raise ValueError("neither true nor false")
    return value


def _to_json(value: object) -> str:
    _check_finite(value)
    try:
        return _encode(value).decode()
    except (UnicodeEncodeError, OverflowError, RecursionError):
        raise ValueError("the value cannot be written as JSON") from None


def _check_finite(value: object) -> None:
    """Raise ValueError if a value contains NaN or infinity, at any depth."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, (float, Decimal)) and not isfinite(item):
            raise ValueError("NaN and infinity are not valid in JSON")


def _create_value_converter(convert: Callable[[Any], Any], unchanged_type: type | None = None) -> ColumnConverter:
    """Return a converter that converts values one by one, unless all of them are sent unchanged.

    Args:
        convert: Converts one value.
        unchanged_type: Type of the values that are sent unchanged.
    """
    unchanged_types = _NULL_OR_MISSING if unchanged_type is None else _NULL_OR_MISSING | {unchanged_type}

    def convert_column(values: ColumnValues) -> ColumnValues:
        if unchanged_types.issuperset(map(type, values)):
            return values
        return [value if value is None or value is UNSET else convert(value) for value in values]

    return convert_column


def _create_number_converter(convert: Callable[[Any], Any], types: frozenset[type]) -> ColumnConverter:
    """Return a converter that decodes short, plain numbers together, and converts other columns one by one.

    Args:
        convert: Converts one value.
        types: The types of decoded numbers that are sent unchanged.
    """
    one_by_one = _create_value_converter(convert)

    def convert_column(values: ColumnValues) -> ColumnValues:
        numbers = _decode_short_numbers(values)
        return numbers if numbers is not None and types.issuperset(map(type, numbers)) else one_by_one(values)

    return convert_column


def _decode_short_numbers(values: ColumnValues) -> list[float | None] | None:
    """Return the numbers in texts, or null; None if they are not all plain numbers that floats are certain to keep."""
    try:
        joined = ",".join(["null" if value is None else value for value in values])
        if max(map(len, filter(None, values)), default=0) > CERTAIN_DIGITS:
            return None
        if joined.encode().translate(None, _PLAIN) != b"null" * values.count(None):
            return None
        numbers = _decode_numbers(f"[{joined}]")
    except (TypeError, UnicodeEncodeError, msgspec.DecodeError):
        return None
    # A text with a comma would become two numbers, and one blank text none.
    return numbers if len(numbers) == len(values) else None


def _convert_booleans(values: ColumnValues) -> ColumnValues:
    """Convert each text once, because a column has few different ones. Convert other columns one by one."""
    try:
        distinct = set(values)
    except TypeError:
        return _convert_booleans_apart(values)
    if not _TEXT_OR_NULL.issuperset(map(type, distinct)):
        return _convert_booleans_apart(values)
    converted = {value: None if value is None else _parse_boolean(value) for value in distinct}
    return list(map(converted.__getitem__, values))


def _create_date_converter(
    convert: Callable[[str], str], patterns: dict[str, re.Pattern[str]], ending: str
) -> ColumnConverter:
    """Return a converter that converts texts together if one pattern matches all of them, else one by one.

    Args:
        convert: Converts one text.
        patterns: Ending of the texts (their zone) to a pattern for a whole column, as in `dates.py`.
        ending: The ending that is sent.
    """

    def convert_column(values: ColumnValues) -> ColumnValues:
        try:
            lines = "\n".join([*["" if value is None else value for value in values], ""])
        except TypeError:
            return one_by_one(values)
        if "" not in values and lines.count("\n") == len(values):
            for zone, pattern in patterns.items():
                if pattern.fullmatch(lines):
                    lines = lines.replace(f"{zone}\n", f"{ending}\n").replace(" ", "T")
                    # A line for null has become the ending alone.
                    return [text if len(text) > 1 else None for text in lines.split("\n")[:-1]]
        return one_by_one(values)

    one_by_one = _create_value_converter(lambda value: convert(_check_text(value)))
    return convert_column


def _to_key_date_time(text: str) -> str:
    if _BEYOND_SEVEN_DIGITS.search(text):
        raise ValueError("the key has more than 7 digits of a second: two keys could become equal")
    return to_utc_date_time(text)


_BEYOND_SEVEN_DIGITS = re.compile(r"[.,][0-9]{7}[0-9]*[1-9]")
_NUMBER_TYPES: frozenset[type] = frozenset({int, float, Decimal})
_BOOLEANS = {"true": True, "false": False}
_PLAIN = b"0123456789.-,"
_TEXT_OR_NULL: frozenset[type] = frozenset({str, type(None)})
_NULL_OR_MISSING: frozenset[type] = frozenset({type(None), UnsetType})
_convert_booleans_apart = _create_value_converter(_parse_boolean, bool)
CONVERTERS: dict[Conversion, ColumnConverter] = {
    Conversion.STRING: _create_value_converter(_check_text, str),
    Conversion.TEXT: _create_value_converter(_to_text, str),
    Conversion.LONG: _create_value_converter(_to_long),
    Conversion.FLOAT: _create_value_converter(_to_float),
    Conversion.FLOAT_KEY: _create_value_converter(_to_float_key),
    Conversion.TEXT_TO_LONG: _create_number_converter(_parse_long, frozenset({int, type(None)})),
    Conversion.TEXT_TO_FLOAT: _create_number_converter(_parse_float, frozenset({int, float, type(None)})),
    Conversion.TEXT_TO_BOOLEAN: _convert_booleans,
    Conversion.BOOLEAN: _create_value_converter(_check_boolean, bool),
    Conversion.FLAG: _create_value_converter(_to_flag),
    Conversion.JSON: _create_value_converter(_to_json),
    Conversion.DATE: _create_date_converter(to_iso_date, DATE_PATTERNS, ""),
    Conversion.DATE_TIME: _create_date_converter(to_utc_date_time, DATE_TIME_PATTERNS, "Z"),
}
"""Conversion to what converts a column. It returns its argument if all values are sent unchanged, and raises ValueError
if a value cannot be converted."""
KEY_DATE_TIME = _create_date_converter(_to_key_date_time, DATE_TIME_PATTERNS, "Z")
"""What converts the date-times of a key."""

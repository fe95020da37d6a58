"""Values of records: which ones each field type accepts, and how two values are compared."""

import re
import sys
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from target_selligent.emulator import jsontext
from target_selligent.emulator.tenant.fields import Field

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
CONVERTED_TYPES = frozenset({"Boolean", "Date"})
"""Field types whose values are stored in one form, but accepted in several."""

_NUMERIC_LIMIT = 2**31
_LONG_LIMIT = 2**63
_FLOAT_LIMIT = sys.float_info.max


class Problem(NamedTuple):
    """Why a value is refused: a code and a message, as in `invalid_records`."""

    validation_code: str
    message: str


Check = Callable[[Any], Problem | None]


def _wrong_type(field: Field) -> Problem:
    return Problem("InvalidType", f"Value of field {field.name} is not a valid {field.data_type}")


def _integer_check(field: Field, limit: int) -> Check:
    wrong = _wrong_type(field)

    def check(value: Any) -> Problem | None:  # noqa: ANN401 - JSON
        return None if type(value) is int and -limit <= value < limit else wrong

    return check


def _text_check(field: Field, limit: int | None) -> Check:
    wrong = _wrong_type(field)

    def check(value: Any) -> Problem | None:  # noqa: ANN401 - JSON
        if type(value) is not str:
            return wrong
        if limit is not None and (length := _length(value)) > limit:
            message = f"Length of string ({length}) exceeds maximum field length ({limit})"
            return Problem("MaxStringLengthExceeded", message)
        return None

    return check


def _length(text: str) -> int:
    """Return the length of a text in UTF-16 units, as .NET and SQL Server count it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _predicate_check(field: Field, accepts: Callable[[Any], bool]) -> Check:
    wrong = _wrong_type(field)

    def check(value: Any) -> Problem | None:  # noqa: ANN401 - JSON
        return None if accepts(value) else wrong

    return check


def _is_boolean(value: Any) -> bool:  # noqa: ANN401 - JSON
    return type(value) is bool or (type(value) is int and value in (0, 1))


def _is_float(value: Any) -> bool:  # noqa: ANN401 - JSON
    return type(value) in (int, float) and -_FLOAT_LIMIT <= value <= _FLOAT_LIMIT


def _is_json_text(value: Any) -> bool:  # noqa: ANN401 - JSON
    if type(value) is not str:
        return False
    try:
        jsontext.decode(value)
    except ValueError:
        return False
    return True


def parse_date_time(text: Any, *, time_needed: bool) -> tuple[datetime, str] | None:  # noqa: ANN401 - JSON
    """Parse a date with or without a time. A text without an offset is in UTC.

    Args:
        text: The value of a field.
        time_needed: Whether a date without a time is refused.

    Returns:
        The time in UTC to the second, and its seven fractional digits; None if the text is not valid.
    """
    match = _DATE_TIME.fullmatch(text) if type(text) is str else None
    if match is None or (time_needed and match[4] is None):
        return None
    try:
        moment = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
        offset = match[8]
        if offset not in (None, "Z"):
            shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
            moment = moment - shift if offset[0] == "+" else moment + shift
    except (ValueError, OverflowError):
        return None
    return moment, (match[7] or "").ljust(7, "0")


def compile_check(field: Field, codes: Collection[Any] | None = None) -> Check:
    """Return a function that returns the problem of a value other than null, or None if the value is valid.

    Args:
        field: The field.
        codes: The values that a field with an option list accepts; None: all values of its type.
    """
    checks: dict[str, Callable[[], Check]] = {
        "Boolean": lambda: _predicate_check(field, _is_boolean),
        "Numeric": lambda: _integer_check(field, _NUMERIC_LIMIT),
        "Long": lambda: _integer_check(field, _LONG_LIMIT),
        "Float": lambda: _predicate_check(field, _is_float),
        "Date": lambda: _predicate_check(field, lambda value: parse_date_time(value, time_needed=False) is not None),
        "DateTime": lambda: _predicate_check(field, lambda value: parse_date_time(value, time_needed=True) is not None),
        "Text": lambda: _text_check(field, field.length),
        "LongText": lambda: _text_check(field, None),
        "Json": lambda: _predicate_check(field, _is_json_text),
    }
    check = checks[field.data_type]()
    return check if codes is None else _option_check(field, check, codes)


def _option_check(field: Field, check: Check, codes: Collection[Any]) -> Check:
    unknown = Problem("Unknown", f"Value of field {field.name} is not a code of option list {field.optionlist}")

    def check_code(value: Any) -> Problem | None:  # noqa: ANN401 - JSON
        problem = check(value)
        if problem is not None:
            return problem
        chosen = value.split(",") if field.content == "Multi" and type(value) is str else [value]
        return None if all(code in codes for code in chosen) else unknown

    return check_code


def stored_form(data_type: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a valid value in the form in which a List stores it: 0 and 1 as a Boolean, a Date without its time."""
    if value is None:
        return None
    if data_type == "Boolean":
        return bool(value)
    return comparable_form(data_type, value) if data_type == "Date" else value


def comparable_form(data_type: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value in a form that can be compared: equal values have equal forms, and times are in order."""
    if value is None:
        return None
    if data_type == "Float":
        return float(value)
    if data_type in {"DateTime", "Date"}:
        moment = parse_date_time(value, time_needed=False)
        if moment is None:
            return value
        return moment[0].date().isoformat() if data_type == "Date" else f"{moment[0].isoformat()}.{moment[1]}"
    return value


def parse_text(field: Field, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a text, as in a search filter or a form.

    Raises:
        ValueError: The text is not a value of the field's type.
    """
    value: Any = text
    if field.data_type in {"Numeric", "Long"}:
        value = int(text)
    elif field.data_type == "Float":
        value = float(text)
    elif field.data_type == "Boolean":
        value = {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    unlimited = compile_check(field if field.data_type != "Text" else field.as_long_text())
    if unlimited(value) is not None:
        raise ValueError(f"not a value of {field.name}")
    return value

"""Records to rows: made once for the columns that records have, run for many records at once.

A row is a tuple of JSON scalars in field order. Dates stay text all the way: a date-time keeps its instant and leaves
as ISO 8601 in UTC, the form of the vendor's example (`2018-03-27T11:57:20.1179032Z`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import RejectedRecord
from target_selligent.fields import OPTOUT_FIELD, Conversion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_selligent.batch import Key
    from target_selligent.fields import ColumnField

Row = tuple[Any, ...]
"""JSON scalars in field order."""

Column = Sequence[Any]
"""The values of one column, in record order."""

_ConvertColumn = Callable[[Column], Column]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d+))?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_FRACTION_DIGITS = 7
_MAX_KNOWN_TEXTS = 20_000
_DAY = (
    r"(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|"
    r"(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_COMMON_DATE = re.compile(_DAY, re.ASCII).fullmatch
_COMMON_DATE_TIME = re.compile(
    rf"{_DAY}[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,{_FRACTION_DIGITS}}})?(?:Z|\+00:00)?", re.ASCII
).fullmatch
"""What nearly all dates look like: valid by their form alone, in UTC. Others (29 February is one) take longer."""
_UTC_ZONES = frozenset({None, "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"})
_encode = msgspec.json.Encoder().encode


class RowMapper:
    """Turns records that have exactly the given columns into rows, many at once.

    Work is done by column: most columns need no look at their single values, and dates repeat.

    Args:
        columns: The columns, in field order.
        key_columns: Those of them that must hold a usable key.

    Attributes:
        fields: Field names, in row order.
    """

    __slots__ = ("_columns", "_conversions", "_get", "_key_indexes", "_optout", "fields")

    def __init__(self, columns: Sequence[ColumnField], key_columns: Sequence[str]) -> None:
        names = [column.column for column in columns]
        get = itemgetter(*names)
        self._columns = names
        self._get: Callable[[Any], Row] = get if len(names) > 1 else lambda record: (get(record),)
        self._conversions = [(index, _NEW_CONVERTERS[column.conversion]()) for index, column in enumerate(columns)]
        self._optout = next(
            (index for index, column in enumerate(columns) if column.field.name.upper() == OPTOUT_FIELD), None
        )
        self._key_indexes = tuple(names.index(column) for column in key_columns)
        self.fields = tuple(column.field.name for column in columns)

    def __call__(self, records: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[Key]]:
        """Return the records' rows and keys.

        Args:
            records: The records; columns that the mapper was not made for are left out.

        Returns:
            A row and a key for each record, in order.

        Raises:
            KeyError: If a record lacks one of the columns.
            RejectedRecord: If a value cannot be sent as it is; which of several records is at fault is not said.
        """
        columns: list[Column] = list(zip(*map(self._get, records), strict=True))
        for index, convert in self._conversions:
            try:
                columns[index] = convert(columns[index])
            except ValueError as error:
                raise RejectedRecord(str(error), field=self._columns[index]) from None
        for index in self._key_indexes:
            if _holds_unusable_key(columns[index]):
                raise RejectedRecord("the key is null or blank", field=self._columns[index], code="missing_key")
        if self._optout is not None and None in columns[self._optout]:
            raise RejectedRecord(
                f"null in {OPTOUT_FIELD} would subscribe the person again",
                field=self._columns[self._optout],
                code="null_optout",
            )
        keys = zip(*[columns[index] for index in self._key_indexes], strict=True)
        return list(zip(*columns, strict=True)), list(keys)


def utc_date_time(text: str) -> str:
    """Return an ISO 8601 date-time in UTC, its instant unchanged.

    Args:
        text: Date, or date and time with or without seconds, fraction and zone; without a zone it is UTC.

    Returns:
        The same instant as `YYYY-MM-DDTHH:MM:SS[.fraction]Z`. Of the fraction, 7 digits are kept: Selligent's
        own precision.

    Raises:
        ValueError: If the text is no date-time or no such moment exists.
    """
    if _COMMON_DATE_TIME(text) is not None:
        if text[-1] == "Z":
            return text if text[10] == "T" else f"{text[:10]}T{text[11:]}"
        return f"{text[:10]}T{text[11:-6] if text[-6] == '+' else text[11:]}Z"
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date-time")
    date, time, fraction, zone = match.group("date", "time", "fraction", "zone")
    time = (time or "00:00:00") if time is None or len(time) > len("00:00") else f"{time}:00"
    local = _moment(f"{date}T{time}")
    if zone not in _UTC_ZONES:
        sign = -1 if zone[0] == "-" else 1
        minutes = int(zone[1:3]) * 60 + int(zone[3:].lstrip(":") or 0)
        try:
            local = local.replace(tzinfo=timezone(sign * timedelta(minutes=minutes))).astimezone(timezone.utc)
        except (OverflowError, ValueError):
            raise ValueError("date-time is out of range") from None
    seconds = local.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{seconds}.{fraction[:_FRACTION_DIGITS]}Z" if fraction else f"{seconds}Z"


def iso_date(text: str) -> str:
    """Return an ISO 8601 date.

    Args:
        text: A date, or a date-time at midnight.

    Returns:
        The date as `YYYY-MM-DD`.

    Raises:
        ValueError: If the text is no date, no such day exists, or a time of day would be lost.
    """
    if _COMMON_DATE(text) is not None:
        return text
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date")
    date, time, fraction = match.group("date", "time", "fraction")
    _moment(f"{date}T00:00:00")
    if (time or "").strip("0:") or (fraction or "").strip("0"):
        raise ValueError("a date with a time of day: its schema must say format date-time")
    return date


def _holds_unusable_key(values: Column) -> bool:
    if _TEXT.issuperset(map(type, values)):
        return "" in values or any(map(str.isspace, values))
    return any(key is None or (isinstance(key, str) and not key.strip()) for key in values)


def _moment(text: str) -> datetime:
    if text[11:13] == "24":
        # Newer Pythons take it for the next day's midnight.
        raise ValueError("no such date or time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("no such date or time") from None


def _string(value: object) -> str:
    if value.__class__ is not str:
        raise ValueError("not text")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _long(value: object) -> int:
    if value.__class__ is not int:
        # JSON Schema takes 1.0 for an integer; Selligent's Long does not.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        else:
            raise ValueError("not a whole number")
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError("an integer beyond 64 bits")
    return value


def _float(value: object) -> float:
    if value.__class__ is float:
        if not math.isfinite(value):
            raise ValueError("NaN and infinity are no numbers in JSON")
        return value
    if value.__class__ is not int:
        raise ValueError("not a number")
    return _long(value)


def _flag(value: object) -> int:
    return int(_boolean(value))


def _boolean(value: object) -> bool:
    if value.__class__ is not bool:
        raise ValueError("not true or false")
    return value


def _json(value: object) -> str:
    _refuse_inexact(value)
    try:
        return _encode(value).decode()
    except (UnicodeEncodeError, OverflowError, RecursionError):
        raise ValueError("cannot be written as JSON") from None


def _refuse_inexact(value: object) -> None:
    """Raise ValueError where JSON could not hold a nested value as it is."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, float):
            _float(item)
        elif isinstance(item, int):
            _long(int(item))


def _by_value(convert: Callable[[Any], Any], plain: frozenset[object]) -> _ConvertColumn:
    """Convert values one by one, unless all are of types that are sent as they are."""

    def convert_column(values: Column) -> Column:
        if plain.issuperset(map(type, values)):
            return values
        return tuple([None if value is None else convert(value) for value in values])

    return convert_column


def _by_text(convert: Callable[[str], str]) -> Callable[[], _ConvertColumn]:
    """Convert each text once, as long as it is remembered: days come again and again."""

    def new_converter() -> _ConvertColumn:
        known: dict[Any, str | None] = {None: None}

        def convert_column(values: Column) -> Column:
            try:
                new = set(values).difference(known)
            except TypeError:
                raise ValueError("not text") from None
            if len(known) + len(new) > _MAX_KNOWN_TEXTS:
                known.clear()
                known[None] = None
                new = set(values).difference(known)
            if not _TEXT.issuperset(map(type, new)):
                raise ValueError("not text")
            known.update(zip(new, map(convert, new), strict=True))
            return tuple(map(known.__getitem__, values))

        return convert_column

    return new_converter


def _same(converter: _ConvertColumn) -> _ConvertColumn:
    return converter


def _longs(values: Column) -> Column:
    numbers = values if None not in values else [value for value in values if value is not None]
    if _INT.issuperset(map(type, numbers)) and numbers and min(numbers) >= INT64_MIN and max(numbers) <= INT64_MAX:
        return values
    return tuple([None if value is None else _long(value) for value in values])


def _floats(values: Column) -> Column:
    # A sum is finite only if each part is.
    if _FLOAT_OR_NONE.issuperset(map(type, values)) and math.isfinite(sum(filter(None, values))):
        return values
    return tuple([None if value is None else _float(value) for value in values])


_INT = frozenset({int})
_TEXT = frozenset({str})
_FLOAT_OR_NONE = frozenset({float, type(None)})
_TEXT_OR_NONE = frozenset({str, type(None)})
_BOOLEAN_OR_NONE = frozenset({bool, type(None)})
_CONVERTERS: dict[Conversion, _ConvertColumn] = {
    Conversion.STRING: _by_value(_string, _TEXT_OR_NONE),
    Conversion.TEXT: _by_value(_text, _TEXT_OR_NONE),
    Conversion.LONG: _longs,
    Conversion.FLOAT: _floats,
    Conversion.BOOLEAN: _by_value(_boolean, _BOOLEAN_OR_NONE),
    Conversion.FLAG: _by_value(_flag, frozenset({type(None)})),
    Conversion.JSON: _by_value(_json, frozenset({type(None)})),
}
_NEW_CONVERTERS: dict[Conversion, Callable[[], _ConvertColumn]] = {
    Conversion.DATE: _by_text(iso_date),
    Conversion.DATE_TIME: _by_text(utc_date_time),
    **{conversion: partial(_same, converter) for conversion, converter in _CONVERTERS.items()},
}
"""Makes the converter of one column; those of dates remember what they converted."""

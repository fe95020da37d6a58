"""Record to row: compiled once for the columns a record has, run for each record.

A row is a list of JSON scalars in field order. Dates stay text all the way: a date-time keeps its instant and leaves as
ISO 8601 in UTC, the form of the vendor's example (`2018-03-27T11:57:20.1179032Z`).
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import RejectedRecord
from target_selligent.fields import OPTOUT_FIELD, Conversion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_selligent.fields import ColumnField

Row = list[Any]
"""JSON scalars in field order."""

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d+))?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_FRACTION_DIGITS = 7
_DAY = (
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|"
    r"(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_COMMON_DATE = re.compile(_DAY, re.ASCII).fullmatch
_COMMON_DATE_TIME = re.compile(
    rf"({_DAY})[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,{_FRACTION_DIGITS}}})?)(Z|\+00:00)?", re.ASCII
).fullmatch
"""What nearly all dates look like: valid by their form alone, in UTC. Others (29 February is one) take longer."""
_UTC_ZONES = frozenset({None, "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"})
_encode = msgspec.json.Encoder().encode


class RowMapper:
    """Turns records that have exactly the given columns into rows.

    Args:
        columns: The columns, in field order.
        key_columns: Those of them that must hold a usable key.
        validated: Whether records were checked against the schema before, so that values which the schema
            already holds to the right type need no second look.

    Attributes:
        fields: Field names, in row order.
        key_indexes: Where in a row the key is, in key order.
    """

    __slots__ = ("_columns", "_conversions", "_get", "_optout", "_single", "fields", "key_indexes")

    def __init__(self, columns: Sequence[ColumnField], key_columns: Sequence[str], *, validated: bool) -> None:
        names = [column.column for column in columns]
        self._columns = names
        self._get = itemgetter(*names)
        self._single = len(names) == 1
        self._conversions = [
            (index, convert)
            for index, column in enumerate(columns)
            if (convert := _converter(column.conversion, validated=validated)) is not None
        ]
        self._optout = next(
            (index for index, column in enumerate(columns) if column.field.name.upper() == OPTOUT_FIELD), None
        )
        self.fields = tuple(column.field.name for column in columns)
        self.key_indexes = tuple(names.index(column) for column in key_columns)

    def __call__(self, record: Mapping[str, Any]) -> Row:
        """Return the record's row.

        Args:
            record: The record; columns that the mapper was not compiled for are left out.

        Returns:
            A new row.

        Raises:
            KeyError: If the record lacks one of the columns.
            RejectedRecord: If a value cannot be sent as it is.
        """
        row: Row = [self._get(record)] if self._single else list(self._get(record))
        index = 0
        try:
            for index, convert in self._conversions:
                value = row[index]
                if value is not None:
                    row[index] = convert(value)
        except ValueError as error:
            raise RejectedRecord(str(error), field=self._columns[index]) from None
        for index in self.key_indexes:
            key = row[index]
            if key is None or (key.__class__ is str and not key.strip()):
                raise RejectedRecord("the key is null or blank", field=self._columns[index], code="missing_key")
        if self._optout is not None and row[self._optout] is None:
            raise RejectedRecord(
                f"null in {OPTOUT_FIELD} would subscribe the person again",
                field=self._columns[self._optout],
                code="null_optout",
            )
        return row


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
    common = _COMMON_DATE_TIME(text)
    if common is not None and not text.startswith("0000"):
        date, time, zone = common.groups()
        return text if zone == "Z" and text[len(date)] == "T" else f"{date}T{time}Z"
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
    if _COMMON_DATE(text) is not None and not text.startswith("0000"):
        return text
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date")
    date, time, fraction = match.group("date", "time", "fraction")
    _moment(f"{date}T00:00:00")
    if (time or "").strip("0:") or (fraction or "").strip("0"):
        raise ValueError("a date with a time of day: its schema must say format date-time")
    return date


def _moment(text: str) -> datetime:
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


def _boolean(value: object) -> bool:
    if value.__class__ is not bool:
        raise ValueError("not true or false")
    return value


def _date_time(value: object) -> str:
    return utc_date_time(_string(value))


def _date(value: object) -> str:
    return iso_date(_string(value))


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


def _converter(conversion: Conversion, *, validated: bool) -> Callable[[Any], Any] | None:
    if validated and conversion in {Conversion.STRING, Conversion.BOOLEAN}:
        return None
    return _CONVERTERS[conversion]


_CONVERTERS: dict[Conversion, Callable[[Any], Any]] = {
    Conversion.STRING: _string,
    Conversion.TEXT: _text,
    Conversion.LONG: _long,
    Conversion.FLOAT: _float,
    Conversion.BOOLEAN: _boolean,
    Conversion.DATE: _date,
    Conversion.DATE_TIME: _date_time,
    Conversion.JSON: _json,
}

"""Records to rows, many at once and column by column.

A row is a tuple of JSON scalars in field order. Dates stay text all the way: a date-time keeps its instant and leaves
as ISO 8601 in UTC, the form of the vendor's example (`2018-03-27T11:57:20.1179032Z`).
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.errors import RejectedRecord
from target_selligent.fields import INT64_MAX, INT64_MIN, OPTOUT_FIELD, Conversion

if TYPE_CHECKING:
    from target_selligent.batch import Key, Row
    from target_selligent.fields import ColumnField
    from target_selligent.records import DecodedColumn, RecordType
    from target_selligent.validation import RecordValidator

Column = Sequence[Any]
"""The values of one column, in record order; UNSET where a record lacks it."""

_ConvertColumn = Callable[[Column], Column]

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d+))?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_FRACTION_DIGITS = 7
_DAY = (
    r"(?:(?!0000)[0-9]{4}-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"|(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
)
_MOMENT = rf"{_DAY}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,{_FRACTION_DIGITS}}})?"
_UTC_ZONES = frozenset({None, "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"})
_DAYS = {"": re.compile(rf"(?:\n|{_DAY}\n)*")}
_MOMENTS = {ending: re.compile(rf"(?:\n|{_MOMENT}{re.escape(ending)}\n)*") for ending in ("Z", "+00:00", "+00", "")}
"""What nearly all dates look like, a line each, blank for null: valid by their form alone. By how they end."""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done to one column."""

    column: str
    attribute: str
    get: Callable[[Any], Any]
    validator: RecordValidator | None
    convert: _ConvertColumn


class RowMapper:
    """Turns the records of a stream into rows.

    Work is done by column: most columns need no look at their single values.

    Args:
        record_type: The records' type.
        columns: The columns that are sent, in field order: the type's first ones.
        key_columns: Those of them that must hold a usable key.

    Attributes:
        fields: Field names, in row order.
    """

    __slots__ = ("_key_steps", "_optout", "_sent", "_steps", "_steps_after_decoding", "fields")

    def __init__(self, record_type: RecordType, columns: Sequence[ColumnField], key_columns: Sequence[str]) -> None:
        decoded = {column.column: column for column in record_type.columns}
        conversions = {column.column: column.conversion for column in columns}
        self._steps = [_step(decoded[column.column], column.conversion) for column in columns]
        self._steps_after_decoding = [
            _step(column, conversions.get(column.column)) for column in record_type.columns if not column.exact
        ]
        self._key_steps = [(column, record_type.get(column)) for column in key_columns]
        self._optout = next(
            (
                (column.column, record_type.get(column.column))
                for column in columns
                if column.field.name.upper() == OPTOUT_FIELD
            ),
            None,
        )
        self._sent: Callable[[Row], Row] = itemgetter(slice(len(columns)))
        self.fields = tuple(column.field.name for column in columns)

    def __call__(self, records: Sequence[msgspec.Struct], *, decoded: bool) -> tuple[list[Row], list[Key]]:
        """Return the records' rows and keys.

        Args:
            records: Records of the mapper's type; their values are changed, unless one is refused.
            decoded: Whether they were decoded as such: what the type checks is then known to be right.

        Returns:
            A row and a key for each record, in order.

        Raises:
            RejectedRecord: If a value cannot be sent as it is; which of several records is at fault is not said.
        """
        changed: dict[str, Column] = {}
        for step in self._steps_after_decoding if decoded else self._steps:
            values = list(map(step.get, records))
            if decoded and step.validator is not None and not step.validator.all_valid(_present(values)):
                raise RejectedRecord("against its schema", field=step.column, code="schema")
            try:
                converted = step.convert(values)
            except ValueError as error:
                raise RejectedRecord(str(error), field=step.column) from None
            if converted is not values:
                changed[step.attribute] = converted
        for column, get in self._key_steps:
            if _holds_unusable_key(list(map(get, records))):
                raise RejectedRecord("the key is null or blank", field=column, code="missing_key")
        if self._optout is not None and None in map(self._optout[1], records):
            raise RejectedRecord(
                f"null in {OPTOUT_FIELD} would subscribe the person again", field=self._optout[0], code="null_optout"
            )
        for attribute, converted in changed.items():
            _exhaust(map(setattr, records, repeat(attribute), converted))
        keys: list[Key]
        if len(self._key_steps) == 1:
            keys = list(map(self._key_steps[0][1], records))
        else:
            keys = list(zip(*[map(get, records) for _, get in self._key_steps], strict=True))
        return list(map(self._sent, map(msgspec.structs.astuple, records))), keys

    def key(self, record: Mapping[str, Any]) -> Key:
        """Return the key of a record of which nothing else matters.

        Raises:
            RejectedRecord: If it has no usable key.
        """
        converters = {step.column: step.convert for step in self._steps}
        key: list[Any] = []
        for column, _ in self._key_steps:
            try:
                values = converters[column]([record.get(column)])
            except ValueError as error:
                raise RejectedRecord(str(error), field=column) from None
            if _holds_unusable_key(values):
                raise RejectedRecord("the key is null or blank", field=column, code="missing_key")
            key += values
        return key[0] if len(key) == 1 else tuple(key)

    def key_or_none(self, record: Mapping[str, Any]) -> Key | None:
        """Return the key of a record; None if it has none that could be loaded."""
        with suppress(RejectedRecord, UnicodeError):
            return self.key(record)
        return None


def _step(column: DecodedColumn, conversion: Conversion | None) -> _Step:
    convert = _same if conversion is None else _CONVERTERS[conversion]
    return _Step(column.column, column.attribute, attrgetter(column.attribute), column.validator, convert)


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


def _by_value(convert: Callable[[Any], Any], plain: type | None = None) -> _ConvertColumn:
    """Convert values one by one, unless all are of a type that is sent as it is."""
    as_they_are = _NOTHING if plain is None else _NOTHING | {plain}

    def convert_column(values: Column) -> Column:
        if as_they_are.issuperset(map(type, values)):
            return values
        return [value if value is None or value is UNSET else convert(value) for value in values]

    return convert_column


def _by_form(convert: Callable[[str], str], forms: dict[str, re.Pattern[str]], ending: str) -> _ConvertColumn:
    """Convert texts together if all have the same one of some forms, else one by one."""

    def convert_column(values: Column) -> Column:
        try:
            lines = "\n".join([*["" if value is None else value for value in values], ""])
        except TypeError:
            return one_by_one(values)
        if "" not in values and lines.count("\n") == len(values):
            for form, pattern in forms.items():
                if pattern.fullmatch(lines):
                    lines = lines.replace(f"{form}\n", f"{ending}\n").replace(" ", "T")
                    # Of a blank line there is no more than the ending.
                    return [text if len(text) > 1 else None for text in lines.split("\n")[:-1]]
        return one_by_one(values)

    one_by_one = _by_value(lambda value: convert(_string(value)))
    return convert_column


def _present(values: Column) -> Iterable[Any]:
    return (value for value in values if value is not UNSET)


def _same(values: Column) -> Column:
    return values


_exhaust = deque[Any](maxlen=0).extend
_TEXT = frozenset({str})
_NOTHING: frozenset[type] = frozenset({type(None), UnsetType})
_CONVERTERS: dict[Conversion, _ConvertColumn] = {
    Conversion.STRING: _by_value(_string, str),
    Conversion.TEXT: _by_value(_text, str),
    Conversion.LONG: _by_value(_long),
    Conversion.FLOAT: _by_value(_float),
    Conversion.BOOLEAN: _by_value(_boolean, bool),
    Conversion.FLAG: _by_value(_flag),
    Conversion.JSON: _by_value(_json),
    Conversion.DATE: _by_form(iso_date, _DAYS, ""),
    Conversion.DATE_TIME: _by_form(utc_date_time, _MOMENTS, "Z"),
}

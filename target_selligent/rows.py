"""Records to rows, many at once and column by column.

A row is a tuple of JSON scalars in field order. Dates stay text all the way: a date-time keeps its instant and leaves
as ISO 8601 in UTC, the form of the vendor's example (`2018-03-27T11:57:20.1179032Z`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from math import isfinite
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.conversions import Conversion
from target_selligent.dates import DATE_PATTERNS, DATE_TIME_PATTERNS, to_iso_date, to_utc_date_time
from target_selligent.errors import RejectedRecord
from target_selligent.exact_numbers import (
    INT64_MAX,
    INT64_MIN,
    format_number,
    parse_json_number,
    to_double,
    to_exact_double,
    to_whole_number,
)
from target_selligent.fields import OPTOUT_FIELD

if TYPE_CHECKING:
    from target_selligent.fields import ColumnMapping
    from target_selligent.record_type import DecodedColumn, RecordType
    from target_selligent.row_types import Key, Row
    from target_selligent.validation import RecordValidator

ColumnValues = Sequence[Any]
"""The values of one column, in record order; UNSET where a record lacks it."""

_ConvertColumn = Callable[[ColumnValues], ColumnValues]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done to one column."""

    column_name: str
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
        field_names: Field names, in row order.
    """

    __slots__ = ("_key_steps", "_optout", "_sent", "_steps", "_steps_after_decoding", "field_names")

    def __init__(self, record_type: RecordType, columns: Sequence[ColumnMapping], key_columns: Sequence[str]) -> None:
        decoded = {column.column_name: column for column in record_type.columns}
        sent = {column.column_name: column for column in columns}
        self._steps = [_step(decoded[column.column_name], column) for column in columns]
        self._steps_after_decoding = [
            _step(column, sent.get(column.column_name)) for column in record_type.columns if not column.is_final
        ]
        self._key_steps = [(column, record_type.create_getter(column)) for column in key_columns]
        self._optout = next(
            (
                (column.column_name, record_type.create_getter(column.column_name))
                for column in columns
                if column.field.name.upper() == OPTOUT_FIELD
            ),
            None,
        )
        self._sent: Callable[[Row], Row] = itemgetter(slice(len(columns)))
        self.field_names = tuple(column.field.name for column in columns)

    def create_rows(self, records: Sequence[msgspec.Struct], *, decoded: bool) -> tuple[list[Row], list[Key]]:
        """Return the records' rows and keys.

        Args:
            records: Records of the mapper's type; their values are changed, unless one is refused.
            decoded: Whether they were decoded as such: what the type checks is then known to be right.

        Returns:
            A row and a key for each record, in order.

        Raises:
            RejectedRecord: If a value cannot be sent as it is; which of several records is at fault is not said.
        """
        changed: dict[str, ColumnValues] = {}
        for step in self._steps_after_decoding if decoded else self._steps:
            values = list(map(step.get, records))
            if decoded and step.validator is not None and not step.validator.are_all_valid(_present(values)):
                raise RejectedRecord("it does not match its schema", field=step.column_name, code="schema")
            try:
                converted = step.convert(values)
            except ValueError as error:
                raise RejectedRecord(str(error), field=step.column_name) from None
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

    def get_key(self, record: Mapping[str, Any]) -> Key:
        """Return the key of a record of which nothing else matters.

        Raises:
            RejectedRecord: If it has no usable key.
        """
        converters = {step.column_name: step.convert for step in self._steps}
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

    def get_key_or_none(self, record: Mapping[str, Any]) -> Key | None:
        """Return the key of a record; None if it has none that could be loaded."""
        with suppress(RejectedRecord, UnicodeError):
            return self.get_key(record)
        return None


def _step(column: DecodedColumn, sent: ColumnMapping | None) -> _Step:
    convert = _same if sent is None else _CONVERTERS[sent.conversion]
    if sent is not None and sent.key and sent.conversion is Conversion.DATE_TIME:
        convert = _KEY_DATE_TIME
    if sent is not None and sent.one_spelling:
        convert = _spelled_one_way(convert)
    return _Step(column.column_name, column.attribute, attrgetter(column.attribute), column.validator, convert)


def _holds_unusable_key(values: ColumnValues) -> bool:
    if _TEXT.issuperset(map(type, values)):
        return "" in values or any(map(str.isspace, values))
    return any(key is None or (isinstance(key, str) and not key.strip()) for key in values)


def _string(value: object) -> str:
    if value.__class__ is not str:
        raise ValueError("not text")
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return format_number(value) if value.__class__ in _NUMBERS else _json(value)  # type: ignore[arg-type]


def _long(value: object) -> int:
    # JSON Schema takes 1.0 for an integer; Selligent's Long does not.
    number = to_whole_number(_number(value, "not a whole number"))
    if not INT64_MIN <= number <= INT64_MAX:
        raise ValueError("the integer does not fit 64 bits")
    return number


def _float(value: object) -> float:
    return to_double(_number(value))


def _float_key(value: object) -> float:
    return to_exact_double(_number(_parsed(value)))


def _number(value: object, complaint: str = "not a number") -> float | Decimal:
    if value.__class__ not in _NUMBERS:
        raise ValueError(complaint)
    return value  # type: ignore[return-value]


def _parsed(value: object) -> object:
    return parse_json_number(value) if isinstance(value, str) else value


def _text_to_long(value: object) -> int:
    return _long(_parsed(value))


def _text_to_float(value: object) -> float:
    return to_exact_double(parse_json_number(value)) if isinstance(value, str) else _float(value)


def _text_to_boolean(value: object) -> bool:
    if not isinstance(value, str):
        return _boolean(value)
    if value.lower() not in _BOOLEANS:
        raise ValueError("text that is neither true nor false")
    return _BOOLEANS[value.lower()]


def _flag(value: object) -> int:
    return int(_boolean(value))


def _boolean(value: object) -> bool:
    if value.__class__ is not bool:
        raise ValueError("not true or false")
    return value


def _json(value: object) -> str:
    _refuse_infinite(value)
    try:
        return _encode(value).decode()
    except (UnicodeEncodeError, OverflowError, RecursionError):
        raise ValueError("cannot be written as JSON") from None


def _refuse_infinite(value: object) -> None:
    """Raise ValueError where JSON could not hold a nested value as it is."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, (float, Decimal)) and not isfinite(item):
            raise ValueError("NaN and infinity are no numbers in JSON")


def _by_value(convert: Callable[[Any], Any], plain: type | None = None) -> _ConvertColumn:
    """Convert values one by one, unless all are of a type that is sent as it is."""
    as_they_are = _NOTHING if plain is None else _NOTHING | {plain}

    def convert_column(values: ColumnValues) -> ColumnValues:
        if as_they_are.issuperset(map(type, values)):
            return values
        return [value if value is None or value is UNSET else convert(value) for value in values]

    return convert_column


def _by_form(convert: Callable[[str], str], forms: dict[str, re.Pattern[str]], ending: str) -> _ConvertColumn:
    """Convert texts together if all have the same one of some forms, else one by one."""

    def convert_column(values: ColumnValues) -> ColumnValues:
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


def _key_date_time(text: str) -> str:
    if _BEYOND_FRACTION.search(text):
        raise ValueError("a key with more than 7 digits of a second: two keys could become one")
    return to_utc_date_time(text)


def _present(values: ColumnValues) -> Iterable[Any]:
    return (value for value in values if value is not UNSET)


def _same(values: ColumnValues) -> ColumnValues:
    return values


def _spelled_one_way(convert: _ConvertColumn) -> _ConvertColumn:
    """Refuse text that could be written in other ways too: two keys that differ would become one."""

    def convert_column(values: ColumnValues) -> ColumnValues:
        converted = convert(values)
        for value, sent in zip(values, converted, strict=True):
            if isinstance(value, str) and _text(sent) != value:
                raise ValueError("a key that could be written in another way: two keys could become one")
        return converted

    return convert_column


_BEYOND_FRACTION = re.compile(r"[.,][0-9]{7}[0-9]*[1-9]")
_exhaust = deque[Any](maxlen=0).extend
_TEXT = frozenset({str})
_NUMBERS: frozenset[type] = frozenset({int, float, Decimal})
_BOOLEANS = {"true": True, "false": False}
_NOTHING: frozenset[type] = frozenset({type(None), UnsetType})
_CONVERTERS: dict[Conversion, _ConvertColumn] = {
    Conversion.STRING: _by_value(_string, str),
    Conversion.TEXT: _by_value(_text, str),
    Conversion.LONG: _by_value(_long),
    Conversion.FLOAT: _by_value(_float),
    Conversion.FLOAT_KEY: _by_value(_float_key),
    Conversion.TEXT_TO_LONG: _by_value(_text_to_long),
    Conversion.TEXT_TO_FLOAT: _by_value(_text_to_float),
    Conversion.TEXT_TO_BOOLEAN: _by_value(_text_to_boolean, bool),
    Conversion.BOOLEAN: _by_value(_boolean, bool),
    Conversion.FLAG: _by_value(_flag),
    Conversion.JSON: _by_value(_json),
    Conversion.DATE: _by_form(to_iso_date, DATE_PATTERNS, ""),
    Conversion.DATE_TIME: _by_form(to_utc_date_time, DATE_TIME_PATTERNS, "Z"),
}
_KEY_DATE_TIME = _by_form(_key_date_time, DATE_TIME_PATTERNS, "Z")

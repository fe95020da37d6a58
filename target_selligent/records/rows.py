"""Creates rows from records, many at once and column by column. Pure; no I/O.

A row is a tuple of JSON scalars in field order. Dates are text before and after. A date-time keeps its instant and is
sent as ISO 8601 in UTC, such as `2018-03-27T11:57:20.1179032Z` (docs/selligent-api.md).
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

from target_selligent.errors import RejectedRecord
from target_selligent.records.conversions import Conversion
from target_selligent.records.dates import DATE_PATTERNS, DATE_TIME_PATTERNS, to_iso_date, to_utc_date_time
from target_selligent.records.exact_numbers import (
    INT64_MAX,
    INT64_MIN,
    format_number,
    parse_json_number,
    to_double,
    to_exact_double,
    to_whole_number,
)
from target_selligent.records.fields import OPTOUT_FIELD

if TYPE_CHECKING:
    from target_selligent.records.field_definitions import ColumnMapping
    from target_selligent.records.record_type import DecodedColumn, RecordType
    from target_selligent.records.row_types import Key, Row
    from target_selligent.records.validation import RecordValidator

ColumnValues = Sequence[Any]
"""The values of one column, in record order. UNSET if a record lacks the column."""

_ColumnConverter = Callable[[ColumnValues], ColumnValues]

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class _ColumnStep:
    """How the values of one column are validated and converted.

    Args:
        column_name: Name in the stream's records.
        attribute: Name in the Struct.
        get: Returns the value from a record.
        validator: Validates decoded values, if their type does not validate them.
        convert: Converts the values. Returns its argument if all values are sent unchanged.
    """

    column_name: str
    attribute: str
    get: Callable[[Any], Any]
    validator: RecordValidator | None
    convert: _ColumnConverter


class RowMapper:
    """Creates the rows of a stream's records.

    It works column by column, because most columns are sent without looking at single values.

    Args:
        record_type: The type of the records.
        columns: The columns that are sent, in field order. They are the first columns of the type.
        key_columns: Names of the columns that are the key.
        instead_of: Names of the columns of the key for which this key stands. Where they are null or blank, they are
            not sent: a null would delete the value in the List.

    Attributes:
        field_names: Names of the fields, in row order.
    """

    __slots__ = (
        "_cut_to_sent",
        "_instead_of",
        "_key_getters",
        "_optout",
        "_steps",
        "_steps_after_decoding",
        "field_names",
    )

    def __init__(
        self,
        record_type: RecordType,
        columns: Sequence[ColumnMapping],
        key_columns: Sequence[str],
        *,
        instead_of: Sequence[str] = (),
    ) -> None:
        self._instead_of = [step.attribute for step in record_type.columns if step.column_name in instead_of]
        decoded = {column.column_name: column for column in record_type.columns}
        sent = {column.column_name: column for column in columns}
        self._steps = [_create_step(decoded[column.column_name], column) for column in columns]
        self._steps_after_decoding = [
            _create_step(column, sent.get(column.column_name)) for column in record_type.columns if not column.is_final
        ]
        self._key_getters = [(column, record_type.create_getter(column)) for column in key_columns]
        self._optout = next(
            (
                (column.column_name, record_type.create_getter(column.column_name))
                for column in columns
                if column.field.name.upper() == OPTOUT_FIELD
            ),
            None,
        )
        self._cut_to_sent: Callable[[Row], Row] = itemgetter(slice(len(columns)))
        self.field_names = tuple(column.field.name for column in columns)

    def create_rows(self, records: Sequence[msgspec.Struct], *, decoded: bool) -> tuple[list[Row], list[Key]]:
        """Return a row and a key for each record, in order.

        Args:
            records: Records of the mapper's type. The method changes their values, unless it raises.
            decoded: Whether the records were decoded to the type, so that the type has checked their values.

        Raises:
            RejectedRecord: If a record has a value that cannot be sent. The error does not say which record it is.
        """
        changed: dict[str, ColumnValues] = {}
        sent_if_known = {
            attribute: [UNSET if _has_blank([value]) else value for value in map(attrgetter(attribute), records)]
            for attribute in self._instead_of
        }
        for step in self._steps_after_decoding if decoded else self._steps:
            values = sent_if_known.get(step.attribute) or list(map(step.get, records))
            if decoded and step.validator is not None and not step.validator.are_all_valid(_skip_missing(values)):
                raise RejectedRecord("it does not match its schema", field=step.column_name, code="schema")
            try:
                converted = step.convert(values)
            except ValueError as error:
                raise RejectedRecord(str(error), field=step.column_name) from None
            if converted is not values:
                changed[step.attribute] = converted
        for column, get in self._key_getters:
            if _has_blank(list(map(get, records))):
                raise RejectedRecord("the key is null or blank", field=column, code="missing_key")
        if self._optout is not None and None in map(self._optout[1], records):
            raise RejectedRecord(
                f"null in {OPTOUT_FIELD} would subscribe the person again", field=self._optout[0], code="null_optout"
            )
        for attribute, converted in (sent_if_known | changed).items():
            _consume(map(setattr, records, repeat(attribute), converted))
        keys: list[Key]
        if len(self._key_getters) == 1:
            keys = list(map(self._key_getters[0][1], records))
        else:
            keys = list(zip(*[map(get, records) for _, get in self._key_getters], strict=True))
        return list(map(self._cut_to_sent, map(msgspec.structs.astuple, records))), keys

    def lacks_key(self, records: Sequence[msgspec.Struct]) -> list[bool]:
        """Return for each record whether a part of its key is missing, null or blank.

        Args:
            records: Records of the mapper's type.
        """
        return [any(_has_blank([get(record)]) for _, get in self._key_getters) for record in records]

    def get_key(self, record: Mapping[str, Any]) -> Key:
        """Return the key of a record, without looking at its other columns.

        Raises:
            RejectedRecord: If a part of the key is null, blank or not valid.
        """
        converters = {step.column_name: step.convert for step in self._steps}
        key: list[Any] = []
        for column, _ in self._key_getters:
            try:
                values = converters[column]([record.get(column)])
            except ValueError as error:
                raise RejectedRecord(str(error), field=column) from None
            if _has_blank(values):
                raise RejectedRecord("the key is null or blank", field=column, code="missing_key")
            key += values
        return key[0] if len(key) == 1 else tuple(key)

    def get_key_or_none(self, record: Mapping[str, Any]) -> Key | None:
        """Return the key of a record; None if `get_key` raises."""
        with suppress(RejectedRecord, UnicodeError):
            return self.get_key(record)
        return None


def _create_step(column: DecodedColumn, sent: ColumnMapping | None) -> _ColumnStep:
    convert = _keep_values if sent is None else _CONVERTERS[sent.conversion]
    if sent is not None and sent.key and sent.conversion is Conversion.DATE_TIME:
        convert = _KEY_DATE_TIME
    if sent is not None and sent.one_spelling:
        convert = _require_one_spelling(convert)
    return _ColumnStep(column.column_name, column.attribute, attrgetter(column.attribute), column.validator, convert)


def _has_blank(values: ColumnValues) -> bool:
    """Return whether a value of a key column is null or blank text."""
    if _TEXT_ONLY.issuperset(map(type, values)):
        return "" in values or any(map(str.isspace, values))
    return any(key is None or key is UNSET or (isinstance(key, str) and not key.strip()) for key in values)


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


def _create_value_converter(convert: Callable[[Any], Any], unchanged_type: type | None = None) -> _ColumnConverter:
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


def _create_date_converter(
    convert: Callable[[str], str], patterns: dict[str, re.Pattern[str]], ending: str
) -> _ColumnConverter:
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


def _skip_missing(values: ColumnValues) -> Iterable[Any]:
    return (value for value in values if value is not UNSET)


def _keep_values(values: ColumnValues) -> ColumnValues:
    return values


def _require_one_spelling(convert: _ColumnConverter) -> _ColumnConverter:
    """Return a converter that also rejects text with a second spelling: two different keys could become equal."""

    def convert_column(values: ColumnValues) -> ColumnValues:
        converted = convert(values)
        for value, sent in zip(values, converted, strict=True):
            if isinstance(value, str) and _to_text(sent) != value:
                raise ValueError("the key can be written in more than one way: two keys could become equal")
        return converted

    return convert_column


_BEYOND_SEVEN_DIGITS = re.compile(r"[.,][0-9]{7}[0-9]*[1-9]")
_consume = deque[Any](maxlen=0).extend
_TEXT_ONLY = frozenset({str})
_NUMBER_TYPES: frozenset[type] = frozenset({int, float, Decimal})
_BOOLEANS = {"true": True, "false": False}
_NULL_OR_MISSING: frozenset[type] = frozenset({type(None), UnsetType})
_CONVERTERS: dict[Conversion, _ColumnConverter] = {
    Conversion.STRING: _create_value_converter(_check_text, str),
    Conversion.TEXT: _create_value_converter(_to_text, str),
    Conversion.LONG: _create_value_converter(_to_long),
    Conversion.FLOAT: _create_value_converter(_to_float),
    Conversion.FLOAT_KEY: _create_value_converter(_to_float_key),
    Conversion.TEXT_TO_LONG: _create_value_converter(_parse_long),
    Conversion.TEXT_TO_FLOAT: _create_value_converter(_parse_float),
    Conversion.TEXT_TO_BOOLEAN: _create_value_converter(_parse_boolean, bool),
    Conversion.BOOLEAN: _create_value_converter(_check_boolean, bool),
    Conversion.FLAG: _create_value_converter(_to_flag),
    Conversion.JSON: _create_value_converter(_to_json),
    Conversion.DATE: _create_date_converter(to_iso_date, DATE_PATTERNS, ""),
    Conversion.DATE_TIME: _create_date_converter(to_utc_date_time, DATE_TIME_PATTERNS, "Z"),
}
_KEY_DATE_TIME = _create_date_converter(_to_key_date_time, DATE_TIME_PATTERNS, "Z")

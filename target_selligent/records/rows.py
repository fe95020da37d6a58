"""Creates rows from records, many at once and column by column. Pure; no I/O.

A row is a tuple of JSON scalars in field order.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from target_selligent.errors import RejectedRecord
from target_selligent.records.column_converters import (
    CONVERTERS,
    KEY_DATE_TIME,
    ColumnConverter,
    ColumnValues,
    require_one_spelling,
)
from target_selligent.records.column_json import write_values
from target_selligent.records.conversions import Conversion
from target_selligent.records.fields import OPTOUT_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_selligent.records.column_json import Part
    from target_selligent.records.column_values import BatchColumns
    from target_selligent.records.field_definitions import ColumnMapping
    from target_selligent.records.record_type import DecodedColumn, RecordType
    from target_selligent.records.row_types import Key, Row
    from target_selligent.records.validation import RecordValidator


@dataclass(frozen=True, slots=True)
class _ColumnStep:
    """How the values of one column are validated and converted.

    Args:
        column_name: Name in the stream's records.
        attribute: Name in the Struct.
        get: Returns the value from a record.
        validator: Validates decoded values, if their type does not validate them.
        conversion: How the values are converted; None if the column is not sent.
        convert: Converts the values. Returns its argument if all values are sent unchanged.
    """

    column_name: str
    attribute: str
    get: Callable[[Any], Any]
    validator: RecordValidator | None
    conversion: Conversion | None
    convert: ColumnConverter


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
        self._check_keys((column, list(map(get, records))) for column, get in self._key_getters)
        if self._optout is not None and None in map(self._optout[1], records):
            raise _null_optout(self._optout[0])
        for attribute, converted in (sent_if_known | changed).items():
            _consume(map(setattr, records, repeat(attribute), converted))
        keys: list[Key]
        if len(self._key_getters) == 1:
            keys = list(map(self._key_getters[0][1], records))
        else:
            keys = list(zip(*[map(get, records) for _, get in self._key_getters], strict=True))
        return list(map(self._cut_to_sent, map(msgspec.structs.astuple, records))), keys

    def write_columns(self, columns: BatchColumns) -> tuple[list[list[Part]], list[Key]]:
        """Return the JSON text of each column as it is sent, in field order and in parts, and the key of each record.

        Args:
            columns: The columns of a record batch that fits the schema.

        Raises:
            RejectedRecord: If a record has a value that cannot be sent. The error does not say which record it is.
            UnicodeError: If text is not valid Unicode.
        """
        key_names = [name for name, _ in self._key_getters]
        # The keys come first: what is wrong is mostly wrong with them, and found before all else is written.
        keys = {
            step.column_name: _convert_values(step, columns) for step in self._steps if step.column_name in key_names
        }
        self._check_keys(keys.items())
        if self._optout is not None and columns.has_null(self._optout[0]):
            raise _null_optout(self._optout[0])
        written = []
        for step in self._steps:
            name = step.column_name
            is_written = name not in keys or columns.is_final(name)
            parts = columns.write(name, step.conversion) if is_written else None
            if parts is None:
                parts = write_values(keys[name] if name in keys else _convert_values(step, columns))
            written.append(parts)
        in_order = [keys[name] for name in key_names]
        return written, list(in_order[0] if len(in_order) == 1 else zip(*in_order, strict=True))

    def _check_keys(self, columns: Iterable[tuple[str, ColumnValues]]) -> None:
        """Check the columns of keys.

        Raises:
            RejectedRecord: If a key is null or blank.
        """
        for column, values in columns:
            if _has_blank(values):
                raise RejectedRecord("the key is null or blank", field=column, code="missing_key")

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


def _null_optout(column: str) -> RejectedRecord:
    return RejectedRecord(f"null in {OPTOUT_FIELD} would subscribe the person again", field=column, code="null_optout")


def _convert_values(step: _ColumnStep, columns: BatchColumns) -> ColumnValues:
    name = step.column_name
    try:
        return columns.values(name) if columns.is_final(name) else step.convert(columns.values(name))
    except ValueError as error:
        raise RejectedRecord(str(error), field=name) from None


def _create_step(column: DecodedColumn, sent: ColumnMapping | None) -> _ColumnStep:
    convert = _keep_values if sent is None else CONVERTERS[sent.conversion]
    if sent is not None and sent.key and sent.conversion is Conversion.DATE_TIME:
        convert = KEY_DATE_TIME
    if sent is not None and sent.one_spelling:
        convert = require_one_spelling(convert)
    conversion = None if sent is None else sent.conversion
    get = attrgetter(column.attribute)
    return _ColumnStep(column.column_name, column.attribute, get, column.validator, conversion, convert)


def _has_blank(values: ColumnValues) -> bool:
    """Return whether a value of a key column is null or blank text."""
    if _NEVER_BLANK.issuperset(map(type, values)):
        return False
    try:
        return not all(map(str.strip, values))
    except TypeError:
        # Not only texts.
        return any(key is None or key is UNSET or (isinstance(key, str) and not key.strip()) for key in values)


def _skip_missing(values: ColumnValues) -> Iterable[Any]:
    return (value for value in values if value is not UNSET)


def _keep_values(values: ColumnValues) -> ColumnValues:
    return values


_NEVER_BLANK: frozenset[type] = frozenset({int, float, bool})
_consume = deque[Any](maxlen=0).extend

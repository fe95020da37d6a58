"""The columns of a record batch in the form that the records of the same data would be decoded to. Pure; no I/O."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import RejectedRecord
from target_selligent.records.arrow_schema import describe_type, is_text, plain_type
from target_selligent.records.arrow_values import read_values, to_plain
from target_selligent.records.column_json import check_finite, convert_column, read_valid_text, write_column
from target_selligent.records.exact_numbers import parse_json_float
from target_selligent.records.record_lines import is_strict_json

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    import pyarrow as pa

    from target_selligent.records.column_json import Part
    from target_selligent.records.conversions import Conversion
    from target_selligent.records.record_type import RecordType

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=parse_json_float).decode


class ColumnReader:
    """Reads the columns of record batches.

    Args:
        schema: The JSON Schema of the stream.
        record_type: The type that its records are decoded to.
    """

    def __init__(self, schema: Mapping[str, Any], record_type: RecordType) -> None:
        self._properties: Mapping[str, Any] = schema["properties"]
        self._has_type = record_type.message_type is not None
        self._unchanged = {
            column.column_name: record_type.unchanged_types(column.column_name)
            for column in record_type.columns
            if column.is_final
        }

    def fits(self, batch: pa.RecordBatch) -> bool:
        """Return whether every record of a batch is valid by the types of its columns alone.

        Then the batch has exactly the columns of the schema, and the types of Arrow are those that the schema says.

        Args:
            batch: The record batch.
        """
        names = batch.schema.names
        return (
            self._has_type
            and len(names) == len(self._properties)
            and self._properties.keys() == set(names)
            and all(_allows(self._properties[name], column) for name, column in zip(names, batch.columns, strict=True))
        )

    def read(self, batch: pa.RecordBatch) -> BatchColumns:
        """Return the columns of a batch.

        Args:
            batch: A batch that `fits`.
        """
        return BatchColumns(batch, self._unchanged)


class BatchColumns:
    """The columns of a record batch. Each is read when it is needed.

    Args:
        batch: A batch that fits the schema.
        unchanged: Column to the types in JSON Schema whose values are sent as they are.
    """

    def __init__(self, batch: pa.RecordBatch, unchanged: Mapping[str, Container[str]]) -> None:
        self._batch, self._unchanged = batch, unchanged
        self._arrays: dict[str, pa.Array] = {}
        self._values: dict[str, list[Any]] = {}
        self._checked: set[str] = set()

    def is_final(self, name: str) -> bool:
        """Return whether the values of a column are sent as they are."""
        return _name_plain_type(plain_type(self._batch.column(name).type)) in self._unchanged.get(name, ())

    def has_null(self, name: str) -> bool:
        """Return whether a value of a column is null."""
        return bool(self._array(name).null_count)

    def values(self, name: str) -> list[Any]:
        """Return the values of a column.

        Args:
            name: The column.

        Raises:
            RejectedRecord: If a record has a value that JSON cannot express, such as NaN. The error does not say
                which record it is.
            UnicodeDecodeError: If text is not valid Unicode.
        """
        if name in self._values:
            return self._values[name]
        column = self._array(name)
        values = read_values(column)
        if _may_lack_json(column.type):
            if not _is_finite(column, values):
                raise RejectedRecord("NaN and infinity are not valid in JSON", field=name)
            if not self.is_final(name):
                # JSON does not tell 1.50 from 1.5.
                values = _decode(_encode(values))
        self._checked.add(name)
        self._values[name] = values
        return values

    def repeated_values(self, name: str) -> list[Any]:
        """Return the values of a column in which few texts come again. Arguments and errors as for `values`."""
        import pyarrow.types as kinds  # noqa: PLC0415 - optional

        column = self._array(name)
        if not is_text(column.type):
            return self.values(name)
        self._checked.add(name)
        column = column if kinds.is_string(column.type) else column.cast("large_string")
        return read_values(column.dictionary_encode())

    def write(self, name: str, conversion: Conversion | None) -> list[Part] | None:
        """Return the JSON text of a column as it is sent, in parts; None if its values must be converted one by one.

        Args:
            name: The column.
            conversion: How it is converted.

        Raises:
            RejectedRecord: As for `values`; also if text is not valid Unicode.
        """
        column = self._array(name)
        parts = write_column(column) if self.is_final(name) else convert_column(column, conversion)
        if parts is not None:
            self._checked.add(name)
        return parts

    def all_values(self) -> dict[str, list[Any]]:
        """Return the values of all columns, in the order of the batch. See `values`."""
        return {name: self.values(name) for name in self._batch.schema.names}

    def check_others(self) -> None:
        """Check the columns that were not read or written, because they are not sent.

        Raises:
            RejectedRecord: As for `write`.
            UnicodeDecodeError: As for `values`.
        """
        import pyarrow.types as kinds  # noqa: PLC0415 - optional

        for name in self._batch.schema.names:
            if name in self._checked:
                continue
            kind = plain_type(self._batch.column(name).type)
            if is_text(kind):
                read_valid_text(self._array(name))
            elif kinds.is_floating(kind):
                check_finite(self._array(name))
            elif _may_lack_json(kind):
                self.values(name)

    def _array(self, name: str) -> pa.Array:
        if name not in self._arrays:
            self._arrays[name] = to_plain(self._batch.column(name))
        return self._arrays[name]


@lru_cache(maxsize=256)
def _name_plain_type(kind: pa.DataType) -> str | None:
    """Return the type in JSON Schema of a type of Arrow; None if its values are never sent as they are.

    The days of Arrow reach beyond the years 1 to 9999, and its unsigned integers beyond those of a Long field.
    """
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    if kinds.is_integer(kind):
        return None if kinds.is_uint64(kind) else "integer"
    if kinds.is_floating(kind):
        return "number"
    if kinds.is_boolean(kind):
        return "boolean"
    return "string" if is_text(kind) or kinds.is_null(kind) else None


def _may_lack_json(kind: pa.DataType) -> bool:
    """Return whether a type has values that JSON cannot express, or that it can express in several ways."""
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    return bool(kinds.is_floating(kind) or kinds.is_decimal(kind) or kinds.is_nested(kind))


def _is_finite(column: pa.Array, values: list[Any]) -> bool:
    """Return whether no number of a column is NaN or infinite."""
    import pyarrow.compute as pc  # noqa: PLC0415 - optional
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    if kinds.is_float32(column.type) or kinds.is_float64(column.type):
        return pc.all(pc.is_finite(column)).as_py() is not False
    return is_strict_json(values)


def _allows(property_schema: object, column: pa.Array) -> bool:
    """Return whether a property is described as an Arrow column is; without null if the column has none."""
    described = describe_type(column.type)
    if described is None or property_schema == described:
        return described is not None
    name = described["type"][0]
    without_null = ({**described, "type": name}, {**described, "type": [name]})
    # The nulls of a dictionary or of runs may be in their values.
    return property_schema in without_null and not to_plain(column).null_count

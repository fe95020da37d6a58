"""The columns of a record batch in the form that the records of the same data would be decoded to. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import RejectedRecord
from target_selligent.records.arrow_schema import describe_type, is_text, plain_type
from target_selligent.records.arrow_values import read_values
from target_selligent.records.exact_numbers import parse_json_float
from target_selligent.records.record_lines import is_strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

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
        self._final = {column.column_name for column in record_type.columns if column.is_final}

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
            and all(
                _allows(self._properties[field.name], describe_type(field.type), nulls=column.null_count > 0)
                for field, column in zip(batch.schema, batch.columns, strict=True)
            )
        )

    def read(self, batch: pa.RecordBatch) -> tuple[dict[str, list[Any]], frozenset[str]]:
        """Return the values of each column, and the names of the columns whose values are sent as they are.

        Args:
            batch: A batch that `fits`.

        Raises:
            RejectedRecord: If a record has a value that JSON cannot express, such as NaN. The error does not say
                which record it is.
            UnicodeDecodeError: If text is not valid Unicode.
        """
        columns: dict[str, list[Any]] = {}
        final = set()
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            kind = plain_type(column.type)
            columns[name] = read_values(column)
            is_final = name in self._final and _is_sent_unchanged(kind)
            if _may_lack_json(kind):
                if not _is_finite(column, columns[name]):
                    raise RejectedRecord("NaN and infinity are not valid in JSON", field=name)
                if not is_final:
                    # JSON does not tell 1.50 from 1.5.
                    columns[name] = _decode(_encode(columns[name]))
            if is_final:
                final.add(name)
        return columns, frozenset(final)


def _is_sent_unchanged(kind: pa.DataType) -> bool:
    """Return whether the values of a type are sent as they are if those of its JSON type are.

    The days of Arrow reach beyond the years 1 to 9999, and its unsigned integers beyond those of a Long field.
    """
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    is_long = kinds.is_integer(kind) and not kinds.is_uint64(kind)
    return is_long or is_text(kind) or any(one(kind) for one in (kinds.is_boolean, kinds.is_floating, kinds.is_null))


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


def _allows(property_schema: object, described: dict[str, Any] | None, *, nulls: bool) -> bool:
    """Return whether a property is described as an Arrow column is; without null if the column has none."""
    if described is None or property_schema == described:
        return described is not None
    name = described["type"][0]
    return not nulls and property_schema in ({**described, "type": name}, {**described, "type": [name]})

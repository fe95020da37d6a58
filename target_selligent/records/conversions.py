"""Field types of a List, and how a column's values are converted to one. Pure; no I/O.

The field types are listed in docs/selligent-api.md.
"""

from __future__ import annotations

from enum import Enum


class FieldType(str, Enum):
    """Data types that a List field can have."""

    BOOLEAN = "Boolean"
    NUMERIC = "Numeric"
    LONG = "Long"
    FLOAT = "Float"
    DATE = "Date"
    DATE_TIME = "DateTime"
    TEXT = "Text"
    LONG_TEXT = "LongText"
    JSON = "Json"
    UNKNOWN = "Unknown"


class Conversion(Enum):
    """How a column's value is converted to the JSON scalar that is sent."""

    STRING = "string"
    TEXT = "text"
    LONG = "long"
    FLOAT = "float"
    FLOAT_KEY = "float key"
    BOOLEAN = "boolean"
    TEXT_TO_LONG = "text to long"
    TEXT_TO_FLOAT = "text to float"
    TEXT_TO_BOOLEAN = "text to boolean"
    FLAG = "flag"
    DATE = "date"
    DATE_TIME = "date-time"
    JSON = "json"


_FROM_TEXT = {
    FieldType.LONG: Conversion.TEXT_TO_LONG,
    FieldType.NUMERIC: Conversion.TEXT_TO_LONG,
    FieldType.FLOAT: Conversion.TEXT_TO_FLOAT,
    FieldType.BOOLEAN: Conversion.TEXT_TO_BOOLEAN,
    FieldType.DATE: Conversion.DATE,
    FieldType.DATE_TIME: Conversion.DATE_TIME,
}
_FROM_NUMBER = {
    FieldType.TEXT: Conversion.TEXT,
    FieldType.LONG_TEXT: Conversion.TEXT,
    FieldType.JSON: Conversion.JSON,
    FieldType.LONG: Conversion.LONG,
    FieldType.NUMERIC: Conversion.LONG,
}
_CONVERSIONS_TO_OTHER_TYPES: dict[Conversion, dict[FieldType, Conversion]] = {
    Conversion.STRING: _FROM_TEXT,
    Conversion.TEXT: _FROM_TEXT,
    Conversion.LONG: _FROM_NUMBER,
    Conversion.FLOAT: _FROM_NUMBER,
    Conversion.BOOLEAN: {
        FieldType.TEXT: Conversion.TEXT,
        FieldType.LONG_TEXT: Conversion.TEXT,
        FieldType.JSON: Conversion.JSON,
        FieldType.LONG: Conversion.FLAG,
        FieldType.NUMERIC: Conversion.FLAG,
        FieldType.FLOAT: Conversion.FLAG,
    },
    Conversion.DATE: {FieldType.DATE_TIME: Conversion.DATE_TIME},
    Conversion.DATE_TIME: {FieldType.DATE: Conversion.DATE},
}
"""How a column is converted to an existing field of another type. Other pairs keep the column's conversion."""

TEXT_CONVERSIONS = frozenset({Conversion.STRING, Conversion.TEXT})
"""Conversions of columns whose values are text."""


def choose_conversion(conversion: Conversion, data_type: FieldType, *, key: bool) -> Conversion:
    """Return the conversion of a column to an existing field. The field's type can differ from the column's.

    Args:
        conversion: The column's conversion to a field that is created for it.
        data_type: Type of the existing field.
        key: Whether the column is part of the key. Two different keys must not become equal.
    """
    if key and data_type is FieldType.FLOAT and conversion is not Conversion.BOOLEAN:
        return Conversion.FLOAT_KEY
    return _CONVERSIONS_TO_OTHER_TYPES.get(conversion, {}).get(data_type, conversion)

"""Field types of a List, and what becomes of a column's values on the way to one. Pure; no I/O."""

from __future__ import annotations

from enum import Enum


class FieldType(str, Enum):
    """Data types a List field can have."""

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
    """How a column's value becomes the JSON scalar that is sent."""

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
_STORED_AS: dict[Conversion, dict[FieldType, Conversion]] = {
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
"""What is sent where an existing field has another type than the column; elsewhere nothing changes."""

TEXT_CONVERSIONS = frozenset({Conversion.STRING, Conversion.TEXT})
"""Conversions of columns that hold text."""


def choose_conversion(conversion: Conversion, data_type: FieldType, *, key: bool) -> Conversion:
    """Return how a column is sent to an existing field, whose type may be another than the column's.

    Args:
        conversion: How it would be sent to a field that is made for it.
        data_type: Type of the field.
        key: Whether the column is part of the key: no two of its values may become one.
    """
    if key and data_type is FieldType.FLOAT and conversion is not Conversion.BOOLEAN:
        return Conversion.FLOAT_KEY
    return _STORED_AS.get(conversion, {}).get(data_type, conversion)

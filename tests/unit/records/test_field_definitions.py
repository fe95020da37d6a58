"""A field as it is created, and a column that is sent to a field that exists."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.field_definitions import ColumnMapping, FieldDefinition
from target_selligent.records.fields import derive_stream_fields


def column(described: Any, *, key: bool = False) -> ColumnMapping:
    """Return the column `n` of a stream."""
    properties = {"key": {"type": "string"}, "n": described}
    return derive_stream_fields("people", {"properties": properties}, ["n" if key else "key"]).columns[1]


def test_request_bodies() -> None:
    """The body has the name, the type and, only for Text, the length."""
    assert FieldDefinition("A", FieldType.TEXT, 9).to_request_body() == {
        "name": "A",
        "data_type": "Text",
        "length": 9,
        "allow_null": True,
    }
    assert "length" not in FieldDefinition("A", FieldType.LONG).to_request_body()


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        (FieldType.TEXT, Conversion.TEXT),
        (FieldType.LONG_TEXT, Conversion.TEXT),
        (FieldType.LONG, Conversion.LONG),
        (FieldType.NUMERIC, Conversion.LONG),
        (FieldType.UNKNOWN, Conversion.LONG),
    ],
    ids=lambda value: value.value,
)
def test_existing_fields_keep_their_name_and_type(existing: FieldType, expected: Conversion) -> None:
    """The List's spelling and type are used: a number is sent as text to a Text field."""
    number = column({"type": "integer"})
    stored = number.map_to_existing_field(FieldDefinition("n_Spelt", existing))
    assert (stored.field.name, stored.conversion) == ("n_Spelt", expected)


EXISTING: dict[str, tuple[dict[str, Any], FieldType, bool, Conversion]] = {
    "text to Long": ({"type": "string"}, FieldType.LONG, False, Conversion.TEXT_TO_LONG),
    "text to Float": ({"type": "string"}, FieldType.FLOAT, False, Conversion.TEXT_TO_FLOAT),
    "text to Boolean": ({"type": "string"}, FieldType.BOOLEAN, False, Conversion.TEXT_TO_BOOLEAN),
    "text to Date": ({"type": "string"}, FieldType.DATE, False, Conversion.DATE),
    "number to Json": ({"type": "number"}, FieldType.JSON, False, Conversion.JSON),
    "number to Float": ({"type": "number"}, FieldType.FLOAT, False, Conversion.FLOAT),
    "number as key to Float": ({"type": "number"}, FieldType.FLOAT, True, Conversion.FLOAT_KEY),
    "integer as key to Float": ({"type": "integer"}, FieldType.FLOAT, True, Conversion.FLOAT_KEY),
    "number as key to Long": ({"type": "number"}, FieldType.LONG, True, Conversion.TEXT_TO_LONG),
    "boolean to Float": ({"type": "boolean"}, FieldType.FLOAT, False, Conversion.FLAG),
    "date-time to Date": ({"type": "string", "format": "date-time"}, FieldType.DATE, False, Conversion.DATE),
}


@pytest.mark.parametrize(("described", "existing", "key", "expected"), EXISTING.values(), ids=EXISTING)
def test_conversions_to_fields_of_another_type(
    described: dict[str, Any],
    existing: FieldType,
    key: bool,  # noqa: FBT001 - a case
    expected: Conversion,
) -> None:
    """A value is converted to the type of the existing field. A key never loses digits."""
    stored = column(described, key=key).map_to_existing_field(FieldDefinition("N", existing))
    assert stored.conversion is expected

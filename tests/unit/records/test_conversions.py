"""How a column is converted to an existing field of another type."""

from __future__ import annotations

import pytest

from target_selligent.records.conversions import Conversion, FieldType, choose_conversion


@pytest.mark.parametrize(
    ("conversion", "data_type", "chosen"),
    [
        (Conversion.STRING, FieldType.LONG, Conversion.TEXT_TO_LONG),
        (Conversion.STRING, FieldType.NUMERIC, Conversion.TEXT_TO_LONG),
        (Conversion.TEXT, FieldType.FLOAT, Conversion.TEXT_TO_FLOAT),
        (Conversion.TEXT, FieldType.BOOLEAN, Conversion.TEXT_TO_BOOLEAN),
        (Conversion.STRING, FieldType.DATE, Conversion.DATE),
        (Conversion.STRING, FieldType.DATE_TIME, Conversion.DATE_TIME),
        (Conversion.LONG, FieldType.TEXT, Conversion.TEXT),
        (Conversion.FLOAT, FieldType.LONG_TEXT, Conversion.TEXT),
        (Conversion.FLOAT, FieldType.LONG, Conversion.LONG),
        (Conversion.FLOAT, FieldType.JSON, Conversion.JSON),
        (Conversion.BOOLEAN, FieldType.TEXT, Conversion.TEXT),
        (Conversion.BOOLEAN, FieldType.LONG, Conversion.FLAG),
        (Conversion.BOOLEAN, FieldType.FLOAT, Conversion.FLAG),
        (Conversion.DATE, FieldType.DATE_TIME, Conversion.DATE_TIME),
        (Conversion.DATE_TIME, FieldType.DATE, Conversion.DATE),
    ],
    ids=str,
)
def test_a_field_of_another_type(conversion: Conversion, data_type: FieldType, chosen: Conversion) -> None:
    """The values are converted to what the field stores."""
    assert choose_conversion(conversion, data_type, key=False) is chosen


@pytest.mark.parametrize("conversion", Conversion)
def test_a_field_of_an_unknown_type(conversion: Conversion) -> None:
    """The column is sent as to a field that is created for it."""
    assert choose_conversion(conversion, FieldType.UNKNOWN, key=False) is conversion


@pytest.mark.parametrize(
    ("conversion", "data_type"),
    [
        (Conversion.STRING, FieldType.TEXT),
        (Conversion.LONG, FieldType.LONG),
        (Conversion.LONG, FieldType.FLOAT),
        (Conversion.FLOAT, FieldType.FLOAT),
        (Conversion.BOOLEAN, FieldType.BOOLEAN),
        (Conversion.DATE, FieldType.DATE),
        (Conversion.DATE, FieldType.TEXT),
        (Conversion.JSON, FieldType.LONG),
    ],
    ids=str,
)
def test_other_pairs_keep_the_conversion(conversion: Conversion, data_type: FieldType) -> None:
    """The field accepts these values, or Selligent refuses them."""
    assert choose_conversion(conversion, data_type, key=False) is conversion


@pytest.mark.parametrize("conversion", [Conversion.STRING, Conversion.TEXT, Conversion.LONG, Conversion.FLOAT])
def test_a_key_that_is_a_float_keeps_its_digits(conversion: Conversion) -> None:
    """Rounded, two keys could become one."""
    assert choose_conversion(conversion, FieldType.FLOAT, key=True) is Conversion.FLOAT_KEY


def test_a_key_that_is_a_boolean_has_no_digits() -> None:
    """It becomes 0 or 1 in a Float field."""
    assert choose_conversion(Conversion.BOOLEAN, FieldType.FLOAT, key=True) is Conversion.FLAG


def test_a_key_of_another_type_is_converted_like_any_column() -> None:
    """Only floats are rounded."""
    assert choose_conversion(Conversion.STRING, FieldType.LONG, key=True) is Conversion.TEXT_TO_LONG

"""Rows from records: values that are sent unchanged, converted values, and values that are rejected."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from target_selligent.errors import RejectedRecord
from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.dates import to_iso_date, to_utc_date_time
from target_selligent.records.exact_numbers import INT64_MAX, INT64_MIN, parse_json_float
from target_selligent.records.field_definitions import ColumnMapping, FieldDefinition, StreamFields
from target_selligent.records.record_type import RecordType
from target_selligent.records.rows import RowMapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.records.row_types import Key, Row


def map_records(
    columns: Sequence[ColumnMapping], keys: Sequence[str], *records: dict[str, Any]
) -> tuple[list[Row], list[Key]]:
    """Return the rows and keys of records that were not validated."""
    names = [column.column_name for column in columns]
    fields = StreamFields(tuple(columns), tuple(keys), None, frozenset(names))
    record_type = RecordType("people", {"properties": {name: {} for name in names}}, fields, validate=True)
    mapper = RowMapper(record_type, columns, keys)
    assert mapper.field_names == tuple(column.field.name for column in columns)
    return mapper.create_rows(list(map(record_type.create_record, records)), decoded=False)


def columns_of(**conversions: Conversion) -> list[ColumnMapping]:
    """Return columns that become fields of the same name."""
    return [
        ColumnMapping(name, FieldDefinition(name.upper(), FieldType.LONG_TEXT), conversion)
        for name, conversion in conversions.items()
    ]


def sent(conversion: Conversion, *values: Any) -> list[Any]:
    """Return the values of one column as they are sent."""
    records = [{"key": number, "value": value} for number, value in enumerate(values)]
    rows, keys = map_records(columns_of(key=Conversion.LONG, value=conversion), ["key"], *records)
    assert keys == list(range(len(values)))
    return [value for _, value in rows]


SAME: dict[str, tuple[Conversion, Any]] = {
    "text": (Conversion.STRING, "x"),
    "empty text": (Conversion.STRING, ""),
    "emoji": (Conversion.TEXT, "\U0001f600"),
    "0": (Conversion.LONG, 0),
    "2**63-1": (Conversion.LONG, INT64_MAX),
    "-2**63": (Conversion.LONG, INT64_MIN),
    "0.0": (Conversion.FLOAT, 0.0),
    "whole number in a float column": (Conversion.FLOAT, 3),
    "2**53+1 in a float column": (Conversion.FLOAT, 2**53 + 1),
    "false": (Conversion.BOOLEAN, False),
    "date": (Conversion.DATE, "2024-02-29"),
    "date-time": (Conversion.DATE_TIME, "2026-05-01T10:15:00Z"),
    **{f"null {conversion.value}": (conversion, None) for conversion in Conversion},
}


@pytest.mark.parametrize(("conversion", "value"), SAME.values(), ids=SAME)
def test_values_that_stay(conversion: Conversion, value: Any) -> None:
    """These values are sent as they are, alone and beside null, type and all."""
    for found in (*sent(conversion, value), sent(conversion, None, value, value)[1]):
        assert found == value
        assert type(found) is type(value)


CHANGED: dict[str, tuple[Conversion, Any, Any]] = {
    "1.0 to integer": (Conversion.LONG, 1.0, 1),
    "number as text": (Conversion.TEXT, 5, "5"),
    "float as text": (Conversion.TEXT, 0.1, "0.1"),
    "boolean as text": (Conversion.TEXT, True, "true"),
    "object as text": (Conversion.TEXT, {"a": [1]}, '{"a":[1]}'),
    "big integer as text": (Conversion.TEXT, INT64_MAX, str(INT64_MAX)),
    "2**64 to float": (Conversion.FLOAT, 2**64, 2.0**64),
    "Decimal to float": (Conversion.FLOAT, Decimal("0.10000000000000000001"), 0.1),
    "2**64 as text": (Conversion.TEXT, 2**64, str(2**64)),
    "2**64 in JSON": (Conversion.JSON, {"a": [2**64]}, f'{{"a":[{2**64}]}}'),
    "Decimal in JSON": (Conversion.JSON, [Decimal("0.10000000000000000001")], "[0.10000000000000000001]"),
    "Decimal as text": (Conversion.TEXT, Decimal("0.10000000000000000001"), "0.10000000000000000001"),
    "5.0 as text": (Conversion.TEXT, 5.0, "5"),
    "1e-7 as text": (Conversion.TEXT, 1e-7, "0.0000001"),
    "Decimal to integer": (Conversion.LONG, Decimal("9007199254740993.0"), 9007199254740993),
    "1.2345678901234568e18 to integer": (Conversion.LONG, 1.2345678901234568e18, 1234567890123456800),
    "text to long": (Conversion.TEXT_TO_LONG, "9007199254740993.0", 9007199254740993),
    "text to float": (Conversion.TEXT_TO_FLOAT, "12.50", 12.5),
    "text to boolean": (Conversion.TEXT_TO_BOOLEAN, "TRUE", True),
    "object": (Conversion.JSON, {"ä": None}, '{"ä":null}'),
    "array": (Conversion.JSON, [1, "x"], '[1,"x"]'),
    "text as JSON": (Conversion.JSON, "x", '"x"'),
    "date of midnight": (Conversion.DATE, "2026-05-01T00:00:00.000Z", "2026-05-01"),
}


@pytest.mark.parametrize(("conversion", "value", "expected"), CHANGED.values(), ids=CHANGED)
def test_converted_values(conversion: Conversion, value: Any, expected: Any) -> None:
    """These values change their form but not their meaning, alone and beside a null."""
    assert sent(conversion, value) == [expected]
    assert sent(conversion, None, value) == [None, expected]


REJECTED: dict[str, tuple[Conversion, Any]] = {
    "number for text": (Conversion.STRING, 5),
    "2**63": (Conversion.LONG, 2**63),
    "-2**63-1": (Conversion.LONG, -(2**63) - 1),
    "1.5 for integer": (Conversion.LONG, 1.5),
    "1e30 for integer": (Conversion.LONG, 1e30),
    "true for integer": (Conversion.LONG, True),
    "text for integer": (Conversion.LONG, "5"),
    "NaN": (Conversion.FLOAT, math.nan),
    "infinity": (Conversion.FLOAT, -math.inf),
    "too large for float": (Conversion.FLOAT, 10**400),
    "Decimal for a float key": (Conversion.FLOAT_KEY, Decimal("0.10000000000000000001")),
    "2**53+1 for a float key": (Conversion.FLOAT_KEY, 2**53 + 1),
    "blank text for long": (Conversion.TEXT_TO_LONG, ""),
    "zeros in front": (Conversion.TEXT_TO_LONG, "007"),
    "text of 1.5 for long": (Conversion.TEXT_TO_LONG, "1.5"),
    "comma": (Conversion.TEXT_TO_FLOAT, "1,5"),
    "text of too many digits for float": (Conversion.TEXT_TO_FLOAT, "12345678901234567890.5"),
    "yes": (Conversion.TEXT_TO_BOOLEAN, "yes"),
    "endless exponent": (Conversion.TEXT, Decimal("1E+999999999")),
    "endless exponent for integer": (Conversion.LONG, Decimal("1E+999999999")),
    "true for float": (Conversion.FLOAT, True),
    "text for float": (Conversion.FLOAT, "1"),
    "1 for boolean": (Conversion.BOOLEAN, 1),
    "text for boolean": (Conversion.BOOLEAN, "true"),
    "number for date": (Conversion.DATE, 20260501),
    "time in date": (Conversion.DATE, "2026-05-01T10:00:00Z"),
    "no date": (Conversion.DATE, "2026-13-01"),
    "number for date-time": (Conversion.DATE_TIME, 0),
    "no date-time": (Conversion.DATE_TIME, "soon"),
    "object for date-time": (Conversion.DATE_TIME, {"a": 1}),
    "NaN in JSON": (Conversion.JSON, [math.nan]),
    "surrogate in JSON": (Conversion.JSON, ["\ud800"]),
}


@pytest.mark.parametrize(("conversion", "value"), REJECTED.values(), ids=REJECTED)
def test_values_that_are_rejected(conversion: Conversion, value: Any) -> None:
    """The record is rejected, alone and beside good ones. The reason names the column, never the value."""
    for values in ([value], [None, value], [value, None]):
        with pytest.raises(RejectedRecord) as caught:
            sent(conversion, *values)
        assert caught.value.field == "value"
        assert repr(value) not in caught.value.reason


@pytest.mark.parametrize("key", [None, "", " \t"], ids=repr)
def test_keys_must_be_usable(key: str | None) -> None:
    """A record whose key is null or blank is rejected."""
    with pytest.raises(RejectedRecord) as caught:
        map_records(columns_of(key=Conversion.STRING), ["key"], {"key": "a"}, {"key": key})
    assert (caught.value.field, caught.value.code) == ("key", "missing_key")


@pytest.mark.parametrize("key", [0, False, "0", " a "], ids=repr)
def test_keys_that_look_blank(key: Any) -> None:
    """0, false and text with blanks are normal keys and stay unchanged."""
    conversion = (
        Conversion.TEXT if isinstance(key, str) else Conversion.LONG if key is not False else Conversion.BOOLEAN
    )
    assert map_records(columns_of(key=conversion), ["key"], {"key": key}) == ([(key,)], [key])


def test_rows_follow_the_columns() -> None:
    """A row has the values in the order of the mapper's columns, whatever the record's order. Others are left out."""
    columns = columns_of(b=Conversion.LONG, a=Conversion.LONG)
    records = [{"a": 1, "x": 0, "b": 2}, {"b": 4, "a": 3}]
    assert map_records(columns, ["b"], *records) == ([(2, 1), (4, 3)], [2, 4])
    assert map_records(columns, ["a", "b"], *records)[1] == [(1, 2), (3, 4)]


@pytest.mark.parametrize("conversion", Conversion)
def test_missing_columns_stay_missing(conversion: Conversion) -> None:
    """A missing column gives no value: null must not be sent for it."""
    rows, _ = map_records(columns_of(a=Conversion.LONG, b=conversion), ["a"], {"a": 1}, {"a": 2, "b": None})
    assert rows == [(1, UNSET), (2, None)]


def test_optout_must_not_become_null() -> None:
    """A record with null for OPTOUT is rejected, in any spelling of the field. 0 and 1 are sent."""
    columns = [
        ColumnMapping("key", FieldDefinition("KEY", FieldType.TEXT), Conversion.STRING),
        ColumnMapping("gone", FieldDefinition("OptOut", FieldType.NUMERIC), Conversion.LONG),
    ]
    records = [{"key": "a", "gone": 0}, {"key": "b", "gone": 1}]
    assert map_records(columns, ["key"], *records)[0] == [("a", 0), ("b", 1)]
    with pytest.raises(RejectedRecord) as caught:
        map_records(columns, ["key"], *records, {"key": "c", "gone": None})
    assert caught.value.field == "gone"


_SHAPES = st.builds(
    lambda moment, between, ending: f"{moment.isoformat(between, 'seconds')}{ending}",
    st.datetimes(),
    st.sampled_from("T "),
    st.sampled_from(["Z", "+00:00", "+00", "", ".5Z", ".12345678Z", ".1", "+01:00", "z"]),
)
_DATE_LIKE = _SHAPES | st.dates().map(str) | st.sampled_from(["", "soon", "2026-02-29T00:00:00Z", "\n", "2023-02-29"])


@given(
    st.lists(st.none() | _SHAPES, max_size=4) | st.lists(st.none() | _DATE_LIKE, max_size=4),
    st.sampled_from([(Conversion.DATE_TIME, to_utc_date_time), (Conversion.DATE, to_iso_date)]),
)
@example([None, None], (Conversion.DATE_TIME, to_utc_date_time))
@example([None, "2024-02-29 00:00:00", None], (Conversion.DATE_TIME, to_utc_date_time))
@example(["2024-02-29\n2024-03-01", None], (Conversion.DATE, to_iso_date))
def test_dates_together_and_one_by_one(texts: list[str | None], way: tuple[Conversion, Callable[[str], str]]) -> None:
    """A column of dates is converted as if each date was converted alone."""
    conversion, convert = way
    try:
        alone = [None if text is None else convert(text) for text in texts]
    except ValueError:
        with pytest.raises(RejectedRecord):
            sent(conversion, *texts)
    else:
        assert sent(conversion, *texts) == alone


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(INT64_MIN, INT64_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.one_of(st.lists(_JSON), st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _JSON)))
def test_json_survives(value: Any) -> None:
    """An object or array can be read back from the text that is sent."""
    (text,) = sent(Conversion.JSON, value)
    assert json.loads(text) == value


@given(st.lists(st.one_of(st.none(), st.integers(-(2**65), 2**65)), min_size=1))
def test_integers_are_exact_or_rejected(values: list[int | None]) -> None:
    """A column of integers is sent exactly, or rejected if one does not fit 64 bits."""
    fit = all(value is None or INT64_MIN <= value <= INT64_MAX for value in values)
    try:
        found = sent(Conversion.LONG, *values)
    except RejectedRecord:
        assert not fit
    else:
        assert fit
        assert found == values


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers()), min_size=1))
def test_floats_are_exact_or_rejected(values: list[float | None]) -> None:
    """A column of numbers is sent exactly, or rejected if one is NaN, infinite or too large for a double."""
    fit = all(
        value is None
        or (isinstance(value, float) and math.isfinite(value))
        or (isinstance(value, int) and abs(value) < 2**1023)
        for value in values
    )
    try:
        found = sent(Conversion.FLOAT, *values)
    except RejectedRecord:
        assert not fit
    else:
        assert fit
        assert found == [
            value if value is None or INT64_MIN <= value <= INT64_MAX else float(value) for value in values
        ]


_DIGITS = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number.adjusted()) < 300)


@given(_DIGITS, _DIGITS)
def test_different_keys_stay_different(one: Decimal, other: Decimal) -> None:
    """Different numbers stay different keys, in Text and in Float. Equal numbers are one key in any spelling."""
    values = [parse_json_float(f"{number:e}") for number in (one, other)]
    texts = sent(Conversion.TEXT, *values)
    assert (texts[0] == texts[1]) == (one == other)
    try:
        floats = sent(Conversion.FLOAT_KEY, *values)
    except RejectedRecord:
        return
    assert (floats[0] == floats[1]) == (one == other)


def test_an_alternate_key_leaves_the_empty_key_out() -> None:
    """A key that is null or blank is not sent; the other columns and the alternate key are."""
    columns = tuple(
        ColumnMapping(name, FieldDefinition(name.upper(), FieldType.TEXT, 50), Conversion.TEXT, key=True)
        for name in ("user", "mail")
    )
    fields = StreamFields(columns, ("user",), None, frozenset({"user", "mail"}), ("mail",))
    described = {"properties": {"user": {"type": ["string", "null"]}, "mail": {"type": ["string", "null"]}}}
    record_type = RecordType("s", described, fields, validate=True)
    by_key = RowMapper(record_type, columns, ("user",))
    records = [record_type.create_record(one) for one in ({"mail": "a"}, {"user": " ", "mail": "b"}, {"user": "u"})]
    assert by_key.lacks_key(records) == [True, True, False]
    mapper = RowMapper(record_type, columns, ("mail",), instead_of=("user",))
    assert mapper.create_rows(records[:2], decoded=True) == ([(UNSET, "a"), (UNSET, "b")], ["a", "b"])
    with pytest.raises(RejectedRecord, match="null or blank"):
        mapper.create_rows(records[2:], decoded=True)

"""The JSON text of columns is what the encoder of rows writes for their values."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import encode_row
from target_selligent.errors import RejectedRecord
from target_selligent.records.arrow_values import read_values
from target_selligent.records.column_json import (
    convert_column,
    join_columns,
    read_valid_text,
    write_column,
    write_texts,
)
from target_selligent.records.conversions import Conversion

if TYPE_CHECKING:
    from collections.abc import Sequence

LETTERS = "".join(map(chr, [*range(0x180), 0x7FF, 0x800, 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x10000, 0x10FFFF]))


def texts_of(column: pa.Array, conversion: Conversion | None = None) -> list[bytes] | None:
    """Return the text of each value, sent as it is or converted; None if it is not written here."""
    parts = write_column(column) if conversion is None else convert_column(column, conversion)
    return None if parts is None else [row[1:-1] for row in join_columns([parts], len(column)).encode_apart()]


def encoded(values: Sequence[Any]) -> list[bytes]:
    """Return the text of each value as the encoder of rows writes it."""
    return [encode_row((value,))[1:-1] for value in values]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_every_letter_is_escaped_as_in_rows(kind: Any) -> None:
    """Texts that nobody has to escape value by value are never left to the encoder."""
    for letter in LETTERS:
        written = texts_of(pa.array([f"a{letter}b", None, letter], kind))
        if written is None:
            assert letter < " "
        else:
            assert written == encoded([f"a{letter}b", None, letter])
    assert texts_of(pa.array(['a "b" \\ c', "d"], kind)) == [b'"a \\"b\\" \\\\ c"', b'"d"']


amounts = st.integers(0, 10**11).map(lambda cents: cents / 100)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1)
    | st.lists(st.floats(-1e-3, 1e-3) | st.floats(1e9, 1e12) | st.none(), min_size=1)
    | st.lists(amounts | st.none(), min_size=1)
    | st.lists(amounts | st.sampled_from([-0.0, 0.005, 1.005, -0.01, 1e9]), min_size=1)
)
def test_floats_are_written_as_in_rows(numbers: list[float | None]) -> None:
    """All digits, and the same form."""
    written = texts_of(pa.array(numbers, pa.float64()))
    assert written is None or written == encoded(numbers)


def test_amounts_of_money_are_written_as_in_rows() -> None:
    """Every number of places, in large and small amounts."""
    numbers = [cents / 100 for start in (0, 99_999_999_900, 12_345_600) for cents in range(start, start + 100)]
    assert texts_of(pa.array([*numbers, None])) == encoded([*numbers, None])


def test_usual_columns_are_written_without_their_values() -> None:
    """Else the tests above would prove nothing."""
    moments = pa.array([datetime(2026, 1, 1, 12, 0, 0, 500), None, datetime(1700, 1, 1)])  # noqa: DTZ001 - no zone
    assert texts_of(pa.array([0.0, -0.0, None, 12.5, 1e9, 0.001])) == [
        b"0.0",
        b"-0.0",
        b"null",
        b"12.5",
        b"1000000000.0",
        b"0.001",
    ]
    assert texts_of(pa.array([True, None, False])) == [b"true", b"null", b"false"]
    assert texts_of(pa.array([1, None, -(2**63)])) == [b"1", b"null", b"-9223372036854775808"]
    assert texts_of(pa.nulls(2)) == [b"null", b"null"]
    texts = ["2026-01-01T12:00:00.000500Z", None, "1700-01-01T00:00:00Z"]
    assert texts_of(moments, Conversion.DATE_TIME) == encoded(texts)
    assert texts_of(moments.cast(pa.timestamp("ns", "UTC")), Conversion.DATE_TIME) == encoded(texts)
    assert texts_of(pa.array([2**64 - 1, None], pa.uint64()), Conversion.TEXT) == encoded([f"{2**64 - 1}", None])
    prices = pa.array([Decimal("1.50"), None, Decimal("-2.00")])
    assert texts_of(prices, Conversion.FLOAT) == [b"1.5", b"null", b"-2.0"]
    whole = pa.array([Decimal(-5), None])
    assert texts_of(whole, Conversion.LONG) == [b"-5", b"null"]
    assert texts_of(whole, Conversion.TEXT) == encoded(["-5", None])
    assert texts_of(moments.cast(pa.date32()), Conversion.DATE) == encoded(["2026-01-01", None, "1700-01-01"])


@pytest.mark.parametrize(
    ("column", "conversion"),
    [
        (pa.array([1e10]), None),
        (pa.array([1e-6]), None),
        (pa.array(["a\nb"]), None),
        (pa.array([1]), Conversion.FLAG),
        (pa.array([1], pa.decimal128(5, 2)), Conversion.TEXT),
        (pa.array([2**30], pa.int32()).cast(pa.date32()), Conversion.DATE),
        (pa.array([1]).cast(pa.timestamp("ns")), Conversion.DATE_TIME),
        (pa.array([[1]]), Conversion.JSON),
    ],
    ids=["exponent", "small", "line break", "flag", "decimal as text", "year 2,900,000", "nanoseconds", "list"],
)
def test_others_are_left_to_the_encoder(column: pa.Array, conversion: Conversion | None) -> None:
    """Their form differs, or they must be converted one by one."""
    assert texts_of(column, conversion) is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_express_is_rejected(number: float) -> None:
    """Not sent as null, which would empty the field."""
    with pytest.raises(RejectedRecord, match="NaN"):
        texts_of(pa.array([1.0, number]))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.none()), st.integers(0, 3))
def test_text_is_checked_together(texts: list[str | None], start: int) -> None:
    """Only that of the part of the array counts."""
    column = pa.array(texts, pa.string()).slice(start)
    assert read_valid_text(column).decode() == "".join(filter(None, read_values(column)))


def test_parts_may_be_shared_or_of_each_row() -> None:
    """Also if all rows share all of them."""
    assert bytes(join_columns([["1"], ["2", "3"]], 2).encode()) == b"[1,23],[1,23]"
    assert bytes(join_columns([["1"], write_texts(["4", "5"]), ["2"]], 2).encode()) == b"[1,4,2],[1,5,2]"

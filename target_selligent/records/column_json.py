"""Columns of Arrow as the JSON text of their values, and rows joined from such columns. Pure; no I/O.

No Python object is made for a value. The text is, byte for byte, what the encoder of rows writes for the values of
records. A column for which this is not known is left to that encoder.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from target_selligent.errors import RejectedRecord
from target_selligent.records.arrow_schema import is_text
from target_selligent.records.arrow_values import is_in_calendar, read_content, write_local_times
from target_selligent.records.conversions import Conversion
from target_selligent.records.encoded_rows import EncodedRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

Part: TypeAlias = "pa.Array | str"
"""A part of the text of each value: a text of its own in an array, or the same text for all."""

_CONTROL = bytes(range(32))
_ESCAPED = _CONTROL + b'"\\'
_UNUSUAL_FLOATS = (b"e", b"0.00000")
"""If the text of a float has one of these, Arrow and the encoder of rows may write different exponents."""
_MAX_AMOUNT = 1e9
_PLACES = 100
_TEXTS_OF_PLACES = [str(number / _PLACES).removeprefix("0") for number in range(_PLACES)]
_encode_lines = msgspec.json.Encoder().encode_lines


def write_column(column: pa.Array) -> list[Part] | None:
    """Return the JSON text of the values of a column that are sent as they are, in parts that follow each other.

    Args:
        column: The column, of a plain type.

    Returns:
        The parts; None if the encoder of rows must write the values.

    Raises:
        RejectedRecord: If text is not valid Unicode, or if JSON cannot express a number.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    kind = column.type
    if kinds.is_null(kind):
        return ["null"]
    if is_text(kind):
        return _write_texts(column)
    if kinds.is_floating(kind):
        return _write_floats(column)
    is_plain = kinds.is_boolean(kind) or kinds.is_integer(kind)
    return [_with_null(column.cast(pa.string()))] if is_plain else None


def convert_column(column: pa.Array, conversion: Conversion | None) -> list[Part] | None:
    """Return the JSON text of the converted values of a column, in parts that follow each other.

    Args:
        column: The column, of a plain type.
        conversion: How its values are converted.

    Returns:
        The parts; None if the values must be converted one by one.

    Raises:
        pa.ArrowInvalid: If a whole number does not fit 64 bits.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    kind = column.type
    parts: list[Part] | None = None
    if kinds.is_date(kind) and conversion is Conversion.DATE and is_in_calendar(column):
        parts = _quote(column.cast(pa.date32()).cast(pa.string()))
    elif kinds.is_timestamp(kind) and conversion is Conversion.DATE_TIME and is_in_calendar(column):
        parts = _write_date_times(column)
    elif kinds.is_integer(kind) and conversion is Conversion.TEXT:
        parts = _quote(column.cast(pa.string()))
    elif kinds.is_decimal128(kind) or kinds.is_decimal256(kind):
        parts = _convert_decimals(column, conversion)
    return parts


def write_values(values: Sequence[Any]) -> list[Part]:
    """Return the JSON text of values that are sent.

    Args:
        values: JSON scalars.

    Raises:
        UnicodeEncodeError: If text is not valid Unicode.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    # JSON has no line break within a text.
    lines = _encode_lines(values)[:-1].decode()
    return [pc.split_pattern(pa.array([lines], pa.string()), "\n").flatten()]


def write_texts(texts: Sequence[str]) -> list[Part]:
    """Return JSON texts as a part.

    Args:
        texts: The JSON text of each value.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional

    return [pa.array(texts, pa.string())]


def read_valid_text(column: pa.Array) -> bytes:
    """Return all text of a column together.

    Args:
        column: A column of text.

    Raises:
        RejectedRecord: If a text is not valid Unicode. The error does not say which record it is.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional

    column = column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column
    content = read_content(column)
    if not content.isascii():
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raise RejectedRecord("text that is not valid Unicode", code="invalid_text") from None
    return content


def check_finite(column: pa.Array) -> None:
    """Check that no number of a column is NaN or infinite.

    Args:
        column: A column of floats.

    Raises:
        RejectedRecord: If one is. The error does not say which record it is.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    if pc.all(pc.is_finite(column)).as_py() is False:
        raise RejectedRecord("NaN and infinity are not valid in JSON")


def join_columns(columns: Sequence[Sequence[Part]], count: int) -> EncodedRows:
    """Return rows.

    Args:
        columns: The parts of each column.
        count: The number of rows.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    texts: list[str] = []
    arrays: list[pa.Array] = []
    parts = [part for column in columns for part in (",", *column)]
    is_array: list[bool] = []
    for same, group in groupby(["[", *parts[1:], "],"], key=lambda part: isinstance(part, str)):
        if same:
            texts.append("".join(group))
            is_array.append(False)
        else:
            some = list(group)
            arrays += some
            is_array += [True] * len(some)
    pieces = pa.concat_arrays([pa.array(texts, pa.string()), *arrays])
    # The pieces in the order of the rows, side by side in one buffer, are the rows.
    joined = pc.take(pieces, _order_by_row(tuple(is_array), count), boundscheck=False)
    _, offsets, data = joined.buffers()
    stops = memoryview(offsets).cast("B").cast("i")[: len(joined) + 1]
    return EncodedRows(memoryview(data), stops[:: len(is_array)])


@lru_cache(maxsize=4)
def _order_by_row(is_array: tuple[bool, ...], count: int) -> pa.Array:
    """Return where the pieces of rows are: row by row, instead of column by column.

    Args:
        is_array: For each piece of a row, whether each row has another one. First come those that all rows share.
        count: The number of rows.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional

    width = len(is_array)
    order = array("i", bytes(4 * width * count))
    shared, own = 0, is_array.count(False)
    for place, differs in enumerate(is_array):
        if differs:
            order[place::width] = array("i", range(own, own + count))
            own += count
        else:
            order[place::width] = array("i", [shared]) * count
            shared += 1
    return pa.Array.from_buffers(pa.int32(), len(order), [None, pa.py_buffer(order)])


def _write_texts(column: pa.Array) -> list[Part] | None:
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
    content = read_valid_text(texts)
    if len(content.translate(None, _ESCAPED)) < len(content):
        if len(content.translate(None, _CONTROL)) < len(content):
            return None
        texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return _quote(texts)


def _write_floats(column: pa.Array) -> list[Part] | None:
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    numbers = column.cast(pa.float64())
    if (parts := _write_amounts(numbers)) is not None:
        return parts
    check_finite(column)
    texts = numbers.cast(pa.string())
    content = read_content(texts)
    if any(unusual in content for unusual in _UNUSUAL_FLOATS):
        return None
    is_whole = pc.fill_null(pc.equal(numbers, pc.trunc(numbers)), fill_value=False)
    parts = [_with_null(texts)]
    if pc.any(is_whole).as_py():
        # Arrow writes 5 for 5.0.
        parts.append(_choose(is_whole, ".0", ""))
    return parts


def _write_date_times(column: pa.Array) -> list[Part] | None:
    import pyarrow as pa  # noqa: PLC0415 - optional

    if column.type.unit == "ns":
        try:
            column = column.cast(pa.timestamp("us", column.type.tz))
        except pa.ArrowInvalid:
            # A value has more digits than are sent.
            return None
    return _quote(write_local_times(column), end='Z"')


def _convert_decimals(column: pa.Array, conversion: Conversion | None) -> list[Part] | None:
    import pyarrow as pa  # noqa: PLC0415 - optional

    scale = column.type.scale
    if conversion is Conversion.FLOAT and scale > 0:
        # From its text, a float is the nearest one.
        return _write_floats(column.cast(pa.string()).cast(pa.float64()))
    if conversion is Conversion.LONG and scale == 0:
        return [_with_null(column.cast(pa.int64()).cast(pa.string()))]
    return _quote(column.cast(pa.string())) if conversion is Conversion.TEXT and scale == 0 else None


def _write_amounts(numbers: pa.Array) -> list[Part] | None:
    """Return the text of floats of which none is negative and none has more than two decimal places; None for others.

    Most amounts of money are such floats. Two whole numbers are written in half the time of a float. The text is the
    shortest that gives the same float: there is only one text of at most 15 digits that does.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    _, highest = pc.min_max(numbers).as_py().values()
    # As a whole number, any float with a sign is negative, also -0.0.
    lowest, _ = pc.min_max(numbers.view(pa.int64())).as_py().values()
    if highest is None or not highest < _MAX_AMOUNT or lowest < 0:
        return None
    hundred = pa.scalar(_PLACES, pa.float64())
    hundredths = pc.round(pc.multiply(numbers, hundred))
    if pc.all(pc.equal(pc.divide(hundredths, hundred), numbers)).as_py() is not True:
        return None
    hundredths = hundredths.cast(pa.int64())
    whole = pc.divide(hundredths, pa.scalar(_PLACES, pa.int64()))
    places = pc.subtract(hundredths, pc.multiply(whole, pa.scalar(_PLACES, pa.int64())))
    texts = pa.array(_TEXTS_OF_PLACES, pa.string()).take(places)
    return [_with_null(whole.cast(pa.string())), pc.fill_null(texts, "") if texts.null_count else texts]


def _quote(texts: pa.Array, *, end: str = '"') -> list[Part]:
    """Return texts in quotes; null without quotes."""
    if not texts.null_count:
        return ['"', texts, end]
    is_known = texts.is_valid()
    return [_choose(is_known, '"', ""), _with_null(texts), _choose(is_known, end, "")]


def _choose(is_first: pa.Array, first: str, second: str) -> pa.Array:
    """Return one of two texts for each value. This is faster than `if_else`."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    return pa.array([second, first], pa.string()).take(is_first.cast(pa.int8()))


def _with_null(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    return pc.fill_null(texts, "null") if texts.null_count else texts

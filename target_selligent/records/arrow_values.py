"""The values of Arrow columns, as JSON records would hold them. Pure; no I/O."""

from __future__ import annotations

from datetime import date
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError
from target_selligent.records.arrow_schema import describe_type, find_double_name, is_array, is_text, plain_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

_CHUNK_ROWS = 16_384
_CHUNK_VALUES = 200_000
_CHUNK_BYTES = 1 << 21
_MAX_TEXT_BYTES = 1 << 30
_SEPARATORS = ("\n", "\x1f", "\x00")
"""What no value of a column of text is likely to hold: at least one of them."""
_DAY_LETTERS = len("YYYY-MM-DD")
_FIRST_DAY, _LAST_DAY = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))
_UNITS_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def split_batches(data: pa.RecordBatch | pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows in record batches that are small enough to be converted at once: at most 16,384 rows.

    Args:
        data: A record batch, or a table.

    Raises:
        TypeError: If it is neither.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional

    if not isinstance(data, (pa.RecordBatch, pa.Table)):
        raise TypeError(f"columns must come as a pyarrow.RecordBatch or pyarrow.Table, not {type(data).__name__}")
    for batch in data.to_batches() if isinstance(data, pa.Table) else [data]:
        by_bytes = _CHUNK_BYTES * batch.num_rows // max(1, sum(map(_measure, batch.columns)))
        step = max(1, min(_CHUNK_ROWS, _CHUNK_VALUES // max(1, batch.num_columns), by_bytes))
        # Of about the same size: a small rest would take as many steps as a full one.
        even = -(-batch.num_rows // max(1, -(-batch.num_rows // step)))
        for start in range(0, batch.num_rows, max(1, even)):
            yield batch.slice(start, even)


def _measure(array: pa.Array) -> int:
    """Return the approximate size of the values of an array, in bytes."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    if isinstance(array, pa.RunEndEncodedArray):
        return int(len(array) * array.values.nbytes // max(1, len(array.values)))
    if not isinstance(array, pa.DictionaryArray):
        return int(array.nbytes)
    if is_text(array.dictionary.type):
        # A text that comes again is there once, and may be long.
        lengths = pc.binary_length(array.dictionary.cast(pa.large_string()))
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    return int(len(array) * array.dictionary.nbytes // max(1, len(array.dictionary)))


def read_records(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Return the records of a record batch.

    Args:
        batch: The record batch. Text that is not valid Unicode is read with lone surrogates, which no field accepts.

    Raises:
        InputError: If two columns have the same name: a record could hold only one of them.
    """
    names = batch.schema.names
    if (double := find_double_name(names)) is not None:
        raise InputError(f"two columns have the name {double}: rename one")
    columns = [read_values(column, errors="surrogateescape") for column in batch.columns]
    return (dict(zip(names, row, strict=True)) for row in (zip(*columns, strict=True) if columns else ()))


def read_values(array: pa.Array, *, errors: str = "strict") -> list[Any]:
    """Return the values of a column: JSON scalars, Decimals, lists and dicts; dates and times as ISO 8601 text.

    Args:
        array: The column. If `arrow_schema.describe_type` does not describe its type, the values are those of pyarrow.
        errors: How text that is not valid Unicode is decoded: see `bytes.decode`.

    Raises:
        UnicodeDecodeError: If text is not valid Unicode and `errors` is `strict`.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    if isinstance(array, pa.DictionaryArray) and len(array.dictionary) <= len(array):
        return _read_repeated(array, errors)
    array = to_plain(array)
    kind = array.type
    values: list[Any]
    if describe_type(kind) is None:
        return list(array.to_pylist())
    if kinds.is_temporal(kind):
        array = _write_temporal(array)
    if is_text(array.type):
        values = _read_texts(array.cast(pa.large_string()) if kinds.is_string_view(kind) else array, errors)
    elif kinds.is_struct(kind):
        values = _read_objects(array, errors)
    elif kinds.is_map(kind) or is_array(kind):
        values = _read_arrays(array, errors)
    elif kinds.is_integer(kind):
        values = _read_integers(array)
    else:
        values = array.to_pylist()
        if kinds.is_decimal(kind) and kind.scale <= 0:
            values = [None if value is None else int(value) for value in values]
    return values


def to_plain(array: pa.Array) -> pa.Array:
    """Return an array whose type is that of its values: not a dictionary, runs or an extension.

    Args:
        array: The array.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    while plain_type(array.type) != array.type:
        if isinstance(array, pa.DictionaryArray):
            array = array.dictionary_decode()
        elif isinstance(array, pa.RunEndEncodedArray):
            array = pc.run_end_decode(array)
        else:
            array = array.storage
    return array


def read_content(array: pa.Array) -> bytes:
    """Return all text of a column together, in UTF-8 if it is valid.

    Args:
        array: A column of `string` or `large_string`.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional

    _, offsets, data = array.buffers()
    if not len(array) or data is None:
        return b""
    stops = memoryview(offsets).cast("B").cast("q" if pa.types.is_large_string(array.type) else "i")
    return memoryview(data)[stops[array.offset] : stops[array.offset + len(array)]].tobytes()


def _read_texts(array: pa.Array, errors: str) -> list[str | None]:
    """Return texts. Joining and splitting them is much faster than reading the values one by one."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    if not len(array):
        return []
    content = read_content(array)
    separator = next((one for one in _SEPARATORS if one.encode() not in content), None)
    if separator is None or len(content) > _MAX_TEXT_BYTES:
        each = array.cast(pa.large_binary()).to_pylist()
        return [None if one is None else one.decode(errors=errors) for one in each]
    texts = array.cast(pa.string()) if pa.types.is_large_string(array.type) else array
    texts = pc.fill_null(texts, "") if array.null_count else texts
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(array)], pa.int32()), texts), separator)
    values = joined[0].as_buffer().to_pybytes().decode(errors=errors).split(separator)
    return _with_null(values, array)


def _read_repeated(array: pa.DictionaryArray, errors: str) -> list[Any]:
    """Return the values of a dictionary: equal values are one object."""
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    values = read_values(array.dictionary, errors=errors)
    # The last value stands for null.
    indexes = pc.fill_null(array.indices.cast("int64"), len(values))
    return list(map([*values, None].__getitem__, _read_integers(indexes)))


def _read_integers(array: pa.Array) -> list[Any]:
    """Return whole numbers. Reading their memory is much faster than reading the values one by one."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    if not len(array):
        return []
    is_unsigned = pa.types.is_uint64(array.type)
    array = array if is_unsigned else array.cast(pa.int64())
    content = memoryview(array.buffers()[1]).cast("B")
    numbers = content.cast("Q") if is_unsigned else content.cast("q")
    return _with_null(numbers[array.offset : array.offset + len(array)].tolist(), array)


def _with_null(values: list[Any], array: pa.Array) -> list[Any]:
    """Return values with None where an array has null."""
    if not array.null_count:
        return values
    return [value if known else None for value, known in zip(values, array.is_valid().to_pylist(), strict=True)]


def _write_temporal(array: pa.Array) -> pa.Array:
    """Return dates and times as text: `2018-03-27`, `2018-03-27T11:57:20.117903Z`, `11:57:20`.

    A fraction of a second has as many digits as Python's, and none if no value of the column has one.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    kind = array.type
    if pa.types.is_date(kind):
        return array.cast(pa.date32()).cast(pa.string())
    if pa.types.is_time(kind):
        return _write_times(array, [pa.time32("s"), pa.time64("us")])
    text = write_local_times(array)
    return text if kind.tz is None else pc.binary_join_element_wise(text, "Z", "")


def write_local_times(array: pa.Array) -> pa.Array:
    """Return timestamps in UTC as text, without a zone.

    Args:
        array: The timestamps.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    # Without its zone, a timestamp is cast to the time in UTC.
    array = array if array.type.tz is None else array.cast(pa.timestamp(array.type.unit))
    text = _write_times(array, [pa.timestamp("s"), pa.timestamp("us")])
    if is_in_calendar(array):
        # Every year has four digits. This is much faster than to search for the blank.
        return pc.binary_replace_slice(text, start=_DAY_LETTERS, stop=_DAY_LETTERS + 1, replacement="T")
    return pc.replace_substring(text, " ", "T")


def is_in_calendar(array: pa.Array) -> bool:
    """Return whether all days of dates or timestamps are in the years 1 to 9999.

    Args:
        array: Dates or timestamps.
    """
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    is_days = pa.types.is_date32(array.type)
    numbers = array.view(pa.int32() if is_days else pa.int64())
    a_day = 1 if is_days else _UNITS_PER_DAY["ms" if pa.types.is_date64(array.type) else array.type.unit]
    first, last = pc.min_max(numbers).as_py().values()
    return first is None or (_FIRST_DAY * a_day <= first and last < (_LAST_DAY + 1) * a_day)


def _write_times(array: pa.Array, coarser: Sequence[pa.DataType]) -> pa.Array:
    """Return times as text, with no more digits than the first of these types needs that can hold all of them."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    for one in coarser:
        try:
            array = array.cast(one)
        except pa.ArrowInvalid:
            # A value has a fraction that this unit cannot hold.
            continue
        break
    text = array.cast(pa.string())
    if array.type == coarser[0]:
        return text
    if array.type.unit == "ns":
        # How many digits a value has must not depend on the others: it would count as changed.
        text = pc.replace_substring_regex(text, r"(\.\d{6})000$", r"\1")
    return pc.replace_substring_regex(text, r"\.0+$", "")


def _read_objects(array: pa.StructArray, errors: str) -> list[dict[str, Any] | None]:
    names = [field.name for field in array.type]
    # `flatten` minds where the array starts and which of its structs are null.
    columns = [read_values(child, errors=errors) for child in array.flatten()]
    rows = zip(*columns, strict=True) if columns else repeat((), len(array))
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    return [value if known else None for value, known in zip(objects, array.is_valid().to_pylist(), strict=True)]


def _read_arrays(array: pa.Array, errors: str) -> list[Any]:
    """Return the values of an array of lists, or of maps, which become objects."""
    import pyarrow as pa  # noqa: PLC0415 - optional
    import pyarrow.compute as pc  # noqa: PLC0415 - optional

    if is_map := pa.types.is_map(array.type):
        entries = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
        array = array.cast(pa.list_(entries))
    lengths = pc.list_value_length(array).to_pylist()
    items = iter(read_values(array.flatten(), errors=errors))
    values = [None if length is None else list(islice(items, length)) for length in lengths]
    if not is_map:
        return values
    return [None if value is None else {item["key"]: item["value"] for item in value} for value in values]

"""The values of Arrow columns as JSON records would hold them: by type, and beside what pyarrow itself says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.errors import InputError
from target_selligent.records.arrow_values import read_records, read_values, split_batches

NUMBERS = pa.array([0, None, 5, 1_000_000_003], pa.int64())
VALUES: dict[str, tuple[Any, list[Any]]] = {
    "seconds": (NUMBERS.cast(pa.timestamp("s")), ["1970-01-01T00:00:00", None, "1970-01-01T00:00:05"]),
    "milliseconds": (NUMBERS.cast(pa.timestamp("ms")), ["1970-01-01T00:00:00", None, "1970-01-01T00:00:00.005000"]),
    "nanoseconds": (NUMBERS.cast(pa.timestamp("ns")), ["1970-01-01T00:00:00", None, "1970-01-01T00:00:00.000000005"]),
    "beside nanoseconds": (
        pa.array([5000, None, 5]).cast(pa.timestamp("ns")),
        ["1970-01-01T00:00:00.000005", None, "1970-01-01T00:00:00.000000005"],
    ),
    "whole seconds": (
        pa.array([0, None, 5000]).cast(pa.timestamp("ms")),
        ["1970-01-01T00:00:00", None, "1970-01-01T00:00:05"],
    ),
    "a zone": (
        NUMBERS.cast(pa.timestamp("us", tz="Europe/Brussels")),
        ["1970-01-01T00:00:00Z", None, "1970-01-01T00:00:00.000005Z"],
    ),
    "time32": (pa.array([0, None, 3661], pa.int32()).cast(pa.time32("s")), ["00:00:00", None, "01:01:01"]),
    "time64": (NUMBERS.cast(pa.time64("us")), ["00:00:00", None, "00:00:00.000005"]),
    "date32": (pa.array([date(1990, 2, 1), None, date(2024, 2, 29)]), ["1990-02-01", None, "2024-02-29"]),
    "date64": (pa.array([date(1990, 2, 1), None], pa.date64()), ["1990-02-01", None]),
    "decimal": (pa.array([Decimal("1.10"), None]), [Decimal("1.10"), None]),
    "whole decimal": (pa.array([Decimal(2**70), None], pa.decimal128(38, 0)), [2**70, None]),
    "dictionary": (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
    # No field holds them, but files may have them in columns that are not sent.
    "durations": (pa.array([5, None], pa.duration("s")), [timedelta(seconds=5), None]),
    "bytes": (pa.array([b"\xff", None]), [b"\xff", None]),
    "maps with other keys": (pa.array([[(1, 2)], None], pa.map_(pa.int8(), pa.int8())), [[(1, 2)], None]),
    "runs": (pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]), ["a", "a", "b"]),
    "list": (pa.array([["a", None], None, []]), [["a", None], None, []]),
    "list of a size": (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)), [[1, 2], None, [3, 4]]),
    "struct": (pa.array([{"a": date(1990, 2, 1)}, None, {"a": None}]), [{"a": "1990-02-01"}, None, {"a": None}]),
    "map": (
        pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int8())),
        [{"a": 1, "b": None}, None, {}],
    ),
    "int8": (pa.array([1, None, -128], pa.int8()), [1, None, -128]),
    "int64": (pa.array([2**63 - 1, None, -(2**63)]), [2**63 - 1, None, -(2**63)]),
    "uint64": (pa.array([2**64 - 1, None, 0], pa.uint64()), [2**64 - 1, None, 0]),
    "nothing": (pa.nulls(2), [None, None]),
    "no text": (pa.array([], pa.string()), []),
}


@pytest.mark.parametrize(("array", "expected"), VALUES.values(), ids=VALUES)
def test_values(array: Any, expected: list[Any]) -> None:
    """Each type is what JSON says for it, and a part of an array is the part of its values."""
    assert read_values(array)[: len(expected)] == expected
    for start in range(len(expected)):
        assert read_values(array.slice(start))[: len(expected) - start] == expected[start:]


@given(st.lists(st.text() | st.none()), st.integers(0, 5), st.sampled_from([pa.string(), pa.large_string()]))
def test_texts(texts: list[str | None], start: int, data_type: Any) -> None:
    """Texts of any alphabet are read as pyarrow reads them, from any start."""
    texts = [text and text.encode("utf-8", "ignore").decode() for text in texts]
    array = pa.array(texts, data_type).slice(start)
    assert read_values(array) == texts[start:]


@pytest.mark.parametrize("letters", ["\n", "\n\x1f", "\n\x1f\x00é"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_texts_hold_any_separator(kind: Any, letters: str) -> None:
    """Texts are joined and split on the way, by a letter that none of them has."""
    texts = ["a", letters, None, "", f"b{letters}c"]
    assert read_values(pa.array(texts, kind)) == texts
    assert read_values(pa.array(texts, pa.string()).dictionary_encode()) == texts


def test_two_columns_of_one_name_are_refused() -> None:
    """A record holds one of them, and the other would be lost."""
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(InputError, match="two columns have the name a"):
        read_records(batch)


def test_a_dictionary_is_read_once_for_all_its_values() -> None:
    """Equal texts are one object; a large dictionary for few rows is not read."""
    repeated = pa.array(["a", "b", None] * 3).dictionary_encode()
    one, _, _, same, *_ = read_values(repeated)
    assert one is same
    assert read_values(repeated.slice(4, 2)) == ["b", None]
    assert read_values(repeated.slice(1, 1)) == ["b"]


def test_text_that_is_not_unicode_is_kept_to_be_rejected() -> None:
    """It stays recognizable; the other values are as they are."""
    data = [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    array = pa.Array.from_buffers(pa.string(), 2, data)
    with pytest.raises(UnicodeDecodeError):
        read_values(array)
    batch = pa.RecordBatch.from_arrays([array], ["name"])
    assert list(read_records(batch)) == [{"name": "a"}, {"name": "\udcff"}]


@pytest.mark.parametrize("rows", [0, 1, 40_000])
def test_batches_are_split_into_small_ones(rows: int) -> None:
    """Every row comes once, in order, whether in a table or a record batch."""
    table = pa.table({"a": range(rows), "b": ["x"] * rows})
    for data in (table, *table.to_batches()[:1]):
        batches = list(split_batches(data))
        assert [one for batch in batches for one in batch.column("a").to_pylist()] == list(range(data.num_rows))
        assert all(batch.num_rows <= 16_384 for batch in batches)
        sizes = [batch.num_rows for batch in batches]
        assert not sizes or min(sizes) > 0.9 * max(sizes)


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(["x" * 10_000]).take(pa.array([0] * 4000)),
        pa.array(["x" * 10_000]).take(pa.array([0] * 4000)).dictionary_encode(),
        pa.array(["x" * 10_000, *(str(number) for number in range(9999))])
        .dictionary_encode()
        .take(pa.array([0] * 4000)),
        pa.RunEndEncodedArray.from_arrays(pa.array([4000], pa.int32()), pa.array(["x" * 10_000])),
        pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int8()), pa.array(["x" * 10_000], pa.string_view())),
    ],
    ids=["text", "dictionary", "rare value", "runs", "dictionary of views"],
)
def test_large_values_come_in_small_batches(texts: pa.Array) -> None:
    """However little memory they need as long as a value that comes again is there once."""
    batches = list(split_batches(pa.RecordBatch.from_arrays([texts], ["a"])))
    assert sum(batch.num_rows for batch in batches) == 4000
    assert max(batch.num_rows for batch in batches) * 10_000 <= 1 << 21


def test_numbers_in_a_dictionary_are_small() -> None:
    """They need no small batches."""
    numbers = pa.array(range(16_000)).dictionary_encode()
    assert len(list(split_batches(pa.RecordBatch.from_arrays([numbers], ["a"])))) == 1


def test_something_else_is_no_batch() -> None:
    """A program that gives records to the method for columns hears of it."""
    with pytest.raises(TypeError, match=r"RecordBatch or pyarrow\.Table, not list"):
        next(split_batches([{"a": 1}]))

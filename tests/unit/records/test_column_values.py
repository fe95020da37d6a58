"""Columns of Arrow give the rows that the same data gives as JSON records, type by type."""

from __future__ import annotations

import math
from datetime import datetime, time, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import encode_rows
from target_selligent.errors import RejectedRecord
from target_selligent.records.arrow_schema import to_json_schema
from target_selligent.records.column_json import join_columns
from target_selligent.records.column_values import ColumnReader
from target_selligent.records.fields import derive_stream_fields
from target_selligent.records.record_lines import RecordLineWriter
from target_selligent.records.record_type import RecordType
from target_selligent.records.rows import RowMapper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_selligent.records.row_types import Key

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - the type has no zone
small = st.integers(-(2**31), 2**31 - 1)
COLUMNS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), text),
    "large text": (pa.large_string(), text),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from("abc")),
    "view of text": (pa.string_view(), text),
    "dictionary of numbers": (pa.dictionary(pa.int8(), pa.int64()), st.integers(-9, 9)),
    "nothing": (pa.null(), st.none()),
    "uint8": (pa.uint8(), st.integers(0, 255)),
    "boolean": (pa.bool_(), st.booleans()),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float64": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "float32": (pa.float32(), st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "decimal": (pa.decimal128(30, 5), st.decimals(-(10**20), 10**20, places=5)),
    "whole decimal": (pa.decimal128(18, 0), st.integers(-(10**17), 10**17).map(Decimal)),
    "long decimal": (pa.decimal128(38, 0), st.integers(-(10**37), 10**37).map(Decimal)),
    "date32": (pa.date32(), st.dates()),
    "date64": (pa.date64(), st.dates()),
    "timestamp[s]": (pa.timestamp("s"), moments.map(lambda moment: moment.replace(microsecond=0))),
    "timestamp[us]": (pa.timestamp("us"), moments),
    "timestamp[ns]": (pa.timestamp("ns"), moments),
    "decimal256": (pa.decimal256(60, 20), st.decimals(-(10**30), 10**30, places=20)),
    "price": (pa.decimal128(12, 2), st.decimals(0, 10**9, places=2)),
    "timestamp with zone": (
        pa.timestamp("us", tz="Europe/Brussels"),
        # Before about 1900, zones have offsets with seconds, which no ISO text of Python's can hold.
        moments.filter(lambda moment: moment.year > 1950).map(lambda moment: moment.replace(tzinfo=timezone.utc)),
    ),
    "time64": (pa.time64("us"), st.times()),
    "list": (pa.list_(pa.decimal128(10, 2)), st.lists(st.decimals(-100, 100, places=2) | st.none(), max_size=3)),
    "struct": (
        pa.struct([("a", pa.float64()), ("b", pa.list_(pa.timestamp("us")))]),
        st.fixed_dictionaries({"a": st.floats(-1, 1) | st.none(), "b": st.lists(moments, max_size=2)}),
    ),
}


def sent_by_both_ways(batch: pa.RecordBatch, schema: Mapping[str, Any]) -> list[tuple[bytes, list[Key]]]:
    """Return rows as JSON and keys of a batch: as columns, and as records that pyarrow has made of it."""
    fields = derive_stream_fields("people", schema, ["key"])
    record_type = RecordType("people", schema, fields, validate=True)
    mapper = RowMapper(record_type, fields.columns, fields.key_columns)
    reader = ColumnReader(schema, record_type)
    assert reader.fits(batch)
    columns = reader.read(batch)
    written, keys = mapper.write_columns(columns)
    columns.check_others()
    (lines,) = RecordLineWriter("people").write_chunks(batch.to_pylist())
    assert isinstance(lines, list)
    messages = record_type.decode(iter(lines))
    while len(messages) < len(lines):
        wider = record_type.widen_for(batch.to_pylist()[len(messages)])
        assert wider is not None
        record_type = wider
        messages = record_type.decode(iter(lines))
        mapper = RowMapper(record_type, fields.columns, fields.key_columns)
    rows, keys_of_records = mapper.create_rows([message.record for message in messages], decoded=True)
    return [(bytes(join_columns(written, batch.num_rows).encode()), keys), (bytes(encode_rows(rows)), keys_of_records)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *((name, False) for name in COLUMNS),
        *(
            (name, True)
            for name, (kind, _) in COLUMNS.items()
            if not (pa.types.is_nested(kind) or pa.types.is_null(kind))
        ),
    ],
)
@given(data=st.data())
def test_columns_give_the_rows_of_records(name: str, *, key: bool, data: st.DataObject) -> None:
    """The same bytes are sent, type by type, with nulls, and also where the column is the key."""
    kind, values = COLUMNS[name]
    drawn = data.draw(st.lists(values if key else values | st.none(), min_size=1, max_size=5))
    if key:
        drawn = [f"{one}k" if isinstance(one, str) else one for one in drawn]
        batch = pa.RecordBatch.from_pydict({"key": pa.array(drawn, kind)})
    else:
        batch = pa.RecordBatch.from_pydict({"key": range(len(drawn)), "value": pa.array(drawn, kind)})
    as_columns, as_records = sent_by_both_ways(batch, to_json_schema(batch.schema, "people"))
    assert as_columns == as_records


@given(data=st.data())
def test_rows_of_several_columns_are_the_rows_of_records(data: st.DataObject) -> None:
    """Whatever the columns are, and wherever their part of a larger batch starts."""
    names = data.draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=6))
    count, start = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 2))
    columns = {"key": pa.array(range(start + count))}
    for number, name in enumerate(names):
        kind, values = COLUMNS[name]
        drawn = data.draw(st.lists(values | st.none(), min_size=start + count, max_size=start + count))
        columns[f"c{number}"] = pa.array(drawn, kind)
    batch = pa.RecordBatch.from_pydict(columns).slice(start)
    as_columns, as_records = sent_by_both_ways(batch, to_json_schema(batch.schema, "people"))
    assert as_columns == as_records


def reader_for(schema: Mapping[str, Any]) -> ColumnReader:
    """Return the reader of a stream with a key."""
    fields = derive_stream_fields("people", schema, ["key"])
    return ColumnReader(schema, RecordType("people", schema, fields, validate=True))


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [n], lambda n: {"a": n}], ids=["float", "list", "struct"])
def test_numbers_that_json_has_not_are_found(number: float, wrap: Any) -> None:
    """The encoder would write them as null, which would empty the field."""
    batch = pa.RecordBatch.from_pydict({"key": ["a", "b"], "value": [wrap(1.0), wrap(number)]})
    columns = reader_for(to_json_schema(batch.schema, "people")).read(batch)
    with pytest.raises(RejectedRecord, match="NaN"):
        columns.values("value")
    with pytest.raises(RejectedRecord, match="NaN"):
        columns.check_others()


def test_text_that_is_not_unicode_is_found_in_columns_that_are_not_sent() -> None:
    """Its record is rejected, as it is with JSON."""
    data = [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    batch = pa.RecordBatch.from_arrays([pa.Array.from_buffers(pa.string(), 2, data), [1, 2]], ["name", "key"])
    reader = reader_for(to_json_schema(batch.schema, "people"))
    reader.read(batch.slice(0, 1)).check_others()
    with pytest.raises(RejectedRecord, match="Unicode"):
        reader.read(batch).check_others()


TEXT, TEXT_OR_NULL = {"type": "string"}, {"type": ["string", "null"]}
BATCH = {"key": ["a", "b"], "name": ["x", None]}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"key": TEXT, "name": TEXT_OR_NULL}, True),
        ({"key": TEXT_OR_NULL, "name": TEXT_OR_NULL}, True),
        ({"key": TEXT, "name": TEXT}, False),
        ({"key": TEXT, "name": {**TEXT_OR_NULL, "maxLength": 5}}, False),
        ({"key": TEXT, "name": {"type": ["integer", "null"]}}, False),
        ({"key": TEXT, "name": {}}, False),
        ({"key": TEXT}, False),
        ({"key": TEXT, "name": TEXT_OR_NULL, "age": {}}, False),
    ],
    ids=["without null", "with null", "null not allowed", "longest text", "other type", "any", "fewer", "more"],
)
def test_a_batch_fits_if_its_types_say_all_that_the_schema_does(properties: dict[str, Any], *, expected: bool) -> None:
    """Otherwise its rows have to be checked one by one, as records."""
    batch = pa.RecordBatch.from_pydict(BATCH)
    assert reader_for({"type": "object", "properties": properties}).fits(batch) is expected


def test_rules_for_whole_records_are_checked_on_records() -> None:
    """A schema that restricts more than single columns has no type, and a batch does not fit it."""
    properties = {"key": TEXT, "name": TEXT_OR_NULL}
    schema = {"type": "object", "properties": properties, "minProperties": 2}
    assert not reader_for(schema).fits(pa.RecordBatch.from_pydict(BATCH))


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("s")], ids=str)
def test_a_day_beyond_the_calendar_is_refused(kind: Any) -> None:
    """Arrow has days after the year 9999; a Date field has not."""
    number = pa.array([2**30], pa.int32() if pa.types.is_date(kind) else pa.int64())
    far = number.cast(kind) if pa.types.is_date(kind) else pa.array([2**40], pa.int64()).cast(kind)
    batch = pa.RecordBatch.from_pydict({"key": ["a"], "at": far})
    schema = to_json_schema(batch.schema, "people")
    fields = derive_stream_fields("people", schema, ["key"])
    record_type = RecordType("people", schema, fields, validate=True)
    mapper = RowMapper(record_type, fields.columns, fields.key_columns)
    with pytest.raises(RejectedRecord):
        mapper.write_columns(ColumnReader(schema, record_type).read(batch))


def test_times_are_text() -> None:
    """There is no field for a time of day."""
    batch = pa.RecordBatch.from_pydict({"key": ["a"], "at": [time(12, 30)]})
    columns = reader_for(to_json_schema(batch.schema, "people")).read(batch)
    assert columns.all_values() == {"key": ["a"], "at": ["12:30:00"]}
    assert [columns.is_final(name) for name in ("key", "at")] == [True, False]

"""The schema and the rows of Parquet files."""

from __future__ import annotations

import io

import pyarrow as pa
from pyarrow import parquet as pq

from target_selligent.files.parquet import read_batches, read_schema


def test_the_schema_and_the_rows() -> None:
    """The types are described as JSON; all rows come in order, in batches of a limited size."""
    table = pa.table({"key": list(map(str, range(20_000))), "at": pa.array([0] * 20_000, pa.timestamp("ns"))})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=7_000)
    assert read_schema(file, "people") == {
        "type": "object",
        "properties": {
            "key": {"type": ["string", "null"]},
            "at": {"type": ["string", "null"], "format": "date-time"},
        },
    }
    batches = list(read_batches(file))
    assert pa.Table.from_batches(batches).column("key") == table.column("key")
    assert max(map(len, batches)) <= 16_384


def test_large_rows_come_in_small_batches() -> None:
    """So the memory of a batch is limited, whatever the table is."""
    table = pa.table({"a": [f"{number}{'x' * 10_000}" for number in range(4000)], "b": range(4000)})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=3600)
    batches = list(read_batches(file))
    assert sum(map(len, batches)) == 4000
    assert 3000 < max(map(len, batches)) < 3500


def test_a_table_without_rows() -> None:
    """It has no batches."""
    file = io.BytesIO()
    pq.write_table(pa.table({"key": pa.array([], pa.string())}), file)
    assert list(read_batches(file)) == []

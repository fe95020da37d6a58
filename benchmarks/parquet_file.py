"""Writes the records of a file of messages as Parquet. It runs alone: the process that measures must stay small."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS = 50_000


def main() -> None:
    """Write a file; arguments: the file of messages, with one stream, and the Parquet file."""
    messages, path = sys.argv[1:]
    with open(messages, encoding="utf-8") as lines:  # noqa: PTH123 - a script of the benchmark
        schema = _arrow_schema(json.loads(next(lines))["schema"]["properties"])
        records = (message["record"] for message in map(json.loads, lines) if message["type"] == "RECORD")
        with ParquetWriter(path, schema) as writer:
            while some := list(islice(_read(records, schema), _ROWS)):
                writer.write_table(pa.Table.from_pylist(some, schema))


def _arrow_schema(properties: dict[str, dict[str, Any]]) -> pa.Schema:
    """Return the types that the columns of a Parquet file would have."""
    kinds = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    formats = {"date-time": pa.timestamp("us", tz="UTC"), "date": pa.date32()}
    types = [(name, one["type"], one.get("format", "")) for name, one in properties.items()]
    return pa.schema(
        [(name, formats.get(form) or kinds[kind if isinstance(kind, str) else kind[0]]) for name, kind, form in types]
    )


def _read(records: Iterator[dict[str, Any]], schema: pa.Schema) -> Iterator[dict[str, Any]]:
    """Yield records with dates and times instead of their texts."""
    parsers = {
        field.name: datetime.fromisoformat if pa.types.is_timestamp(field.type) else date.fromisoformat
        for field in schema
        if pa.types.is_temporal(field.type)
    }
    for record in records:
        yield record | {name: record[name] and parse(record[name]) for name, parse in parsers.items()}


if __name__ == "__main__":
    main()

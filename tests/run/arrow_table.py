"""A table of Arrow with a column of each kind, and rows that cannot be loaded; and how it is loaded."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
ROWS = 3000
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("seg", pa.large_string()),
        ("orders", pa.int64()),
        ("big", pa.uint64()),
        ("value", pa.float64()),
        ("price", pa.decimal128(12, 2)),
        ("vip", pa.bool_()),
        ("at", pa.timestamp("us", tz="Europe/Brussels")),
        ("local", pa.timestamp("ms")),
        ("born", pa.date32()),
        ("opens", pa.time64("us")),
        ("tags", pa.list_(pa.string())),
        ("address", pa.struct([("city", pa.string()), ("since", pa.date32())])),
        ("points", pa.map_(pa.string(), pa.float64())),
    ]
)
COMPARED = {*map(str.upper, SCHEMA.names), "FIRST_NAME", "SOURCE"}
SPOILT: dict[int, dict[str, Any]] = {
    5: {"key": None},
    6: {"key": " "},
    1000: {"value": math.nan},
    1001: {"value": math.inf},
    1500: {"seg": "not/a name\n"},
    1501: {"seg": None},
    2000: {"points": [("a", math.nan)]},
    2999: {"key": None},
}
CONFIG: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "segment_column": "seg",
    "batch_size_rows": 700,
}


def row(number: int) -> dict[str, Any]:
    """Return a row; every seventh has nulls only, some keys come again, and some rows cannot be loaded."""
    values: dict[str, Any] = {
        "name": f"Zoë {number % 7}",
        "orders": number - 1500,
        "big": 2**64 - 1 - number,
        "value": number / 7,
        "price": Decimal(number) / 100,
        "vip": number % 2 == 0,
        "at": START + timedelta(microseconds=number * 500_000),
        "local": datetime(2026, 1, 1) + timedelta(seconds=number),  # noqa: DTZ001 - the type has no zone
        "born": date(1990, 1, 1) + timedelta(days=number),
        "opens": (START + timedelta(seconds=number)).time(),
        "tags": ["a", None, f"t{number}"],
        "address": {"city": "Ghent", "since": date(2020, 1, 1)},
        "points": [("a", number / 3), ("b", None)],
    }
    known = values if number % 7 else dict.fromkeys(values)
    return {"key": f"k{number % 2900}", "seg": f"segment_{number % 3}", **known, **SPOILT.get(number, {})}


TABLE = pa.Table.from_pylist([row(number) for number in range(ROWS)], SCHEMA)


def rejected(path: Path) -> list[tuple[Any, ...]]:
    """Return what a rejects file holds: record number, code, field and reason."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    # Those that Selligent refuses come when their batch is loaded.
    return sorted(
        ((one["record_number"], one["code"], one["field"], one["record"]) for one in lines if one["type"] == "RECORD"),
        key=itemgetter(0),
    )

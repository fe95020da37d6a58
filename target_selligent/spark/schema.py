"""The Arrow schema of a DataFrame, from the JSON of its Spark schema. Pure; no I/O.

The tasks get columns of these types from Spark. The driver needs the types before a task has begun.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DECIMAL = re.compile(r"decimal\((\d+),(-?\d+)\)")
_TEXT = re.compile(r"string|(?:varchar|char)\(\d+\)")
_TIME = re.compile(r"time\(\d+\)")
_PLAIN: dict[str, Callable[[], pa.DataType]] = {
    "void": pa.null,
    "boolean": pa.bool_,
    "byte": pa.int8,
    "short": pa.int16,
    "integer": pa.int32,
    "long": pa.int64,
    "float": pa.float32,
    "double": pa.float64,
    "date": pa.date32,
    "timestamp": lambda: pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": lambda: pa.timestamp("us"),
    "binary": pa.binary,
}


def to_arrow_schema(schema: Mapping[str, Any], stream: str) -> pa.Schema:
    """Return the Arrow schema of a DataFrame.

    Args:
        schema: What `StructType.jsonValue()` returns.
        stream: The name of the DataFrame as a stream, for messages.

    Raises:
        InputError: If a column has a type that no field can hold. The message names every such column.
    """
    columns = [(field["name"], _to_arrow(field["type"])) for field in schema["fields"]]
    unknown = [
        f"column {field['name']} has the type {_name(field['type'])}, which no field can hold: convert it to text, or "
        "leave it out"
        for field, (_, data_type) in zip(schema["fields"], columns, strict=True)
        if data_type is None
    ]
    if unknown:
        raise InputError(f"stream {stream} cannot be loaded: {'; '.join(unknown)}")
    return pa.schema(columns)


def _to_arrow(spark_type: str | Mapping[str, Any]) -> pa.DataType | None:
    """Return a type of Spark as one of Arrow; None if it has none that can be loaded."""
    if isinstance(spark_type, str):
        return _plain_to_arrow(spark_type)
    if spark_type["type"] == "array":
        element = _to_arrow(spark_type["elementType"])
        return None if element is None else pa.list_(element)
    if spark_type["type"] == "map":
        key, value = _to_arrow(spark_type["keyType"]), _to_arrow(spark_type["valueType"])
        return None if key is None or value is None else pa.map_(key, value)
    if spark_type["type"] == "struct":
        parts = [(field["name"], _to_arrow(field["type"])) for field in spark_type["fields"]]
        return None if any(part is None for _, part in parts) else pa.struct(parts)
    return None


def _plain_to_arrow(name: str) -> pa.DataType | None:
    if name in _PLAIN:
        return _PLAIN[name]()
    if match := _DECIMAL.fullmatch(name):
        return pa.decimal128(int(match[1]), int(match[2]))
    if _TIME.fullmatch(name):
        return pa.time64("ns")
    return pa.string() if _TEXT.match(name) else None


def _name(spark_type: str | Mapping[str, Any]) -> str:
    return spark_type if isinstance(spark_type, str) else str(spark_type["type"])

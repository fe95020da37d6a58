"""Types of Spark become those of Arrow in which the columns come."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from target_selligent.errors import InputError
from target_selligent.spark.schema import to_arrow_schema


def schema(**types: Any) -> dict[str, Any]:
    """Return the JSON of a schema of Spark."""
    return {"type": "struct", "fields": [{"name": name, "type": one, "nullable": True} for name, one in types.items()]}


def array(element: Any) -> dict[str, Any]:
    """Return the JSON of a type of arrays."""
    return {"type": "array", "elementType": element, "containsNull": True}


@pytest.mark.parametrize(
    ("spark_type", "arrow_type"),
    [
        ("void", pa.null()),
        ("string", pa.string()),
        ("string collate UTF8_LCASE", pa.string()),
        ("varchar(5)", pa.string()),
        ("boolean", pa.bool_()),
        ("byte", pa.int8()),
        ("long", pa.int64()),
        ("double", pa.float64()),
        ("decimal(20,3)", pa.decimal128(20, 3)),
        ("date", pa.date32()),
        ("time(6)", pa.time64("ns")),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("timestamp_ntz", pa.timestamp("us")),
        ("binary", pa.binary()),
        (array(array("date")), pa.list_(pa.list_(pa.date32()))),
        (
            {"type": "map", "keyType": "string", "valueType": "integer", "valueContainsNull": True},
            pa.map_(pa.string(), pa.int32()),
        ),
        (schema(a="short", b=array("float")), pa.struct([("a", pa.int16()), ("b", pa.list_(pa.float32()))])),
    ],
    ids=str,
)
def test_types(spark_type: Any, arrow_type: pa.DataType) -> None:
    """Also within others."""
    assert to_arrow_schema(schema(c=spark_type), "people") == pa.schema([("c", arrow_type)])


def test_other_types_are_named() -> None:
    """All columns at once, also if the type is within another."""
    strange = schema(a="variant", b="long", c=array("interval day to second"), d=schema(e={"type": "udt"}))
    with pytest.raises(InputError) as caught:
        to_arrow_schema(strange, "people")
    assert str(caught.value) == (
        "stream people cannot be loaded: column a has the type variant, which no field can hold: convert it to text, "
        "or leave it out; column c has the type array, which no field can hold: convert it to text, or leave it out; "
        "column d has the type struct, which no field can hold: convert it to text, or leave it out"
    )

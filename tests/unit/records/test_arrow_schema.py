"""What a column of Arrow is in JSON Schema, and which field it becomes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from target_selligent.errors import InputError
from target_selligent.records.arrow_schema import to_json_schema
from target_selligent.records.fields import derive_stream_fields

FIELDS: dict[str, tuple[Any, str]] = {
    "text": (pa.string(), "Text(500)"),
    "large text": (pa.large_string(), "Text(500)"),
    "text view": (pa.string_view(), "Text(500)"),
    "dictionary of text": (pa.dictionary(pa.int32(), pa.string()), "Text(500)"),
    "dictionary of numbers": (pa.dictionary(pa.int32(), pa.int64()), "Long"),
    "runs": (pa.run_end_encoded(pa.int32(), pa.int64()), "Long"),
    "nothing": (pa.null(), "Text(500)"),
    "boolean": (pa.bool_(), "Boolean"),
    "int8": (pa.int8(), "Long"),
    "int64": (pa.int64(), "Long"),
    "uint32": (pa.uint32(), "Long"),
    "uint64 is beyond Long": (pa.uint64(), "Text(20)"),
    "float32": (pa.float32(), "Float"),
    "float64": (pa.float64(), "Float"),
    "decimal": (pa.decimal128(10, 2), "Float"),
    "whole decimal": (pa.decimal128(18, 0), "Long"),
    "decimal of hundreds": (pa.decimal128(10, -2), "Long"),
    "whole decimal beyond Long": (pa.decimal128(38, 0), "Text(39)"),
    "date32": (pa.date32(), "Date"),
    "date64": (pa.date64(), "Date"),
    "timestamp": (pa.timestamp("ns"), "DateTime"),
    "timestamp with zone": (pa.timestamp("us", tz="Europe/Brussels"), "DateTime"),
    "time32": (pa.time32("s"), "Text(500)"),
    "time64": (pa.time64("us"), "Text(500)"),
    "list": (pa.list_(pa.string()), "Json"),
    "large list": (pa.large_list(pa.int8()), "Json"),
    "list of a size": (pa.list_(pa.int8(), 2), "Json"),
    "struct": (pa.struct([("a", pa.int64()), ("b", pa.list_(pa.date32()))]), "Json"),
    "map": (pa.map_(pa.string(), pa.float64()), "Json"),
}


@pytest.mark.parametrize(("data_type", "expected"), FIELDS.values(), ids=FIELDS)
def test_a_column_becomes_the_field_of_its_json_schema(data_type: Any, expected: str) -> None:
    """Each type becomes the narrowest field that holds all of its values."""
    schema = to_json_schema(pa.schema([("key", pa.int64()), ("value", data_type)]), "people")
    field = derive_stream_fields("people", schema, ["key"]).columns[1].field
    assert field.type_text == expected


@pytest.mark.parametrize(
    "data_type",
    [
        pa.binary(),
        pa.large_binary(),
        pa.binary(16),
        pa.uuid(),
        pa.duration("s"),
        pa.list_(pa.binary()),
        pa.struct([("a", pa.binary())]),
        pa.struct([("a", pa.int8()), ("a", pa.int8())]),
        pa.map_(pa.int64(), pa.string()),
        pa.map_(pa.string(), pa.binary()),
    ],
    ids=str,
)
def test_a_type_that_json_has_not_is_named(data_type: Any) -> None:
    """One line names the stream, the column and its type, and says what to do."""
    with pytest.raises(InputError) as raised:
        to_json_schema(pa.schema([("key", pa.int64()), ("photo", data_type)]), "people")
    assert "stream people" in str(raised.value)
    assert f"column photo has the type {data_type}" in str(raised.value)
    assert "convert it to text" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_all_problems_are_named_at_once() -> None:
    """Two columns of one name would be one column in JSON."""
    with pytest.raises(InputError, match=r"photo.*two columns have the name key"):
        to_json_schema(pa.schema([("key", pa.int64()), ("photo", pa.binary()), ("key", pa.int64())]), "people")

"""The JSON Schema that describes the columns of an Arrow schema. Pure; no I/O.

A column becomes the field that the same data would become as JSON records. pyarrow is an optional package: it is
imported only when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_LONG_DIGITS = 18
"""A Long field can hold all whole numbers with so many digits."""
_UINT64_MAX = 2**64 - 1


def to_json_schema(schema: Mapping[str, Any] | pa.Schema, stream: str) -> Mapping[str, Any]:
    """Return the JSON Schema of records with the columns of an Arrow schema. Every column may be null.

    Args:
        schema: The Arrow schema. If it is a JSON Schema already, it is returned.
        stream: The name of the stream, for messages.

    Raises:
        InputError: If the type of a column has no form in JSON, or if two columns have the same name. The message
            names every such column.
    """
    if isinstance(schema, Mapping):
        return schema
    properties: dict[str, Any] = {}
    problems = []
    for field in schema:
        if field.name in properties:
            problems.append(f"two columns have the name {field.name}: rename one")
        property_schema = describe_type(field.type)
        if property_schema is None:
            problems.append(
                f"column {field.name} has the type {field.type}, which no field can hold: convert it to text, or leave "
                "it out of the data"
            )
        properties[field.name] = property_schema
    if problems:
        raise InputError(f"stream {stream} cannot be loaded: {'; '.join(problems)}")
    return {"type": "object", "properties": properties}


def describe_type(data_type: pa.DataType) -> dict[str, Any] | None:
    """Return the JSON Schema of the values of an Arrow type, or null; None if they have no form in JSON.

    Args:
        data_type: The type. That of a dictionary or an extension counts as the type of its values.
    """
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    plain = plain_type(data_type)
    if kinds.is_decimal(plain):
        return _describe_decimal(plain.precision - plain.scale, plain.scale)
    # The first that fits counts: uint64 is an integer, too.
    scalars = [
        (kinds.is_null, _nullable("string")),
        (is_text, _nullable("string")),
        (kinds.is_boolean, _nullable("boolean")),
        (kinds.is_uint64, _nullable("number", multipleOf=1, minimum=0, maximum=_UINT64_MAX)),
        (kinds.is_integer, _nullable("integer")),
        (kinds.is_floating, _nullable("number")),
        (kinds.is_timestamp, _nullable("string", format="date-time")),
        (kinds.is_date, _nullable("string", format="date")),
        (kinds.is_time, _nullable("string", format="time")),
    ]
    described = next((schema for is_kind, schema in scalars if is_kind(plain)), None)
    return _describe_nested(plain) if described is None else described


def find_double_name(names: Sequence[str]) -> str | None:
    """Return a name that two columns have; None if each has its own.

    Args:
        names: The names of the columns.
    """
    return next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type of the values of a dictionary, of runs or of an extension; another type as it is."""
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    while True:
        if kinds.is_dictionary(data_type) or kinds.is_run_end_encoded(data_type):
            data_type = data_type.value_type
        elif hasattr(data_type, "storage_type"):
            data_type = data_type.storage_type
        else:
            return data_type


def is_text(data_type: pa.DataType) -> bool:
    """Return whether an Arrow type is one of those for text."""
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    return any(one(data_type) for one in (kinds.is_string, kinds.is_large_string, kinds.is_string_view))


def is_array(data_type: pa.DataType) -> bool:
    """Return whether the values of an Arrow type are arrays in JSON."""
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    return any(one(data_type) for one in (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list))


def _describe_nested(data_type: pa.DataType) -> dict[str, Any] | None:
    import pyarrow.types as kinds  # noqa: PLC0415 - optional

    if kinds.is_struct(data_type):
        names = [field.name for field in data_type]
        described = len(set(names)) == len(names) and all(describe_type(field.type) for field in data_type)
        return _nullable("object") if described else None
    if kinds.is_map(data_type):
        described = is_text(plain_type(data_type.key_type)) and describe_type(data_type.item_type) is not None
        return _nullable("object") if described else None
    return _nullable("array") if is_array(data_type) and describe_type(data_type.value_type) is not None else None


def _describe_decimal(digits: int, places: int) -> dict[str, Any]:
    """Return the schema of decimals with so many digits before the point, and so many after it."""
    if places > 0:
        return _nullable("number")
    if digits <= _LONG_DIGITS:
        return _nullable("integer")
    highest = 10**digits - 1
    return _nullable("number", multipleOf=1, minimum=-highest, maximum=highest)


def _nullable(name: str, **keywords: object) -> dict[str, Any]:
    return {"type": [name, "null"], **keywords}

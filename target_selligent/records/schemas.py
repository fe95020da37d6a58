"""Checks SCHEMA messages, and converts schemas of older JSON Schema drafts. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_DEPTH = 200
"""Deepest nesting of a schema. Functions that read a schema are recursive."""
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_VALUE_KEYWORDS = frozenset({"enum", "const", "default", "examples"})
"""Keywords that hold values, not schemas."""
_NAMED_SCHEMA_KEYWORDS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords that hold an object of schemas. The keys of that object are names, not keywords."""


def check_schema_message(message: Mapping[str, Any], where: str) -> None:
    """Check that a SCHEMA message has the form that the Singer specification requires.

    Args:
        message: The message. It has a `stream` and a `schema`.
        where: Where the message comes from, for error messages, such as "line 3 of the input".

    Raises:
        InputError: If the message has another form.
    """
    stream, schema, keys = message["stream"], message["schema"], message.get("key_properties")
    if not isinstance(stream, str) or not isinstance(schema, dict):
        raise InputError(f"{where} is a SCHEMA without stream or schema")
    where = f"{where}, the SCHEMA of stream {stream},"
    if not isinstance(schema.get("properties"), dict):
        raise InputError(f"{where} has no properties, the object of its columns: check what the tap prints")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise InputError(f"{where} has key_properties that are not a list of column names: check what the tap prints")
    if _is_deep(schema):
        raise InputError(f"{where} is nested more than {_MAX_DEPTH} levels deep: check what the tap prints")


def read_bookmark_properties(value: object) -> list[str]:
    """Return the `bookmark_properties` of a SCHEMA message, whatever a tap writes there.

    Args:
        value: The value in the message.
    """
    if isinstance(value, str):
        return [value] if value else []
    return [str(name) for name in value if name is not None] if isinstance(value, list) else []


def convert_to_current_draft(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema whose exclusive bounds have the form of draft 6 and later.

    Draft 4 writes `"maximum": 10, "exclusiveMaximum": true`. Later drafts write `"exclusiveMaximum": 10`.

    Args:
        schema: A schema, or a part of one.
    """
    if isinstance(schema, list):
        return [convert_to_current_draft(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    current: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NAMED_SCHEMA_KEYWORDS and isinstance(value, dict):
            current[name] = {key: convert_to_current_draft(part) for key, part in value.items()}
        else:
            current[name] = value if name in _VALUE_KEYWORDS else convert_to_current_draft(value)
    for exclusive, bound in _BOUNDS.items():
        if isinstance(current.get(exclusive), bool) and current.pop(exclusive) and bound in current:
            current[exclusive] = current.pop(bound)
    return current


def _is_deep(schema: object) -> bool:
    level = [schema]
    for _ in range(_MAX_DEPTH):
        level = [
            part
            for item in level
            if isinstance(item, (dict, list))
            for part in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)

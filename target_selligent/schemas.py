"""SCHEMA messages: whether they can be worked with, and schemas of older drafts in today's words. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_DEPTH = 200
"""Deepest nesting of a schema; what reads one calls itself for each level."""
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_VALUES = frozenset({"enum", "const", "default", "examples"})
"""Keywords that hold values, not schemas."""
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions"})
"""Keywords that hold schemas by names, which are no keywords."""


def check_schema_message(message: Mapping[str, Any], where: str) -> None:
    """Check that a SCHEMA message has the form that the Singer specification gives it.

    Args:
        message: The message; it has a `stream` and a `schema`.
        where: What it is to whoever wrote it, for messages: "line 3 of the input".

    Raises:
        InputError: If it has not.
    """
    stream, schema, keys = message["stream"], message["schema"], message.get("key_properties")
    if not isinstance(stream, str) or not isinstance(schema, dict):
        raise InputError(f"{where} is a SCHEMA without stream or schema")
    where = f"{where}, the SCHEMA of stream {stream},"
    if not isinstance(schema.get("properties"), dict):
        raise InputError(f"{where} has no properties, an object of columns: check what the tap prints")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise InputError(f"{where} has key_properties that are no list of column names: check what the tap prints")
    if _is_deep(schema):
        raise InputError(f"{where} is nested more than {_MAX_DEPTH} levels deep: check what the tap prints")


def convert_to_current_draft(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema whose bounds are written as drafts since 6 write them.

    Draft 4 says `"maximum": 10, "exclusiveMaximum": true`, which is `"exclusiveMaximum": 10` today.

    Args:
        schema: A schema, or a part of one.
    """
    if isinstance(schema, list):
        return [convert_to_current_draft(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    current: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _BY_NAME and isinstance(value, dict):
            current[name] = {part: convert_to_current_draft(described) for part, described in value.items()}
        else:
            current[name] = value if name in _VALUES else convert_to_current_draft(value)
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

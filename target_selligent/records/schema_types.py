"""Which field can hold the values that a JSON Schema allows. Pure; no I/O.

The types for text, whole numbers, numbers, booleans and date-times are those of Treasure AI's Selligent export. See
docs/selligent-api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.exact_numbers import allows_only_whole_numbers, get_text_length_beyond_long
from target_selligent.records.field_definitions import FieldDefinition
from target_selligent.settings import MAX_TEXT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_SCHEMA_DEPTH = 20
_TEXT_KINDS = frozenset({"string", "date-time", "date", "time"})
_CONTAINER_KINDS = frozenset({"object", "array"})


@dataclass(slots=True)
class _Kinds:
    """The kinds of value that a property allows, collected from all its alternatives.

    Args:
        names: JSON Schema types and text formats. `any` if unknown; `whole` for whole numbers that need text.
        longest: Longest text in characters, over the alternatives that limit it.
        unbounded: Whether an alternative allows text of any length.
    """

    names: set[str]
    longest: int
    unbounded: bool


def derive_field(
    property_schema: object, root: Mapping[str, Any], text_field_length: int
) -> tuple[FieldDefinition, Conversion]:
    """Return a field that can hold all values of a property, without its name, and the conversion to it.

    Args:
        property_schema: JSON Schema of the property.
        root: JSON Schema of the records, to which references lead.
        text_field_length: Length of a Text field if the schema has no `maxLength`; 0 for LongText.
    """
    kinds = _Kinds(set(), 0, unbounded=False)
    _collect_kinds(property_schema, root, kinds, 0)
    data_type, conversion = _choose_type(frozenset(kinds.names - {"null"}))
    length = None
    if data_type is FieldType.TEXT:
        length = text_field_length if kinds.unbounded or not kinds.longest else kinds.longest
        if not 0 < length <= MAX_TEXT_LENGTH:
            data_type, length = FieldType.LONG_TEXT, None
    return FieldDefinition("", data_type, length), conversion


def _choose_type(kinds: frozenset[str]) -> tuple[FieldType, Conversion]:
    """Return the narrowest type that can hold all values of the kinds, and the conversion to it."""
    single = {
        frozenset({"integer"}): (FieldType.LONG, Conversion.LONG),
        frozenset({"number"}): (FieldType.FLOAT, Conversion.FLOAT),
        frozenset({"integer", "number"}): (FieldType.FLOAT, Conversion.FLOAT),
        frozenset({"boolean"}): (FieldType.BOOLEAN, Conversion.BOOLEAN),
        frozenset({"date-time"}): (FieldType.DATE_TIME, Conversion.DATE_TIME),
        frozenset({"date-time", "date"}): (FieldType.DATE_TIME, Conversion.DATE_TIME),
        frozenset({"date"}): (FieldType.DATE, Conversion.DATE),
    }
    if kinds in single:
        return single[kinds]
    if kinds <= _TEXT_KINDS:
        return FieldType.TEXT, Conversion.STRING
    if kinds <= _CONTAINER_KINDS:
        return FieldType.JSON, Conversion.JSON
    if kinds & (_CONTAINER_KINDS | {"any"}):
        return FieldType.LONG_TEXT, Conversion.TEXT
    return FieldType.TEXT, Conversion.TEXT


def _collect_kinds(schema: object, root: Mapping[str, Any], kinds: _Kinds, depth: int) -> None:
    if not isinstance(schema, dict) or depth > _MAX_SCHEMA_DEPTH:
        kinds.names.add("any")
        return
    if isinstance(reference := schema.get("$ref"), str):
        _collect_kinds(_resolve(reference, root), root, kinds, depth + 1)
        return
    alternatives = [branch for key in ("anyOf", "oneOf") for branch in _as_list(schema.get(key))]
    if alternatives:
        for branch in alternatives:
            _collect_kinds(branch, root, kinds, depth + 1)
        return
    if "type" not in schema and (parts := _as_list(schema.get("allOf"))):
        merged: dict[str, Any] = {}
        for part in parts:
            resolved = _resolve(part["$ref"], root) if isinstance(part, dict) and "$ref" in part else part
            merged |= resolved if isinstance(resolved, dict) else {}
        _collect_kinds(merged, root, kinds, depth + 1)
        return
    for name in _get_type_names(schema):
        _add_kind(name, schema, kinds)


def _get_type_names(schema: Mapping[str, Any]) -> list[str]:
    declared = schema.get("type")
    if isinstance(declared, str):
        return [declared]
    if isinstance(declared, list) and declared:
        return [str(name) for name in declared]
    if "properties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    values = _as_list(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        type(None): "null",
        list: "array",
        dict: "object",
    }
    return [names[type(value)] for value in values] or ["any"]


def _add_kind(name: str, schema: Mapping[str, Any], kinds: _Kinds) -> None:
    if name == "number" and allows_only_whole_numbers(schema):
        digits = get_text_length_beyond_long(schema)
        kinds.names.add("whole" if digits else "integer")
        kinds.longest = max(kinds.longest, digits)
        return
    if name != "string":
        kinds.names.add(name)
        return
    declared_format = schema.get("format")
    kinds.names.add(declared_format if declared_format in _TEXT_KINDS else "string")
    if isinstance(longest := schema.get("maxLength"), int):
        kinds.longest = max(kinds.longest, longest)
    else:
        kinds.unbounded = True


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _resolve(reference: object, root: Mapping[str, Any]) -> object:
    """Return what a `#/...` reference inside the schema refers to; None for other references."""
    node: object = root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    for part in reference[2:].split("/"):
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node

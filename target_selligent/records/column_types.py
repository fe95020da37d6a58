"""Derives, from a JSON Schema, the types that msgspec decodes values to. Pure; no I/O.

A type accepts only values that the schema allows. If types cannot express a schema, there is no type for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from target_selligent.records.exact_numbers import INT64_MAX, INT64_MIN, get_whole_number_bounds, is_finite_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

INTEGER = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]
"""The type of integers that a Long field can hold."""
TYPES: dict[str, Any] = {
    "string": str,
    "integer": INTEGER,
    "number": INTEGER | float,
    "boolean": bool,
    "null": type(None),
}
"""Type in JSON Schema to the type of its values, if no other keyword restricts them."""

_MAX_LENGTH = 2**31 - 1
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_NUMBER_KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_ADDRESSES = frozenset({"$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"})
DEFINITIONS = ("$defs", "definitions")
"""Keywords under which a schema defines other schemas."""
_RECORD_KEYWORDS = frozenset({"type", "properties", "required", "additionalProperties"})
"""Restrictions of a whole record that a Struct can express."""
_RESTRICTIONS = (
    _RECORD_KEYWORDS
    | _ALTERNATIVES
    | _LENGTHS.keys()
    | _REFERENCES
    | {"additionalItems", "allOf", "const", "contains", "dependencies", "dependentRequired", "dependentSchemas"}
    | {"else", "enum", "exclusiveMaximum", "exclusiveMinimum", "if", "items", "maxContains", "maxItems"}
    | {"maxProperties", "maximum", "minContains", "minItems", "minProperties", "minimum", "multipleOf", "not"}
    | {"pattern", "patternProperties", "prefixItems", "propertyNames", "then", "unevaluatedItems"}
    | {"unevaluatedProperties", "uniqueItems"}
)
"""Keywords that restrict values, from all drafts of JSON Schema. All other keywords allow any value."""


def derive_types(schema: object) -> dict[str, Any] | None:
    """Return the types of the values that a property allows, by their names in JSON Schema.

    Args:
        schema: JSON Schema of the property.

    Returns:
        Type in JSON Schema to the type of its values; None if types cannot express the schema.
    """
    if not isinstance(schema, dict):
        return None
    restrictions = _RESTRICTIONS & schema.keys()
    alternatives = restrictions & _ALTERNATIVES
    if alternatives and len(restrictions) == 1:
        return _join(map(derive_types, schema[next(iter(alternatives))]))
    declared = schema.get("type")
    names: list[Any] = declared if isinstance(declared, list) else [declared]
    expressible = {"type"} | _LENGTHS.keys() | _NUMBER_KEYWORDS
    if not restrictions <= expressible or not all(name in TYPES for name in names or [None]):
        return None
    lengths = {_LENGTHS[keyword]: schema[keyword] for keyword in restrictions & _LENGTHS.keys()}
    if not all(type(length) is int and 0 <= length <= _MAX_LENGTH for length in lengths.values()):
        return None
    types = {name: TYPES[name] for name in names}
    if restrictions & _NUMBER_KEYWORDS:
        # Only integers are decoded. A record with another number is processed alone, and then the type is widened.
        integer = _derive_integer_type(schema, restrictions)
        if integer is None:
            return None
        types |= {name: integer for name in ("integer", "number") if name in types}
    if lengths and "string" in types:
        types["string"] = Annotated[str, Meta(**lengths)]
    return types


def _derive_integer_type(schema: Mapping[str, Any], restrictions: AbstractSet[str]) -> Any:  # noqa: ANN401 - a type
    """Return the type of the integers that a schema allows; None if a type cannot express it."""
    are_numbers = all(is_finite_number(schema[keyword]) for keyword in restrictions & _NUMBER_KEYWORDS)
    if not are_numbers or 1 % schema.get("multipleOf", 1):
        return None
    lowest, highest = get_whole_number_bounds(schema)
    least = INT64_MIN if lowest is None else max(lowest, INT64_MIN)
    most = INT64_MAX if highest is None else min(highest, INT64_MAX)
    return Annotated[int, Meta(ge=least, le=most)] if least <= most else None


def _join(alternatives: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the types of all alternatives; None if one has no types, or if a value could fit two of them."""
    joined: dict[str, Any] = {}
    for types in alternatives:
        if types is None or joined.keys() & types.keys():
            return None
        joined |= types
    return None if not joined or {"integer", "number"} <= joined.keys() else joined


def restricts_columns_only(schema: Mapping[str, Any]) -> bool:
    """Return whether a record is valid if each of its columns is: the schema has no rule for the whole record."""
    declared = schema.get("type", "object")
    return (
        (declared == "object" or (isinstance(declared, list) and "object" in declared))
        and _RESTRICTIONS & schema.keys() <= _RECORD_KEYWORDS
        and all(map(_is_local, _iterate_keywords(schema)))
    )


def _is_local(keyword: tuple[str, object]) -> bool:
    """Return whether a keyword keeps its meaning if only its property and the definitions are left of the schema."""
    name, value = keyword
    if name in _REFERENCES:
        return not isinstance(value, str) or value.startswith(tuple(f"#/{key}/" for key in DEFINITIONS))
    return name not in _ADDRESSES or not isinstance(value, str)


def _iterate_keywords(schema: object) -> Iterator[tuple[str, object]]:
    """Yield every name and value in a schema: all keywords, and names that only look like keywords."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield from item.items()
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)

"""A stream's records as a type: decoded, checked and laid out in one go. Pure; no I/O.

The JSON decoder can check while it decodes, in C. A Struct made from the SCHEMA says what it shall take: only what fits
the schema and the fields, so that nothing is left to validate. It need not take all that is right. What it refuses is
looked at alone, as a dict; and where such a record is right after all, the type is widened for those that follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from target_selligent.conversions import Conversion
from target_selligent.exact_numbers import INT64_MAX, INT64_MIN, get_whole_number_bounds, is_finite_number
from target_selligent.fields import DELETED_AT_COLUMN, is_deletion_column, is_metadata_column
from target_selligent.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from target_selligent.fields import StreamFields

_MAX_UNKNOWN_COLUMNS = 100
_MAX_LENGTH = 2**31 - 1
_NOT_IN_NAMES = frozenset('"\\')
"""msgspec encodes names once and for all, and takes none that would have to be escaped."""

_INT = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": _INT,
    "number": _INT | float,
    "boolean": bool,
    "null": type(None),
}
_TYPES_OF: dict[Conversion | None, Any] = {
    Conversion.STRING: str | None,
    Conversion.LONG: _INT | None,
    Conversion.FLOAT: _INT | float | None,
    Conversion.BOOLEAN: bool | None,
}
"""What is decoded where records are not validated."""
_SENT_AS_THEY_ARE: dict[Conversion | None, frozenset[str]] = {
    None: frozenset(_TYPES),
    Conversion.STRING: frozenset({"string", "null"}),
    Conversion.TEXT: frozenset({"string", "null"}),
    Conversion.LONG: frozenset({"integer", "null"}),
    Conversion.FLOAT: frozenset({"integer", "number", "null"}),
    Conversion.BOOLEAN: frozenset({"boolean", "null"}),
}
_NOT_DELETED: Any = Literal[""] | None
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_NUMBER_RULES = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_ROUNDED = frozenset({None, Conversion.FLOAT})
"""Where a number may be decoded to a float: it is not sent, or a Float field rounds it anyway."""
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_ADDRESSES = frozenset({"$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"})
_DEFINITIONS = ("$defs", "definitions")
_ROOT_RULES = frozenset({"type", "properties", "required", "additionalProperties"})
_RULES = (
    _ROOT_RULES
    | _ALTERNATIVES
    | _LENGTHS.keys()
    | _REFERENCES
    | {"additionalItems", "allOf", "const", "contains", "dependencies", "dependentRequired", "dependentSchemas"}
    | {"else", "enum", "exclusiveMaximum", "exclusiveMinimum", "if", "items", "maxContains", "maxItems"}
    | {"maxProperties", "maximum", "minContains", "minItems", "minProperties", "minimum", "multipleOf", "not"}
    | {"pattern", "patternProperties", "prefixItems", "propertyNames", "then", "unevaluatedItems"}
    | {"unevaluatedProperties", "uniqueItems"}
)
"""Keywords that restrict values, of all drafts of JSON Schema; others say nothing about them."""


@dataclass(frozen=True, slots=True)
class DecodedColumn:
    """A column as an attribute of a stream's records.

    Args:
        column_name: Name in the stream's records.
        attribute: Name in the Struct.
        type: What is decoded.
        is_final: Whether nothing else fits the schema, and all of it is sent as it is.
        validator: What decoded values must still be checked with, if anything.
    """

    column_name: str
    attribute: str
    type: Any
    is_final: bool
    validator: RecordValidator | None


class RecordType:
    """What the records of one stream are decoded to.

    Args:
        stream: Name of the stream.
        schema: JSON Schema of its records.
        fields: What its columns become.
        validate: Whether records must fit the schema.
        widened: Columns that hold more than their schema seems to allow: they are decoded whatever they hold.
        unknown: Columns that records have besides those of the schema.

    Attributes:
        columns: The columns: those that are sent in field order, then the others of the schema.
        message_type: What RECORD messages decode to, with the record as `record`; None if the schema says more than
            a type can, or names columns in a way that it cannot.
    """

    __slots__ = ("_arguments", "_record", "_unknown", "_widened", "columns", "message_type")

    def __init__(  # noqa: PLR0913 - what is known of a stream
        self,
        stream: str,
        schema: Mapping[str, Any],
        fields: StreamFields,
        *,
        validate: bool,
        widened: frozenset[str] = frozenset(),
        unknown: tuple[str, ...] = (),
    ) -> None:
        self._arguments = (stream, schema, fields, validate)
        self._widened = widened
        self._unknown = unknown
        properties: Mapping[str, Any] = schema["properties"]
        conversions = {column.column_name: column.conversion for column in fields.columns}
        names = [*conversions, *(name for name in properties if name not in conversions)]
        always = set(fields.key_columns).union(schema.get("required", ()) if validate else ())
        marks = {DELETED_AT_COLUMN}.union(filter(is_deletion_column, (*names, *unknown)))
        decodable = (
            always <= set(names) and all(map(_is_plain, (stream, *names, *unknown))) and marks.isdisjoint(conversions)
        )
        if validate:
            decodable = decodable and _is_decodable(schema)
        self.columns = tuple(
            self._column(name, f"c{number}", conversions.get(name))
            if decodable
            else DecodedColumn(name, f"c{number}", Any, is_final=False, validator=None)
            for number, name in enumerate(names)
        )
        # Records that are marked as deleted are not decoded, but taken alone.
        self.columns += tuple(
            DecodedColumn(name, f"deleted{number}", _NOT_DELETED, is_final=True, validator=None)
            for number, name in enumerate(sorted(marks.difference(names)))
        )
        attributes = [
            (column.attribute, column.type)
            if column.column_name in always
            else (column.attribute, column.type | UnsetType, UNSET)
            for column in self.columns
        ]
        unknown = tuple(name for name in unknown if name not in marks)
        ignored = [(f"u{number}", msgspec.Raw, msgspec.Raw()) for number in range(len(unknown))]
        spelled = {column.attribute: column.column_name for column in self.columns}
        spelled |= {f"u{number}": name for number, name in enumerate(unknown)}
        self._record = msgspec.defstruct(
            "Record",
            [*attributes, *ignored],
            kw_only=True,
            forbid_unknown_fields=True,
            rename=spelled if decodable else None,
            gc=False,
        )
        self.message_type: type[Struct] | None = None
        if decodable:
            self.message_type = msgspec.defstruct(
                "Message",
                [("type", Literal["RECORD"]), ("record", self._record)],
                tag_field="stream",
                tag=stream,
                gc=False,
            )

    def _column(self, name: str, attribute: str, conversion: Conversion | None) -> DecodedColumn:
        stream, schema, fields, validate = self._arguments
        widened = name in self._widened
        if not validate:
            decoded = Any if widened else _TYPES_OF.get(conversion, Any)
            is_final = conversion is None or decoded is not Any
            return DecodedColumn(name, attribute, decoded, is_final=is_final, validator=None)
        allowed = schema["properties"][name]
        types = None if widened else _types(allowed)
        if types is None or (types.get("number") is _TYPES["number"] and conversion not in _ROUNDED):
            # Decoded to a float, a number could lose digits.
            definitions = {key: schema[key] for key in _DEFINITIONS if key in schema}
            restricted = allowed not in ({}, True)
            validator = RecordValidator(stream, {**definitions, "allOf": [allowed]}) if restricted else None
            return DecodedColumn(name, attribute, Any, is_final=False, validator=validator)
        is_final = types.keys() <= _SENT_AS_THEY_ARE.get(conversion, frozenset())
        if conversion is Conversion.DATE:
            # Decoded, a date is checked; encoded, it is the same text again. Keys are handled as text.
            is_final = types.get("string") is str and name not in fields.key_columns
            types |= {"string": date} if is_final else {}
        return DecodedColumn(name, attribute, reduce(or_, types.values()), is_final=is_final, validator=None)

    def create_record(self, values: Mapping[str, Any]) -> Struct:
        """Return a record of this type with values that nobody has checked, those of its own columns only.

        Raises:
            TypeError: If it lacks a key column, or one that the schema requires.
        """
        return self._record(
            **{column.attribute: values[column.column_name] for column in self.columns if column.column_name in values}
        )

    def create_getter(self, column_name: str) -> Callable[[Any], Any]:
        """Return what gets a column's value out of a record."""
        return attrgetter(next(one.attribute for one in self.columns if one.column_name == column_name))

    def widen_for(self, values: Mapping[str, Any]) -> RecordType | None:
        """Return a type that takes a record which is right, but is not decoded by this one; None if there is none."""
        if self.message_type is None:
            return None
        stream, schema, fields, validate = self._arguments
        known = {column.column_name for column in self.columns}.union(self._unknown)
        wide = {
            column.column_name
            for column in self.columns
            if column.type not in {Any, _NOT_DELETED} and not _takes(column, values)
        }
        unknown = [name for name in values if name not in known]
        free = not validate or isinstance(schema.get("additionalProperties", True), bool)
        if (
            not (wide or unknown)
            or len(self._unknown) + len(unknown) > _MAX_UNKNOWN_COLUMNS
            or not all(free or is_metadata_column(name) for name in unknown)
        ):
            return None
        return RecordType(
            stream,
            schema,
            fields,
            validate=validate,
            widened=self._widened | wide,
            unknown=(*self._unknown, *unknown),
        )


def _takes(column: DecodedColumn, values: Mapping[str, Any]) -> bool:
    try:
        msgspec.convert(values.get(column.column_name), column.type | None)
    except msgspec.ValidationError:
        return False
    return True


def _types(schema: object) -> dict[str, Any] | None:
    """Return the kinds of value a property allows, each with its type; None if types cannot say it."""
    if not isinstance(schema, dict):
        return None
    rules = _RULES & schema.keys()
    alternatives = rules & _ALTERNATIVES
    if alternatives and len(rules) == 1:
        return _joined(map(_types, schema[next(iter(alternatives))]))
    declared = schema.get("type")
    kinds: list[Any] = declared if isinstance(declared, list) else [declared]
    if not rules <= {"type"} | _LENGTHS.keys() | _NUMBER_RULES or not all(kind in _TYPES for kind in kinds or [None]):
        return None
    limits = {_LENGTHS[rule]: schema[rule] for rule in rules & _LENGTHS.keys()}
    if not all(type(limit) is int and 0 <= limit <= _MAX_LENGTH for limit in limits.values()):
        return None
    types = {kind: _TYPES[kind] for kind in kinds}
    if rules & _NUMBER_RULES:
        # Integers are decoded; another number is taken alone, and then the type is widened.
        whole = _whole_type(schema, rules)
        if whole is None:
            return None
        types |= {kind: whole for kind in ("integer", "number") if kind in types}
    if limits and "string" in types:
        types["string"] = Annotated[str, Meta(**limits)]
    return types


def _whole_type(schema: Mapping[str, Any], rules: AbstractSet[str]) -> Any:  # noqa: ANN401 - a type
    """Return the type of the integers that fit a schema's bounds; None if a type cannot say it."""
    if not all(is_finite_number(schema[rule]) for rule in rules & _NUMBER_RULES) or 1 % schema.get("multipleOf", 1):
        return None
    lowest, highest = get_whole_number_bounds(schema)
    least = INT64_MIN if lowest is None else max(lowest, INT64_MIN)
    most = INT64_MAX if highest is None else min(highest, INT64_MAX)
    return Annotated[int, Meta(ge=least, le=most)] if least <= most else None


def _joined(alternatives: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the kinds of all alternatives; None if one is not known or a value could be of two."""
    joined: dict[str, Any] = {}
    for types in alternatives:
        if types is None or joined.keys() & types.keys():
            return None
        joined |= types
    return None if not joined or {"integer", "number"} <= joined.keys() else joined


def _is_decodable(schema: Mapping[str, Any]) -> bool:
    """Say whether a schema demands nothing of a record but what it demands of its columns."""
    declared = schema.get("type", "object")
    return (
        (declared == "object" or (isinstance(declared, list) and "object" in declared))
        and _RULES & schema.keys() <= _ROOT_RULES
        and all(map(_is_local, _keywords(schema)))
    )


def _is_local(keyword: tuple[str, object]) -> bool:
    """Say whether a keyword means the same where a property stands by itself, beside the definitions."""
    name, value = keyword
    if name in _REFERENCES:
        return not isinstance(value, str) or value.startswith(tuple(f"#/{key}/" for key in _DEFINITIONS))
    return name not in _ADDRESSES or not isinstance(value, str)


def _keywords(schema: object) -> Iterator[tuple[str, object]]:
    """Yield what could be a keyword with its value, wherever it stands."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield from item.items()
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _is_plain(name: str) -> bool:
    return name.isprintable() and _NOT_IN_NAMES.isdisjoint(name)

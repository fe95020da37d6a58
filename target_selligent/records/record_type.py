"""The type that the records of a stream are decoded to. Pure; no I/O.

msgspec decodes a record to a Struct and checks it at the same time, in C. The Struct is built from the SCHEMA. It
accepts only records that fit the schema and the fields, so these records need no other validation.

The Struct can refuse a valid record. Such a record is decoded to a dict and processed alone. If it is valid, the type
is widened, so that it accepts similar records from then on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from target_selligent.records.column_types import DEFINITIONS, INTEGER, TYPES, derive_types, restricts_columns_only
from target_selligent.records.conversions import Conversion
from target_selligent.records.exact_numbers import parse_json_float
from target_selligent.records.fields import DELETED_AT_COLUMN, is_deletion_column, is_metadata_column
from target_selligent.records.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_selligent.records.field_definitions import StreamFields

_MAX_UNKNOWN_COLUMNS = 100
_DECODE_ERRORS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_ESCAPED_IN_JSON = frozenset('"\\')
"""msgspec accepts no names that JSON must escape."""

_UNVALIDATED_TYPES: dict[Conversion | None, Any] = {
    Conversion.STRING: str | None,
    Conversion.LONG: INTEGER | None,
    Conversion.FLOAT: INTEGER | float | None,
    Conversion.BOOLEAN: bool | None,
}
"""What columns are decoded to if records are not validated."""
_SENT_UNCHANGED: dict[Conversion | None, frozenset[str]] = {
    None: frozenset(TYPES),
    Conversion.STRING: frozenset({"string", "null"}),
    Conversion.TEXT: frozenset({"string", "null"}),
    Conversion.LONG: frozenset({"integer", "null"}),
    Conversion.FLOAT: frozenset({"integer", "number", "null"}),
    Conversion.BOOLEAN: frozenset({"boolean", "null"}),
}
"""Conversion to the types in JSON Schema that it does not change. A column that is not sent has no conversion."""
_ROUNDED = frozenset({None, Conversion.FLOAT})
"""Conversions of columns whose numbers can be decoded to floats: not sent, or rounded by the Float field anyway."""
_NOT_DELETED: Any = Literal[""] | None


@dataclass(frozen=True, slots=True)
class DecodedColumn:
    """A column, as an attribute of a decoded record.

    Args:
        column_name: Name in the stream's records.
        attribute: Name in the Struct.
        type: What values are decoded to.
        is_final: Whether a decoded value needs neither validation nor conversion.
        validator: Validates decoded values, if the type does not validate them.
    """

    column_name: str
    attribute: str
    type: Any
    is_final: bool
    validator: RecordValidator | None


class RecordType:
    """The type that the records of one stream are decoded to.

    Args:
        stream: Name of the stream.
        schema: JSON Schema of its records.
        fields: The fields of its columns.
        validate: Whether records must fit the schema.
        widened: Names of columns that are decoded whatever they contain, because valid records have more than the
            derived types accept.
        unknown: Names of columns that records have although the schema does not.

    Attributes:
        columns: The columns that are sent, in field order, then the other columns of the schema.
        message_type: What RECORD messages are decoded to, with the record as `record`. None if records of this
            stream cannot be decoded to a type: there is no fast path for them.
    """

    __slots__ = (
        "_conversions",
        "_decode",
        "_fields",
        "_record",
        "_required",
        "_schema",
        "_stream",
        "_unknown",
        "_validate",
        "_widened",
        "columns",
        "message_type",
    )

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
        self._stream = stream
        self._schema = schema
        self._fields = fields
        self._validate = validate
        self._widened = widened
        self._unknown = unknown
        self._conversions = {column.column_name: column.conversion for column in fields.columns}
        # With an alternate key, a record may lack the key.
        keys = () if fields.alternate_key_columns else fields.key_columns
        self._required = frozenset(keys).union(schema.get("required", ()) if validate else ())
        names = [*self._conversions, *(name for name in schema["properties"] if name not in self._conversions)]
        deletion_columns = {DELETED_AT_COLUMN}.union(filter(is_deletion_column, (*names, *unknown)))
        decoded = self._create_decoded_columns(names) if deletion_columns.isdisjoint(self._conversions) else None
        self.columns = _create_unchecked_columns(names) if decoded is None else decoded
        # The type refuses records that are marked as deleted, so that they are processed alone.
        self.columns += tuple(
            DecodedColumn(name, f"deleted{number}", _NOT_DELETED, is_final=True, validator=None)
            for number, name in enumerate(sorted(deletion_columns.difference(names)))
        )
        ignored = [name for name in unknown if name not in deletion_columns]
        self._record = self._build_struct(ignored, use_column_names=decoded is not None)
        self.message_type: type[Struct] | None = None
        if decoded is not None:
            self.message_type = msgspec.defstruct(
                "Message",
                [("type", Literal["RECORD"]), ("record", self._record)],
                tag_field="stream",
                tag=stream,
                gc=False,
            )
        self._decode: Callable[[bytes], Any] | None = None
        if self.message_type is not None:
            self._decode = msgspec.json.Decoder(self.message_type, float_hook=parse_json_float).decode

    def unchanged_types(self, name: str) -> frozenset[str]:
        """Return the types in JSON Schema whose values are sent as they are.

        Args:
            name: The column.
        """
        return _SENT_UNCHANGED.get(self._conversions.get(name), frozenset())

    def _create_decoded_columns(self, names: Sequence[str]) -> tuple[DecodedColumn, ...] | None:
        """Return the columns with the types that their values are decoded to; None if there is no fast path.

        There is no fast path if the schema restricts more than single columns, if it requires a column that it does
        not describe, or if msgspec does not accept a name.
        """
        if not self._required.issubset(names) or not all(map(_is_plain, (self._stream, *names, *self._unknown))):
            return None
        if self._validate and not restricts_columns_only(self._schema):
            return None
        create = self._create_validated_column if self._validate else self._create_unvalidated_column
        return tuple(create(name, f"c{number}") for number, name in enumerate(names))

    def _create_unvalidated_column(self, name: str, attribute: str) -> DecodedColumn:
        conversion = self._conversions.get(name)
        decoded = Any if name in self._widened else _UNVALIDATED_TYPES.get(conversion, Any)
        is_final = conversion is None or decoded is not Any
        return DecodedColumn(name, attribute, decoded, is_final=is_final, validator=None)

    def _create_validated_column(self, name: str, attribute: str) -> DecodedColumn:
        schema, conversion = self._schema["properties"][name], self._conversions.get(name)
        types = None if name in self._widened else derive_types(schema)
        # If a number were decoded to a float here, it could lose digits.
        if types is None or (types.get("number") is TYPES["number"] and conversion not in _ROUNDED):
            definitions = {keyword: self._schema[keyword] for keyword in DEFINITIONS if keyword in self._schema}
            is_restricted = schema not in ({}, True)
            validator = RecordValidator(self._stream, {**definitions, "allOf": [schema]}) if is_restricted else None
            return DecodedColumn(name, attribute, Any, is_final=False, validator=validator)
        is_final = types.keys() <= _SENT_UNCHANGED.get(conversion, frozenset())
        if conversion is Conversion.DATE:
            # Decoding to a date checks it, and encoding it gives the same text. Keys must stay text.
            is_final = types.get("string") is str and name not in (
                *self._fields.key_columns,
                *self._fields.alternate_key_columns,
            )
            types |= {"string": date} if is_final else {}
        return DecodedColumn(name, attribute, reduce(or_, types.values()), is_final=is_final, validator=None)

    def _build_struct(self, ignored: Iterable[str], *, use_column_names: bool) -> type[Struct]:
        """Return the Struct of the columns.

        Args:
            ignored: Names of further columns that a record can have. Their values are not decoded.
            use_column_names: Whether records are decoded, so that attributes have the names of their columns in JSON.
        """
        attributes: list[Any] = [
            (column.attribute, column.type)
            if column.column_name in self._required
            else (column.attribute, column.type | UnsetType, UNSET)
            for column in self.columns
        ]
        column_names = {column.attribute: column.column_name for column in self.columns}
        for number, name in enumerate(ignored):
            attributes.append((f"u{number}", msgspec.Raw, msgspec.Raw()))
            column_names[f"u{number}"] = name
        return msgspec.defstruct(
            "Record",
            attributes,
            kw_only=True,
            forbid_unknown_fields=True,
            rename=column_names if use_column_names else None,
            gc=False,
        )

    def create_record(self, values: Mapping[str, Any]) -> Struct:
        """Return a record of this type, without checking its values. Columns that the type does not have are left out.

        Args:
            values: Column name to value.

        Raises:
            TypeError: If a key column or a required column is missing.
        """
        return self._record(
            **{column.attribute: values[column.column_name] for column in self.columns if column.column_name in values}
        )

    def decode(self, lines: Iterator[bytes]) -> list[Any]:
        """Return the RECORD messages up to the first line that does not fit the type, and consume that line, too.

        Args:
            lines: RECORD messages of the stream.
        """
        if self._decode is None:
            next(lines, None)
            return []
        messages: list[Any] = []
        # `extend` keeps the messages that were decoded before the error.
        with suppress(*_DECODE_ERRORS):
            messages.extend(map(self._decode, lines))
        return messages

    def create_getter(self, column_name: str) -> Callable[[Any], Any]:
        """Return a function that returns a column's value from a record of this type."""
        return attrgetter(next(column.attribute for column in self.columns if column.column_name == column_name))

    def widen_for(self, record: Mapping[str, Any]) -> RecordType | None:
        """Return a type that accepts a valid record that this type refuses; None if no type can accept it.

        Args:
            record: The record: column name to value.
        """
        if self.message_type is None:
            return None
        known = {column.column_name for column in self.columns}.union(self._unknown)
        refused = {
            column.column_name
            for column in self.columns
            if column.type not in {Any, _NOT_DELETED} and not _accepts(column, record)
        }
        unknown = [name for name in record if name not in known]
        allows_any = not self._validate or isinstance(self._schema.get("additionalProperties", True), bool)
        if (
            not (refused or unknown)
            or len(self._unknown) + len(unknown) > _MAX_UNKNOWN_COLUMNS
            or not all(allows_any or is_metadata_column(name) for name in unknown)
        ):
            return None
        return RecordType(
            self._stream,
            self._schema,
            self._fields,
            validate=self._validate,
            widened=self._widened | refused,
            unknown=(*self._unknown, *unknown),
        )


def _create_unchecked_columns(names: Iterable[str]) -> tuple[DecodedColumn, ...]:
    """Return columns for records that are never decoded to the type, but created from dicts."""
    return tuple(
        DecodedColumn(name, f"c{number}", Any, is_final=False, validator=None) for number, name in enumerate(names)
    )


def _accepts(column: DecodedColumn, record: Mapping[str, Any]) -> bool:
    try:
        msgspec.convert(record.get(column.column_name), column.type | None)
    except msgspec.ValidationError:
        return False
    return True


def _is_plain(name: str) -> bool:
    """Return whether JSON writes a name without escapes."""
    return name.isprintable() and _ESCAPED_IN_JSON.isdisjoint(name)

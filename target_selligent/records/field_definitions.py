"""The fields of a List, and which columns of a stream are sent to them. Pure; no I/O.

The attributes of a field are those of `ListFieldDTO` in the API reference (docs/selligent-api.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_selligent.records.conversions import TEXT_CONVERSIONS, Conversion, FieldType, choose_conversion

if TYPE_CHECKING:
    from target_selligent.settings import Template


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field of a List.

    Args:
        name: The name, in the spelling that is sent.
        data_type: The type.
        length: Longest text in characters, for Text fields.
        writable: Whether a load may write the field. Computed fields are not writable.
    """

    name: str
    data_type: FieldType
    length: int | None = None
    writable: bool = True

    @property
    def type_text(self) -> str:
        """The type and the length, as in `Text(50)`."""
        return self.data_type.value if self.length is None else f"{self.data_type.value}({self.length})"

    def to_request_body(self) -> dict[str, Any]:
        """Return the field in the form that `POST lists/{list}/fields` expects."""
        body: dict[str, Any] = {"name": self.name, "data_type": self.data_type.value, "allow_null": True}
        if self.length is not None:
            body["length"] = self.length
        return body


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A column of a stream, and the field of the List that it is sent to.

    Args:
        column_name: Name in the stream's schema.
        field: Field of the List.
        conversion: How the column's values are converted to the field.
        key: Whether the column is part of the key. Two different keys must not become equal.
        one_spelling: Whether a text is rejected if it is another spelling of an equal value, such as `1.0` for 1.
        mapped: Whether `field_mapping` names the field.
    """

    column_name: str
    field: FieldDefinition
    conversion: Conversion
    key: bool = False
    one_spelling: bool = False
    mapped: bool = False

    @property
    def described(self) -> str:
        """The field and where its values come from, for messages."""
        return f"{self.field.name} (column {self.column_name})"

    def map_to_existing_field(self, existing: FieldDefinition) -> ColumnMapping:
        """Return the mapping to a field that the List already has. The List's spelling and type are used."""
        conversion = choose_conversion(self.conversion, existing.data_type, key=self.key)
        one_spelling = self.key and self.conversion in TEXT_CONVERSIONS and conversion is not self.conversion
        return replace(self, field=existing, conversion=conversion, one_spelling=one_spelling)


@dataclass(frozen=True, slots=True)
class StaticField:
    """A field of the List that gets a text of the settings.

    Args:
        field: Field of the List.
        template: The text.
        conversion: How the text is converted to the field.
    """

    field: FieldDefinition
    template: Template
    conversion: Conversion

    @property
    def described(self) -> str:
        """The field and where its values come from, for messages."""
        return f"{self.field.name} (static_fields)"

    @property
    def varies_by_run(self) -> bool:
        """Whether two runs give it different values, although nothing else has changed."""
        return self.template.varies_by_run

    def map_to_existing_field(self, existing: FieldDefinition) -> StaticField:
        """Return the same for a field that the List already has. The List's spelling and type are used."""
        return replace(
            self, field=existing, conversion=choose_conversion(self.conversion, existing.data_type, key=False)
        )


FieldSource = ColumnMapping | StaticField
"""What gives a field its values."""


@dataclass(frozen=True, slots=True)
class StreamFields:
    """The fields of a stream.

    Args:
        columns: The columns that are sent, in schema order.
        key_columns: Names of the columns that identify a record, in the order of the key fields.
        segment_column: Name of the column that names the record's Segments, if there is one.
        known_columns: Names of all columns of the schema, sent or not.
        alternate_key_columns: Names of the columns that identify a record whose key is null, if there are some.
        static: The static fields. In a row, they stand after the columns.
        typed_fields: Names, without case, of the fields whose type a setting says.
    """

    columns: tuple[ColumnMapping, ...]
    key_columns: tuple[str, ...]
    segment_column: str | None
    known_columns: frozenset[str]
    alternate_key_columns: tuple[str, ...] = ()
    static: tuple[StaticField, ...] = ()
    typed_fields: frozenset[str] = frozenset()

    @property
    def sources(self) -> tuple[FieldSource, ...]:
        """The columns and the static fields."""
        return *self.columns, *self.static

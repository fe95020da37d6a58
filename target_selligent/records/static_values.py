"""The values of the static fields of a stream, and rows with these values. Pure; no I/O."""

from __future__ import annotations

from itertools import repeat
from operator import add
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import DestinationError, RejectedRecord
from target_selligent.records.column_converters import convert_text
from target_selligent.records.column_json import write_texts
from target_selligent.records.conversions import FieldType
from target_selligent.records.fields import OPTOUT_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.records.column_json import Part
    from target_selligent.records.field_definitions import StaticField
    from target_selligent.records.row_types import Row, Segments

_encode = msgspec.json.Encoder().encode
_SUBSCRIBED = frozenset({"", "0", "0.0", "-0", "False"})
"""Values of OPTOUT, as text, that subscribe a person."""


class StaticValues:
    """The values of the static fields of one stream.

    They are the same for all records, except for those with `{segment}`: their values are made once for all records of
    a chunk with the same Segments.

    Args:
        stream: The stream, for messages.
        fields: The static fields, with the types that they have in the List.
        values: Name of a placeholder to its value. It has no `segment` if the Segments differ by record.
        may_subscribe: Whether the stream updates no record, so that `OPTOUT` may be 0.

    Attributes:
        field_names: The names of the fields, in row order.

    Raises:
        DestinationError: If a text cannot be a value of its field. The message names all of them.
    """

    __slots__ = ("_constants", "_fields", "_values", "field_names")

    def __init__(
        self, stream: str, fields: Sequence[StaticField], values: Mapping[str, str], *, may_subscribe: bool
    ) -> None:
        self._fields = fields
        self._values = values
        self.field_names = tuple(static.field.name for static in fields)
        self._constants: Row | None = None
        differ = any("segment" in static.template.placeholders for static in fields) and "segment" not in values
        constants, problems = [], []
        for static in fields:
            if differ and "segment" in static.template.placeholders:
                if static.field.name.upper() == OPTOUT_FIELD:
                    problems.append(f"{static.field.name} must not depend on {{segment}}")
                continue
            try:
                value = _convert(static, values)
                constants.append(value)
                if static.field.name.upper() == OPTOUT_FIELD and str(value) in _SUBSCRIBED and not may_subscribe:
                    problems.append(
                        f"{static.field.name} {value} would subscribe every person of the stream again "
                        "(it is possible with list_data_import_option OnlyInsert)"
                    )
            except ValueError as error:
                problems.append(f"{static.field.name} ({static.field.type_text}): {error}")
        if problems:
            raise DestinationError(f"stream {stream} cannot be loaded: static_fields: {'; '.join(problems)}")
        if not differ:
            self._constants = tuple(constants)

    def add_to(self, rows: list[Row], segments: Sequence[Segments]) -> list[Row]:
        """Return rows with the values at their ends.

        Args:
            rows: The rows.
            segments: The Segment or Segments of each record. Not used if the values do not depend on them.

        Raises:
            RejectedRecord: If the name of a Segment cannot be a value of its field. The error does not say which record
                it is.
        """
        if not self._fields:
            return rows
        if self._constants is not None:
            return list(map(add, rows, repeat(self._constants)))
        by_segments = {named: self._convert_for(named) for named in set(segments)}
        return list(map(add, rows, map(by_segments.__getitem__, segments)))

    def write_columns(self, segments: Sequence[Segments]) -> list[list[Part]]:
        """Return the values as JSON text, one for each column or for all columns together, in parts.

        Args:
            segments: As for `add_to`.

        Raises:
            RejectedRecord: As for `add_to`.
        """
        if not self._fields:
            return []
        if self._constants is not None:
            return [[_encode_values(self._constants)]]
        by_segments = {named: _encode_values(self._convert_for(named)) for named in set(segments)}
        return [write_texts(list(map(by_segments.__getitem__, segments)))]

    def _convert_for(self, segments: Segments) -> Row:
        """Return the values for records with these Segments. What depends on the Segment is null if there is none."""
        names = segments if isinstance(segments, str) else ",".join(segments)
        values = {**self._values, "segment": names}
        row: list[Any] = []
        for static in self._fields:
            try:
                is_null = not names and "segment" in static.template.placeholders
                row.append(None if is_null else _convert(static, values))
            except ValueError as error:
                raise RejectedRecord(str(error), field=static.field.name) from None
        return tuple(row)


def _encode_values(row: Row) -> str:
    return _encode(row)[1:-1].decode()


def _convert(static: StaticField, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a static field as it is sent.

    Raises:
        ValueError: If its text cannot be a value of the field.
    """
    value = convert_text(static.template.render(values), static.conversion)
    length = static.field.length
    if static.field.data_type is FieldType.TEXT and length is not None and len(str(value)) > length:
        raise ValueError(f"the text is longer than {length} characters: choose a longer type with field_types")
    return value

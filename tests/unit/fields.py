"""Fields, as tests write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_selligent.records.field_definitions import FieldDefinition


def type_text(field: FieldDefinition) -> str:
    """Return a field's type and length as text, as in `Text(20)`."""
    return f"{field.data_type.value}({field.length})" if field.length is not None else field.data_type.value

"""Which rows of a load Selligent refused: how to read `record_index`. Pure: no I/O.

The vendor does not document whether `record_index` starts at 0 or at 1: see docs/selligent-api.md. So each run finds
out, in one of three ways: from an index that only one of the two allows, from the refused values, or by loading one row
alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_selligent.records import FieldType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_selligent.records import FieldDefinition

_BASES = frozenset({0, 1})
"""The numbers at which `record_index` may start."""
_TOO_LONG = "MaxStringLengthExceeded"
_WRONG_TYPE = "InvalidType"
"""Values of `validation_code`: see "Calls and answers" in docs/selligent-api.md."""
_ACCEPTED_TYPES: dict[FieldType, tuple[type, ...]] = {
    FieldType.BOOLEAN: (bool,),
    FieldType.LONG: (int,),
    FieldType.FLOAT: (int, float),
    FieldType.TEXT: (str,),
    FieldType.LONG_TEXT: (str,),
    FieldType.DATE: (str,),
    FieldType.DATE_TIME: (str,),
}
"""The JSON types that a field type accepts. For field types that are not listed, a value proves nothing."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One entry of `invalid_records`: a row that Selligent refused.

    Args:
        index: Its `record_index`.
        field: The field at fault; None if the response names none.
        message: The reason that Selligent gives.
        code: Its `validation_code`.
    """

    index: int
    field: str | None
    message: str
    code: str


class RecordIndexes:
    """Remembers whether `record_index` starts at 0 or at 1. All threads of a run share one object."""

    def __init__(self) -> None:
        self._base: int | None = None

    def possible_bases(self, indexes: Iterable[int], rows: int) -> frozenset[int]:
        """Return the numbers at which the indexes of a response may start.

        If only one number is possible, it is remembered and valid for the rest of the run.

        Args:
            indexes: Each `record_index` of the response.
            rows: Number of rows sent.

        Returns:
            0, 1, or both; empty if no row can have one of the indexes.
        """
        distinct = set(indexes)
        candidates = _BASES if self._base is None else {self._base}
        bases = frozenset(base for base in candidates if all(0 <= index - base < rows for index in distinct))
        if distinct and len(bases) == 1:
            (self._base,) = bases
        return bases

    def remember_base(self, base: int) -> None:
        """Remember the number at which indexes start, unless it is known already."""
        if self._base is None:
            self._base = base


def merge_by_index(refused: Iterable[RefusedRow]) -> dict[int, RefusedRow]:
    """Return refused rows by their index.

    Several entries with the same index become one, with all messages and the first field and code.
    """
    merged: dict[int, RefusedRow] = {}
    for row in refused:
        first = merged.get(row.index)
        merged[row.index] = row if first is None else replace(first, message=f"{first.message}; {row.message}")
    return merged


def base_from_values(fault: RefusedRow, field: FieldDefinition, values: Sequence[Any]) -> int | None:
    """Infer the number at which indexes start from the values of the two rows that an index can mean.

    If Selligent would accept exactly one of the two values, the other one is in the refused row.

    Args:
        fault: The entry with the index.
        field: The field at fault.
        values: Two values of this field: in the row that is meant if indexes start at 0, and if they start at 1.

    Returns:
        0 or 1; None if the values do not decide.
    """
    accepted = [_is_accepted(fault.code, field, value) for value in values]
    return accepted.index(False) if set(accepted) == {True, False} else None


def _is_accepted(code: str, field: FieldDefinition, value: object) -> bool | None:
    """Return whether a field accepts a value, with regard to one kind of fault; None if that is not certain."""
    if value is None:
        return None
    if code == _TOO_LONG and field.length is not None and isinstance(value, str):
        # It is not known whether characters outside the Basic Multilingual Plane count as one or as two.
        return len(value) <= field.length if len(value.encode("utf-16-le", "surrogatepass")) == 2 * len(value) else None
    if code == _WRONG_TYPE and field.data_type in _ACCEPTED_TYPES:
        return type(value) in _ACCEPTED_TYPES[field.data_type]
    return None

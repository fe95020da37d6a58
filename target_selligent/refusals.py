"""Which rows of a load Selligent refused: what `record_index` means. Pure; no I/O.

The vendor does not say whether `record_index` counts from 0 or from 1. An answer that has index 0, or the number of
rows sent, shows it; so may the refused values themselves; else a row that is sent alone. It is found out once a run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_selligent.conversions import FieldType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_selligent.fields import FieldDefinition

_BASES = frozenset({0, 1})
_TOO_LONG = "MaxStringLengthExceeded"
_WRONG_TYPE = "InvalidType"
_SENT_AS: dict[FieldType, tuple[type, ...]] = {
    FieldType.BOOLEAN: (bool,),
    FieldType.LONG: (int,),
    FieldType.FLOAT: (int, float),
    FieldType.TEXT: (str,),
    FieldType.LONG_TEXT: (str,),
    FieldType.DATE: (str,),
    FieldType.DATE_TIME: (str,),
}
"""JSON types that a field of some type takes; others are no evidence."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that Selligent did not take.

    Args:
        index: `record_index` as Selligent gave it.
        field: Field at fault, if it named one.
        message: Its reason.
        code: Its `validation_code`.
    """

    index: int
    field: str | None
    message: str
    code: str


class RecordIndexes:
    """Knows from which number the tenant counts rows; one for the whole run, used from any thread."""

    def __init__(self) -> None:
        self._base: int | None = None

    def possible_bases(self, indexes: Iterable[int], rows: int) -> frozenset[int]:
        """Return the numbers from which the indexes of an answer may count.

        A single one is remembered, and the only one from then on.

        Args:
            indexes: Each `record_index` of the answer.
            rows: How many rows were sent.

        Returns:
            0, 1, both, or nothing if the indexes make no sense.
        """
        seen = set(indexes)
        known = _BASES if self._base is None else {self._base}
        bases = frozenset(base for base in known if all(0 <= index - base < rows for index in seen))
        if seen and len(bases) == 1:
            (self._base,) = bases
        return bases

    def remember_base(self, base: int) -> None:
        """Remember from which number rows are counted, unless it is known."""
        if self._base is None:
            self._base = base


def merge_by_index(refused: Iterable[RefusedRow]) -> dict[int, RefusedRow]:
    """Return refusals by their index; several faults of one row become one refusal with all reasons."""
    found: dict[int, RefusedRow] = {}
    for row in refused:
        first = found.get(row.index)
        found[row.index] = row if first is None else replace(first, message=f"{first.message}; {row.message}")
    return found


def base_from_values(fault: RefusedRow, field: FieldDefinition, values: Sequence[Any]) -> int | None:
    """Say from which number an index counts by the values of the two rows that it may mean.

    Args:
        fault: What is wrong with one of the rows.
        field: The field at fault.
        values: Its value in the row that the index means if it counts from 0, then from 1.

    Returns:
        0 or 1; None if the values do not tell.
    """
    fits = [_fits(fault.code, field, value) for value in values]
    return fits.index(False) if set(fits) == {True, False} else None


def _fits(code: str, field: FieldDefinition, value: object) -> bool | None:
    """Say whether a field takes a value, as far as a kind of fault goes; None if that is not certain."""
    if value is None:
        return None
    if code == _TOO_LONG and field.length is not None and isinstance(value, str):
        # Characters outside the basic plane may count twice.
        return len(value) <= field.length if len(value.encode("utf-16-le", "surrogatepass")) == 2 * len(value) else None
    if code == _WRONG_TYPE and field.data_type in _SENT_AS:
        return type(value) in _SENT_AS[field.data_type]
    return None

"""Finds out whether an answer counts rows from 0 or from 1, when the answer itself leaves it open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.api import base_from_values
from target_selligent.batches import normalize_for_order
from target_selligent.loading.outcomes import RowIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from target_selligent.api import LoadResult, RecordIndexes, RefusedRow
    from target_selligent.batches import Body
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.loads import LoadShape


class IndexProbe:
    """Finds out from which number the tenant counts rows, and tells `RecordIndexes`.

    First it compares the two rows that an index may mean. If their values do not decide, it sends these rows alone.

    Args:
        rows: The rows of the load.
        shape: Their fields and keys.
        destination: The List.
        indexes: Is told what is found out.
        send: Sends a part in one call, with all the tries of a single row.
    """

    def __init__(
        self,
        rows: Body,
        shape: LoadShape,
        destination: ListDestination,
        indexes: RecordIndexes,
        send: Callable[[range], LoadResult],
    ) -> None:
        self._rows = rows
        self._shape = shape
        self._destination = destination
        self._indexes = indexes
        self._send = send

    def find_base(self, part: range, faults: Mapping[int, RefusedRow]) -> int | None:
        """Return the number of the first row, 0 or 1.

        Args:
            part: The rows that were sent.
            faults: What is wrong with the refused rows, by `record_index`; both numbers fit them.

        Returns:
            The number; None if neither row is refused when it is sent alone.
        """
        base = self._base_by_values(part, faults)
        return self._base_by_single_rows(part, min(faults)) if base is None else base

    def _base_by_values(self, part: range, faults: Mapping[int, RefusedRow]) -> int | None:
        """Return the base that the refused values show, if they show one."""
        names = [name.casefold() for name in self._shape.fields]
        for index, fault in faults.items():
            field = self._destination.field(fault.field or "")
            if field is None or field.name.casefold() not in names:
                continue
            column = names.index(field.name.casefold())
            values = [self._rows.row(part[index - base])[column] for base in (0, 1)]
            base = base_from_values(fault, field, values)
            if base is not None:
                self._indexes.remember_base(base)
                return base
        return None

    def _base_by_single_rows(self, part: range, index: int) -> int | None:
        """Send the two rows alone that an index may mean. The answer to a load of one row shows the base.

        Args:
            part: The rows that were sent.
            index: The smallest `record_index` of the answer. If it counts from 1, it means the earlier row, and no
                other index does.
        """
        loaded: list[RowIndex] = []
        for base in (1, 0):
            row = RowIndex(part[index - base])
            result = self._send(range(row, row + 1))
            if result.refused or result.failed:
                found = next((fault.index for fault in result.refused if fault.index in {0, 1}), base)
                self._indexes.remember_base(found)
                self._send_later_rows(loaded, part[index + 1 :])
                return found
            loaded.append(row)
        return None

    def _send_later_rows(self, loaded: Sequence[RowIndex], later: range) -> None:
        """Send the rows after a row that was sent once more, if they may have its key: the last row must win."""
        if not set(self._keys(loaded)).isdisjoint(self._keys(later)):
            # Selligent accepted their size a moment ago, so they are not split: they have all tries of a single row.
            self._send(later)

    def _keys(self, rows: Sequence[int]) -> Sequence[Hashable]:
        """Return the keys of rows in a form that is equal for keys that Selligent may take for one."""
        columns = [self._shape.fields.index(name) for name in self._shape.key_fields]
        keys = [tuple(values[column] for column in columns) for values in map(self._rows.row, rows)]
        return normalize_for_order(self._shape.key_types, keys if len(columns) > 1 else [key for (key,) in keys])

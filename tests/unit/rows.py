"""Distinct rows for the tests of batches and their buffer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from target_selligent.batches.batch import Route, Rows
from target_selligent.records.conversions import FieldType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches.batch import Batch
    from target_selligent.records.row_types import Segments

ROUTE = Route("people", "contacts", ("KEY",), ("key",), (FieldType.LONG,), "seg")
NAMED: list[Segments] = ["s", ("s", "t"), ()]


def rows_of(numbers: Sequence[int], keys: Sequence[int], sizes: Sequence[int]) -> Rows:
    """Return rows that hold their number and a text of some size. The key decides the Segments."""
    rows = [(number, "x" * size) for number, size in zip(numbers, sizes, strict=True)]
    return Rows(
        rows,
        list(keys),
        [NAMED[key % 3] for key in keys],
        [b"%d" % number for number in numbers],
        numbers,
    )


def decoded(batch: Batch) -> list[tuple[int, str]]:
    """Return a batch's rows."""
    return [tuple(row) for row in json.loads(batch.body.encode(range(len(batch))))]

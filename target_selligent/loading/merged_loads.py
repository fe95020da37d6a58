"""Loads the rows of batches into their List. If a merged row is refused, each of its records is loaded by itself."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from typing import TYPE_CHECKING

from target_selligent.batches import Body
from target_selligent.loading.loads import JoinedLoad, ListLoad, locate_row
from target_selligent.loading.report import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches import Batch, MergedRecords, RecordRow
    from target_selligent.loading.delivery import Delivery
    from target_selligent.loading.parts import PartLoader


def load_rows(delivery: Delivery, parts: PartLoader, batch: Batch, indexes: Sequence[int]) -> set[int]:
    """Load records of a batch into the List.

    Args:
        delivery: Receives the counts and the rejected records.
        parts: Makes the calls.
        batch: The batch.
        indexes: The indexes of the records to load.

    Returns:
        The indexes of the records that Selligent refused. Each is rejected.

    Raises:
        TargetSelligentError: If the run cannot go on.
    """
    if not batch.merged:
        body = batch.body if len(indexes) == len(batch) else batch.body.select(indexes)
        return {indexes[row] for row in parts.load(body, ListLoad(delivery, batch, batch.fields, indexes))}
    wanted = set(indexes)
    single = [index for index in indexes if index < batch.single_rows]
    rows = list(enumerate(batch.merged, start=batch.single_rows))
    whole = [(row, merged) for row, merged in rows if wanted.issuperset(merged.indexes)]
    body = batch.body.select([*single, *(row for row, _ in whole)])
    refused_rows = parts.load(body, ListLoad(delivery, batch, batch.fields, single))
    refused_merged = [merged for row, (_, merged) in enumerate(whole, start=len(single)) if row in refused_rows]
    others = sum(len(merged.indexes) - 1 for _, merged in whole) - sum(len(one.indexes) - 1 for one in refused_merged)
    delivery.count_rows(batch.route, Counts(duplicates=others))
    refused: set[int] = {single[row] for row in refused_rows if row < len(single)}
    # At least one record of each refused row is at fault. The others must be loaded.
    refused |= _load_apart(delivery, parts, batch, refused_merged, wanted, is_proven=True)
    # A row with a record that must not be loaded has not been sent.
    incomplete = [merged for _, merged in rows if not wanted.issuperset(merged.indexes)]
    return refused | _load_apart(delivery, parts, batch, incomplete, wanted, is_proven=False)


def are_joinable(batches: Sequence[Batch], max_rows: int, max_bytes: int) -> bool:
    """Return whether one load can have the rows of several batches.

    Args:
        batches: The batches, in order.
        max_rows: Maximum number of rows in the load.
        max_bytes: Maximum size of its body.
    """
    first = batches[0]
    return (
        first.route.loads_list
        and all((batch.route, batch.fields) == (first.route, first.fields) for batch in batches)
        and not any(batch.merged or batch.flush_age or not len(batch.body) for batch in batches)
        and sum(map(len, batches)) <= max_rows
        and sum(batch.body.size_bytes for batch in batches) <= max_bytes
    )


def load_joined_rows(
    delivery: Delivery, parts: PartLoader, batches: Sequence[tuple[Batch, Sequence[int]]]
) -> list[set[int]]:
    """Load records of several batches with the same route and fields into the List, in one load.

    Args:
        delivery: Receives the counts and the rejected records.
        parts: Makes the calls.
        batches: The batches, in order, each with the indexes of the records to load. None has merged rows.

    Returns:
        For each batch, the indexes of the records that Selligent refused. Each is rejected.

    Raises:
        TargetSelligentError: If the run cannot go on.
    """
    body = Body()
    for batch, indexes in batches:
        body.extend(batch.body if len(indexes) == len(batch) else batch.body.select(indexes))
    loads = [ListLoad(delivery, batch, batch.fields, indexes) for batch, indexes in batches]
    refused: list[set[int]] = [set() for _ in batches]
    counts = [len(indexes) for _, indexes in batches]
    for row in parts.load(body, JoinedLoad(loads)):
        at, position = locate_row(row, counts)
        refused[at].add(batches[at][1][position])
    return refused


def _load_apart(  # noqa: PLR0913 - what it loads, and what is known of it
    delivery: Delivery,
    parts: PartLoader,
    batch: Batch,
    rows: Sequence[MergedRecords],
    wanted: set[int],
    *,
    is_proven: bool,
) -> set[int]:
    """Load the records of merged rows, each as a row of its own; those of one key one after the other.

    Returns:
        The indexes of the records that Selligent refused.
    """
    refused: set[int] = set()
    records = [
        [(index, part) for index, part in zip(row.indexes, row.parts, strict=True) if index in wanted] for row in rows
    ]
    for turn in zip_longest(*records):
        by_fields: defaultdict[tuple[str, ...], list[tuple[int, RecordRow]]] = defaultdict(list)
        for record in turn:
            if record is not None:
                by_fields[record[1].fields].append(record)
        for fields, same_fields in by_fields.items():
            body, indexes = Body(), [index for index, _ in same_fields]
            for _, part in same_fields:
                body.append(part.row_json, 1)
            load = ListLoad(delivery, batch, fields, indexes, is_proven=is_proven, is_apart=True)
            refused |= {indexes[row] for row in parts.load(body, load)}
    return refused

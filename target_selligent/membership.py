"""What a batch means for the Segments its records name. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet


def rows_without_segment(segments: Mapping[str, Sequence[int]], names: Mapping[str, str]) -> set[int]:
    """Return the rows that named Segments, but none that can be used.

    Args:
        segments: Segment as the records give it, to the indexes of its rows.
        names: Segment as given, to the tenant's spelling; unusable ones are not in it.

    Returns:
        Indexes of rows that must not be loaded.
    """
    usable = {index for given, rows in segments.items() if given in names for index in rows}
    return {index for given, rows in segments.items() if given not in names for index in rows} - usable


def plan_segment_loads(
    segments: Mapping[str, Sequence[int]], names: Mapping[str, str], lost: AbstractSet[int]
) -> dict[str, list[int]]:
    """Return which rows go to which Segment.

    Args:
        segments: Segment as the records give it, to the indexes of its rows.
        names: Segment as given, to the tenant's spelling; unusable ones are not in it.
        lost: Rows that the List did not take: they cannot be members.

    Returns:
        Segment in the tenant's spelling to row indexes, in order; Segments without rows are left out.
    """
    plan: dict[str, list[int]] = {}
    for given, rows in segments.items():
        members = [index for index in rows if index not in lost] if given in names else []
        if members:
            plan.setdefault(names[given], []).extend(members)
    return plan

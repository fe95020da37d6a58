"""Reads the members of a Segment, or the records of a List, page by page, in the order of their record numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.errors import RunStoppedError
from target_selligent.records import RECORD_NUMBER_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_selligent.api import SelligentClient

PAGE_ROWS = 10_000
"""Records that one search returns. What Selligent allows at most is not documented (docs/selligent-api.md)."""


def read_pages(  # noqa: PLR0913 - what a search needs
    client: SelligentClient,
    list_api_name: str,
    segment: str | None,
    key_fields: Sequence[str],
    *,
    after: int | None = None,
    consequence: str,
) -> Iterator[list[list[Any]]]:
    """Yield pages of records: of each, its record number and the values of its key.

    Args:
        client: Calls Selligent.
        list_api_name: The List.
        segment: API name of the Segment; None for the whole List.
        key_fields: The key fields.
        after: Only records with a higher record number; None for all.
        consequence: What follows if the records cannot be read, for the error.

    Raises:
        RunStoppedError: If Selligent does not return them in this order, so that some may be missing.
        ApiError: If Selligent refuses a call.
    """
    while rows := client.search_members(list_api_name, segment, key_fields, after=after, take=PAGE_ROWS):
        last = rows[-1][0]
        if not isinstance(last, int) or (after is not None and last <= after):
            name = f"members of Segment {segment}" if segment else f"records of List {list_api_name}"
            raise RunStoppedError(
                f"{consequence}: Selligent did not return the {name} in the order of their record numbers "
                f"({RECORD_NUMBER_FIELD})"
            )
        yield rows
        after = last

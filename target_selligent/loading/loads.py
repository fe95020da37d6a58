"""The two kinds of load: the rows of a batch into their List, and the keys of members into their Segment."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from target_selligent.loading.outcomes import RowIndex
from target_selligent.loading.report import Counts
from target_selligent.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.api import LoadResult
    from target_selligent.batches import Batch, Route, SegmentRows
    from target_selligent.loading.batch_size import BatchSize
    from target_selligent.loading.delivery import Delivery
    from target_selligent.loading.outcomes import Refusal
    from target_selligent.records import FieldType

ABSENT = "no record of the List has its key, and load_list is false"
"""Why a record is rejected that cannot join a Segment because its List does not have it."""


@dataclass(frozen=True, slots=True)
class LoadShape:
    """What all rows of one load have in common.

    Args:
        place: The List or Segment, for messages.
        fields: Field names, in row order.
        key_fields: The fields that identify a record.
        key_types: Types of the key fields, in the same order.
        max_rows: Maximum number of rows in one call, by the settings.
        names_absent: Whether rows that the List does not have must be found and rejected.
        is_proven: Whether a load with all of these fields has succeeded. So if rows are refused, they are at fault,
            and not the request.
        batch_size: Learns from the answers how many rows a load should have; None if the load is not of that size.
    """

    place: str
    fields: Sequence[str]
    key_fields: Sequence[str]
    key_types: Sequence[FieldType]
    max_rows: int
    names_absent: bool = False
    is_proven: bool = False
    batch_size: BatchSize | None = None


class Load(Protocol):
    """One load: sends rows, and receives what became of them."""

    @property
    def shape(self) -> LoadShape:
        """What all rows have in common."""

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call.

        Args:
            body: JSON array of rows.
            splittable: Whether the caller can send fewer rows at once, if this body is lost.

        Returns:
            What became of the rows.

        Raises:
            ApiError: If Selligent refuses the call, or no answer comes.
        """

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Reject a row: count it, log it and write it to the rejects file.

        Args:
            row: Its index.
            refusal: Why Selligent refused it.

        Raises:
            RunStoppedError: If the run must end at this rejected record.
        """

    def count(self, counts: Counts) -> None:
        """Add to the counts of the List or Segment."""


@dataclass(frozen=True, slots=True)
class ListLoad:
    """Loads rows of a batch into their List.

    Args:
        delivery: Makes the calls, and receives the counts and the rejected records.
        batch: The batch.
        fields: Field names of the rows, in row order.
        indexes: Index, in the batch, of the record of each row. Rows after these are merged: if they are refused, their
            records are not rejected yet, but loaded one after the other.
        is_proven: See `LoadShape`.
        is_apart: Whether the rows are those of records whose merged rows were not loaded.
    """

    delivery: Delivery
    batch: Batch
    fields: Sequence[str]
    indexes: Sequence[int]
    is_proven: bool = False
    is_apart: bool = False

    @property
    def shape(self) -> LoadShape:
        """What all rows have in common."""
        route = self.batch.route
        place = f"List {route.list_api_name}"
        return LoadShape(
            place,
            self.fields,
            route.key_fields,
            route.key_types,
            sys.maxsize,
            is_proven=self.is_proven,
            batch_size=None if self.is_apart else self.delivery.batch_size,
        )

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        delivery, route = self.delivery, self.batch.route
        return delivery.client.load_list(
            route.list_api_name,
            self.fields,
            route.key_fields,
            body,
            delivery.own.list_data_import_option,
            delivery.options,
            splittable=splittable,
        )

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Reject a row. See `Load.reject`."""
        if row >= len(self.indexes):
            # Its records are sent again, and counted then.
            self.count(Counts(sent=-1, refused=-1))
            return
        index = self.indexes[row]
        self.delivery.reject_row(self.batch, index, refusal.rejection, vendor_message=refusal.vendor_message)

    def count(self, counts: Counts) -> None:
        """Add to the counts of the List."""
        self.delivery.count_rows(self.batch.route, counts)


@dataclass(frozen=True, slots=True)
class JoinedLoad:
    """Loads the rows of several batches with the same route and fields in one load.

    Args:
        loads: The loads of the batches, in order. None has merged rows.
    """

    loads: Sequence[ListLoad]

    @property
    def shape(self) -> LoadShape:
        """What all rows have in common."""
        return self.loads[0].shape

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        return self.loads[0].send(body, splittable=splittable)

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Reject a row. See `Load.reject`."""
        at, position = locate_row(row, [len(load.indexes) for load in self.loads])
        self.loads[at].reject(position, refusal)

    def count(self, counts: Counts) -> None:
        """Add to the counts of the List."""
        self.loads[0].count(counts)


def locate_row(row: int, counts: Sequence[int]) -> tuple[int, RowIndex]:
    """Return to which of several batches a row belongs, and its index among the rows of that batch.

    Args:
        row: Index of the row among the rows of all batches.
        counts: How many rows each batch has.
    """
    stops = list(accumulate(counts))
    at = bisect_right(stops, row)
    return at, RowIndex(row - (stops[at] - counts[at]))


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """Loads the keys of members into their Segment.

    Only the key fields are sent: the vendor does not document whether a Segment load would change other fields of the
    List (docs/selligent-api.md).

    Args:
        delivery: Makes the calls, and receives the counts and the rejected records.
        members: The members.
    """

    delivery: Delivery
    members: SegmentRows

    @property
    def shape(self) -> LoadShape:
        """What all rows have in common."""
        route = self._route
        return LoadShape(
            f"Segment {self.members.segment} of List {route.list_api_name}",
            route.key_fields,
            route.key_fields,
            route.key_types,
            self.delivery.own.segment_batch_size_rows,
            names_absent=not route.loads_list,
        )

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        route = self._route
        return self.delivery.client.load_segment(
            route.list_api_name,
            self.members.segment,
            route.key_fields,
            route.key_fields,
            body,
            self.delivery.options,
            splittable=splittable,
        )

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Reject a member: its record is in the List, but not in the Segment. See `Load.reject`."""
        route, members = self._route, self.members
        self.delivery.note_rejected(*members.ticket_and_index(row))
        self.delivery.rejects.add(
            Rejection.from_member(
                refusal.rejection,
                route,
                members.record_number(row),
                members.body().row(row),
                members.segment,
                vendor_message=refusal.vendor_message,
                redact=lambda text: self.delivery.redact(text, None, route.key_fields),
            )
        )

    def count(self, counts: Counts) -> None:
        """Add to the counts of the Segment."""
        self.delivery.count_members(self._route, self.members.segment, counts)

    @property
    def _route(self) -> Route:
        return self.members.route

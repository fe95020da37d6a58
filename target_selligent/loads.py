"""The two kinds of load: a batch into its List, and gathered keys into their Segment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.rejection import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batch import Batch
    from target_selligent.client import LoadResult
    from target_selligent.conversions import FieldType
    from target_selligent.delivery import Delivery
    from target_selligent.errors import RejectedRecord
    from target_selligent.report import Counts
    from target_selligent.segment_buffer import SegmentRows


@dataclass(frozen=True, slots=True)
class ListLoad:
    """The load of a batch into its List.

    Args:
        delivery: What its calls need, and who takes the counts and rejected records.
        batch: The batch.
        indexes: Its rows that are loaded.
    """

    delivery: Delivery
    batch: Batch
    indexes: Sequence[int]
    max_rows: int = sys.maxsize

    @property
    def place(self) -> str:
        """Return the name of what is loaded, for messages."""
        return f"List {self.batch.route.list_api_name}"

    @property
    def fields(self) -> Sequence[str]:
        """Return the field names, in row order."""
        return self.batch.fields

    @property
    def key_fields(self) -> Sequence[str]:
        """Return those of them that identify a record."""
        return self.batch.route.key_fields

    @property
    def key_types(self) -> Sequence[FieldType]:
        """Return the types of the key fields."""
        return self.batch.route.key_types

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Load rows in one call; as `Load.send`."""
        delivery, route = self.delivery, self.batch.route
        option = delivery.settings.list_data_import_option
        return delivery.client.load_list(
            route.list_api_name, self.fields, self.key_fields, body, option, delivery.options, splittable=splittable
        )

    def reject(self, row: int, rejection: RejectedRecord, vendor_message: str | None) -> None:
        """Put a row that is not loaded on the record; as `Load.reject`."""
        self.delivery.reject_row(self.batch, self.indexes[row], rejection, vendor_message=vendor_message)

    def count(self, counts: Counts) -> None:
        """Add to the counts."""
        self.delivery.count_rows(self.batch.route, counts)


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """The load of gathered rows into their Segment.

    Their keys are all that is sent: whether other fields would change the List's records is not documented.

    Args:
        delivery: What its calls need, and who takes the counts and rejected records.
        segment_rows: The rows.
    """

    delivery: Delivery
    segment_rows: SegmentRows

    @property
    def place(self) -> str:
        """Return the name of what is loaded, for messages."""
        return f"Segment {self.segment_rows.segment} of List {self.segment_rows.route.list_api_name}"

    @property
    def fields(self) -> Sequence[str]:
        """Return the field names, in row order."""
        return self.segment_rows.route.key_fields

    @property
    def key_fields(self) -> Sequence[str]:
        """Return those of them that identify a record."""
        return self.segment_rows.route.key_fields

    @property
    def key_types(self) -> Sequence[FieldType]:
        """Return the types of the key fields."""
        return self.segment_rows.route.key_types

    @property
    def max_rows(self) -> int:
        """Return the most rows in one call, by the settings."""
        return self.delivery.settings.segment_batch_size_rows

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Load rows in one call; as `Load.send`."""
        route, segment = self.segment_rows.route, self.segment_rows.segment
        client, options = self.delivery.client, self.delivery.options
        return client.load_segment(
            route.list_api_name, segment, self.fields, self.key_fields, body, options, splittable=splittable
        )

    def reject(self, row: int, rejection: RejectedRecord, vendor_message: str | None) -> None:
        """Put a row that is not loaded on the record; as `Load.reject`."""
        route, segment = self.segment_rows.route, self.segment_rows.segment
        self.delivery.rejects.add(
            Rejection.from_member(
                rejection,
                route,
                self.segment_rows.record_number(row),
                self.segment_rows.body().row(row),
                segment,
                vendor_message=vendor_message,
                redact=lambda text: self.delivery.redact(text, None, route.key_fields),
            )
        )

    def count(self, counts: Counts) -> None:
        """Add to the counts."""
        self.delivery.report.add_segment(self.segment_rows.route.list_api_name, self.segment_rows.segment, counts)

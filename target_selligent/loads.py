"""The two kinds of load: a batch into its List, and gathered keys into their Segment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.reject_lines import member_line
from target_selligent.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batch import Batch
    from target_selligent.client import LoadResult
    from target_selligent.conversions import FieldType
    from target_selligent.delivery import Delivery
    from target_selligent.errors import RejectedRecord
    from target_selligent.membership import SegmentRows
    from target_selligent.report import Counts


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
        return f"List {self.batch.source.list_api_name}"

    @property
    def fields(self) -> Sequence[str]:
        """Return the field names, in row order."""
        return self.batch.fields

    @property
    def key_fields(self) -> Sequence[str]:
        """Return those of them that identify a record."""
        return self.batch.source.key_fields

    @property
    def key_types(self) -> Sequence[FieldType]:
        """Return the types of the key fields."""
        return self.batch.source.key_types

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Load rows in one call; as `Load.send`."""
        delivery, source = self.delivery, self.batch.source
        option = delivery.settings.list_data_import_option
        return delivery.client.load_list(
            source.list_api_name, self.fields, self.key_fields, body, option, delivery.options, splittable=splittable
        )

    def reject(self, row: int, rejection: RejectedRecord, said: str | None) -> None:
        """Put a row that is not loaded on the record; as `Load.reject`."""
        self.delivery.reject_row(self.batch, self.indexes[row], rejection, said=said)

    def count(self, counts: Counts) -> None:
        """Add to the counts."""
        self.delivery.count_rows(self.batch.source, counts)


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """The load of gathered rows into their Segment.

    Their keys are all that is sent: whether other fields would change the List's records is not documented.

    Args:
        delivery: What its calls need, and who takes the counts and rejected records.
        gathered: The rows.
    """

    delivery: Delivery
    gathered: SegmentRows

    @property
    def place(self) -> str:
        """Return the name of what is loaded, for messages."""
        return f"Segment {self.gathered.segment} of List {self.gathered.source.list_api_name}"

    @property
    def fields(self) -> Sequence[str]:
        """Return the field names, in row order."""
        return self.gathered.source.key_fields

    @property
    def key_fields(self) -> Sequence[str]:
        """Return those of them that identify a record."""
        return self.gathered.source.key_fields

    @property
    def key_types(self) -> Sequence[FieldType]:
        """Return the types of the key fields."""
        return self.gathered.source.key_types

    @property
    def max_rows(self) -> int:
        """Return the most rows in one call, by the settings."""
        return self.delivery.settings.segment_batch_size_rows

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Load rows in one call; as `Load.send`."""
        source, segment = self.gathered.source, self.gathered.segment
        client, options = self.delivery.client, self.delivery.options
        return client.load_segment(
            source.list_api_name, segment, self.fields, self.key_fields, body, options, splittable=splittable
        )

    def reject(self, row: int, rejection: RejectedRecord, said: str | None) -> None:
        """Put a row that is not loaded on the record; as `Load.reject`."""
        source, segment = self.gathered.source, self.gathered.segment
        self.delivery.rejects.add(
            Rejection(
                rejection,
                number=self.gathered.number(row),
                line=member_line(source, self.gathered.body().row(row), segment),
                origin=source.origin,
                list_api_name=source.list_api_name,
                segment=segment,
                said=said,
                redact=lambda text: self.delivery.redact(text, None, source.key_fields),
            )
        )

    def count(self, counts: Counts) -> None:
        """Add to the counts."""
        self.delivery.report.add_segment(self.gathered.source.list_api_name, self.gathered.segment, counts)

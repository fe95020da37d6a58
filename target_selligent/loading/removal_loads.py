"""The loads by which members and records leave: out of a Segment, out of the List, and what is written instead."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.api import LoadOptions, redact
from target_selligent.loading.loads import LoadShape
from target_selligent.loading.parts import PartLoader
from target_selligent.loading.sizes import SizeLimit
from target_selligent.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_selligent.api import LoadResult, SelligentClient
    from target_selligent.batches import Departure, Route
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.outcomes import Refusal, RowIndex
    from target_selligent.loading.report import Counts, RunReport
    from target_selligent.records import Key, Row
    from target_selligent.rejects import Rejects
    from target_selligent.settings import ListSettings, Settings


@dataclass(frozen=True, slots=True)
class RemovalParts:
    """What all removals of a run share.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Receives the records whose removal Selligent refuses.
        report: Receives the counts.
        before: Called with a route and keys of records before they are changed, if it is given.
    """

    client: SelligentClient
    settings: Settings
    rejects: Rejects
    report: RunReport
    before: Callable[[Route, Sequence[Key]], None] | None = None

    def part_loader(self, destination: ListDestination) -> PartLoader:
        """Return what splits loads into parts that Selligent accepts."""
        return PartLoader(
            self.client,
            destination,
            SizeLimit(self.settings.max_request_bytes),
            threading.Semaphore(1),
            stop_on_error=self.settings.error_handling == "StopOnError",
        )


@dataclass(frozen=True, slots=True)
class RemovalLoad:
    """A load for records that leave; each kind sends it to another endpoint.

    Args:
        parts: What all removals share.
        route: A route to the List of the records.
        routes: The route of each stream.
        departures: The records.
    """

    parts: RemovalParts
    route: Route
    routes: Mapping[str, Route]
    departures: Sequence[Departure]

    @property
    def shape(self) -> LoadShape:
        """What all rows have in common. See `Load.shape`."""
        route, max_rows = self.route, self.own.segment_batch_size_rows
        return LoadShape(self._place, self._fields, route.key_fields, route.key_types, max_rows)

    @property
    def options(self) -> LoadOptions:
        """The parameters that all loads of the List share."""
        settings = self.parts.settings
        return LoadOptions(settings.mode, self.own.deduplication, settings.error_handling)

    @property
    def own(self) -> ListSettings:
        """The settings of the List."""
        return self.parts.settings.for_list(self.route.list_api_name)

    def row(self, departure: Departure) -> Row:
        """Return what is sent for a record."""
        return departure.row

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        raise NotImplementedError

    def reject(self, row: RowIndex, refusal: Refusal) -> None:
        """Reject a record that does not leave; a member that no record names is only logged. See `Load.reject`."""
        departure = self.departures[row]
        self.parts.rejects.add(
            Rejection.from_line(
                refusal.rejection,
                self.routes.get(departure.stream, self.route),
                departure.number,
                departure.line,
                None,
                segment=self._segment,
                vendor_message=refusal.vendor_message,
                redact=lambda text: redact(text, self._values, names=self._fields, secrets=self.parts.settings.secrets),
            )
        )

    def count(self, counts: Counts) -> None:
        """Add to the counts of the List or Segment."""
        if self._segment is None:
            self.parts.report.add_list(self.route.list_api_name, counts)
        else:
            self.parts.report.add_segment(self.route.list_api_name, self._segment, counts)

    @property
    def _segment(self) -> str | None:
        return None

    @property
    def _place(self) -> str:
        return f"List {self.route.list_api_name}"

    @property
    def _fields(self) -> Sequence[str]:
        return self.route.key_fields

    def _values(self) -> Iterable[object]:
        return [departure.row for departure in self.departures]


@dataclass(frozen=True, slots=True)
class MemberRemovalLoad(RemovalLoad):
    """Removes members from their Segment.

    Args:
        segment: API name of the Segment.
    """

    segment: str

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        route = self.route
        return self.parts.client.remove_members(
            route.list_api_name, self.segment, route.key_fields, body, self.options, splittable=splittable
        )

    @property
    def _segment(self) -> str:
        return self.segment

    @property
    def _place(self) -> str:
        return f"Segment {self.segment} of List {self.route.list_api_name}"


@dataclass(frozen=True, slots=True)
class DeletionLoad(RemovalLoad):
    """Deletes records from their List."""

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        route = self.route
        return self.parts.client.delete_records(
            route.list_api_name, route.key_fields, body, self.options, splittable=splittable
        )


@dataclass(frozen=True, slots=True)
class UpdateLoad(RemovalLoad):
    """Writes fixed values into the records that leave. Nobody is inserted.

    Args:
        values: Field to value.
    """

    values: Mapping[str, Any]

    def row(self, departure: Departure) -> Row:
        """Return what is sent for a record."""
        return (*departure.row, *self.values.values())

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Send rows in one call. See `Load.send`."""
        route = self.route
        return self.parts.client.load_list(
            route.list_api_name,
            self._fields,
            route.key_fields,
            body,
            "OnlyUpdate",
            self.options,
            splittable=splittable,
        )

    @property
    def _fields(self) -> Sequence[str]:
        return (*self.route.key_fields, *self.values)

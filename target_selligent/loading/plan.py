"""What a run would do, if it wrote: the same run, with a transport that writes nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.api import Pacer, PlanningTransport, RetryPolicy, SelligentClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.api import Activity, PlannedCreation
    from target_selligent.batches import Batch
    from target_selligent.records import ColumnMapping, FieldDefinition, StreamDescription
    from target_selligent.settings import Settings

_IMPATIENT = RetryPolicy(attempts=2, seconds=20, host_seconds=2, busy_seconds=5)
_IMPATIENT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column of a stream, and its field.

    Args:
        wanted: The column, and the field that its schema asks for.
        found: The field that the List has, or would have once it is created; None if it has none.
    """

    wanted: ColumnMapping
    found: FieldDefinition | None


@dataclass(frozen=True, slots=True)
class PlannedStream:
    """A stream beside its List.

    Args:
        name: The stream.
        list_api_name: The List, in the tenant's spelling.
        columns: The columns that are sent.
        key_columns: The columns that identify a record.
    """

    name: str
    list_api_name: str
    columns: tuple[PlannedColumn, ...]
    key_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row as it would be sent.

    Args:
        stream: Its stream.
        list_api_name: The List, in the tenant's spelling.
        fields: Field names.
        values: The values, in the same order.
    """

    stream: str
    list_api_name: str
    fields: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PlannedProblem:
    """Something at which a run would end, or that it could not load.

    Args:
        subject: The stream, List or Segment at fault.
        message: What is wrong, and what to do.
    """

    subject: str
    message: str


class Plan:
    """What a run would do. A run that is given a plan reads from Selligent, and writes nothing.

    Args:
        patient: Whether calls are tried again as often as in a run, and records are searched for. Otherwise a failure
            is known soon, and searches find nobody.

    Attributes:
        problems: What would end the run, or end the loading of a stream. A run without a plan ends at the first.
        streams: The streams, by name.
        first_rows: The first row of each stream, by its name.
        segments: The Segments that records name and that can be loaded: by List and name, whether they are new.
    """

    def __init__(self, *, patient: bool = True) -> None:
        self._patient = patient
        self._lock = threading.Lock()
        self._client: SelligentClient | None = None
        self.transport: PlanningTransport | None = None
        self.problems: list[PlannedProblem] = []
        self.streams: dict[str, PlannedStream] = {}
        self.first_rows: dict[str, PlannedRow] = {}
        self.segments: dict[tuple[str, str], bool] = {}

    def client(self, settings: Settings, activity: Activity | None = None) -> SelligentClient:
        """Return the client of the plan. It sends reads only.

        Args:
            settings: The settings of the run.
            activity: Notes what the run is doing. Only the first call needs it.
        """
        if self._client is None:
            self._client = SelligentClient(self.open_transport(settings, activity))
        return self._client

    def open_transport(self, settings: Settings, activity: Activity | None = None) -> PlanningTransport:
        """Return the transport of the plan. The arguments are those of `client`."""
        if self.transport is None:
            timeout = settings.request_timeout_seconds
            self.transport = PlanningTransport(
                settings.base_url,
                settings.api_key,
                settings.api_secret,
                settings.organization,
                timeout=timeout if self._patient else min(timeout, _IMPATIENT_SECONDS),
                pacer=Pacer(settings.requests_per_minute),
                policy=RetryPolicy(busy_seconds=settings.busy_timeout_seconds) if self._patient else _IMPATIENT,
                activity=activity,
            )
            self.transport.searches = self._patient
        return self.transport

    @property
    def creations(self) -> Sequence[PlannedCreation]:
        """What would be created, in order."""
        return () if self.transport is None else self.transport.writes.creations

    def note_problem(self, subject: str, error: Exception) -> None:
        """Note what would end the run. The same problem is noted once.

        Args:
            subject: The stream, List or Segment at fault.
            error: What is wrong.
        """
        problem = PlannedProblem(subject, str(error))
        with self._lock:
            if all(known.message != problem.message for known in self.problems):
                self.problems.append(problem)

    def note_segment(self, list_api_name: str, segment: str) -> None:
        """Note a Segment that can be loaded.

        Args:
            list_api_name: Its List.
            segment: Its API name.
        """
        created = any(
            one.kind == "Segment" and one.list_api_name == list_api_name and segment in one.names
            for one in self.creations
        )
        with self._lock:
            self.segments[list_api_name, segment] = created

    def note_batch(self, batch: Batch) -> None:
        """Note the first row of a stream, when its first batch is ready to be sent.

        Args:
            batch: A batch.
        """
        route = batch.route
        if route.stream not in self.first_rows and len(batch.body):
            row = PlannedRow(route.stream, route.list_api_name, tuple(batch.fields), batch.body.row(0))
            self.first_rows[route.stream] = row

    def note_stream(
        self,
        description: StreamDescription,
        list_api_name: str,
        find_field: Callable[[str], FieldDefinition | None],
    ) -> None:
        """Note a stream beside the fields of its List.

        Args:
            description: The stream.
            list_api_name: Its List, in the tenant's spelling.
            find_field: Returns a field of the List by its name.
        """
        columns = tuple(PlannedColumn(column, find_field(column.field.name)) for column in description.fields.columns)
        self.streams[description.name] = PlannedStream(
            description.name, list_api_name, columns, description.fields.key_columns
        )

"""A List as the destination of a run that writes nothing: what would end the run is noted, and the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError
from target_selligent.loading.destination import ListDestination

if TYPE_CHECKING:
    from target_selligent.api import SelligentClient
    from target_selligent.loading.plan import Plan
    from target_selligent.records import StreamFields


class PlannedDestination(ListDestination):
    """A List of a run with a plan. See `ListDestination`.

    Args:
        plan: Receives what is wrong.
        client: Calls Selligent, without writing.
        list_api_name: API name of the List, in the user's spelling.
        create_list: Whether a missing List would be created.
        create_segments: Whether a missing Segment would be created.
        list_type: The type of a List that would be created, if a setting says it.
    """

    def __init__(  # noqa: PLR0913 - those of its base class, and the plan
        self,
        plan: Plan,
        client: SelligentClient,
        list_api_name: str,
        *,
        create_list: bool,
        create_segments: bool,
        list_type: str | None = None,
    ) -> None:
        super().__init__(
            client, list_api_name, create_list=create_list, create_segments=create_segments, list_type=list_type
        )
        self._plan = plan

    def prepare(
        self,
        stream: str,
        fields: StreamFields,
        *,
        may_create: bool = True,
        add_fields: bool = False,
        has_segments: bool = False,
    ) -> StreamFields:
        """Check the List and the field of each column. Return the fields as they are if they do not fit the List."""
        try:
            return super().prepare(
                stream, fields, may_create=may_create, add_fields=add_fields, has_segments=has_segments
            )
        except DestinationError as error:
            self._plan.note_problem(f"stream {stream}", error)
            return fields

    def segment_name(self, segment: str) -> str:
        """Return the API name of a Segment; the given name if it cannot be loaded."""
        if not self.is_open:
            # The List is missing, and that is noted.
            return segment
        try:
            name = super().segment_name(segment)
        except DestinationError as error:
            self._plan.note_problem(f"Segment {segment}", error)
            return segment
        self._plan.note_segment(self.api_name, name)
        return name

    def find_segment_name(self, segment: str) -> str | None:
        """Return the API name of a Segment; None if there is none, or none that can be loaded."""
        try:
            return super().find_segment_name(segment) if self.is_open else None
        except DestinationError as error:
            self._plan.note_problem(f"Segment {segment}", error)
            return None

"""A List as the destination of records: the List, its fields and its Segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from target_selligent.loading.list_fields import ListFields
from target_selligent.loading.list_segments import ListSegments
from target_selligent.loading.open_list import OpenList

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.api import SelligentClient
    from target_selligent.records import FieldDefinition, StreamFields

_T = TypeVar("_T")


class ListDestination:
    """One List, into which records are loaded.

    The thread that reads the input calls `prepare`. Any thread may ask for Segments.

    Args:
        client: Calls Selligent.
        list_api_name: API name of the List, in the user's spelling.
        create_list: Whether a missing List is created.
        create_segments: Whether a missing Segment is created.
        list_type: The type of a List that is created, if a setting says it.
    """

    def __init__(
        self,
        client: SelligentClient,
        list_api_name: str,
        *,
        create_list: bool,
        create_segments: bool,
        list_type: str | None = None,
    ) -> None:
        self._client = client
        self._list = OpenList(list_api_name)
        self._fields = ListFields(client, self._list, create_list=create_list, list_type=list_type)
        self._segments = ListSegments(client, self._list, create_segments=create_segments)

    @property
    def api_name(self) -> str:
        """API name of the List, in the tenant's spelling once `prepare` has been called."""
        return self._list.api_name

    @property
    def is_open(self) -> bool:
        """Whether the List and its fields are known."""
        return self._fields.is_open

    @property
    def was_changed(self) -> bool:
        """Whether the run has created the List or fields of it."""
        return self._list.was_changed

    def prepare(
        self,
        stream: str,
        fields: StreamFields,
        *,
        may_create: bool = True,
        add_fields: bool = False,
        has_segments: bool = False,
    ) -> StreamFields:
        """Check or create the List and a writable field for each column: see `ListFields.prepare`.

        If the stream has Segments, those of the List are read at the same time as its fields.
        """
        on_found = self._segments.start_listing if has_segments else None
        return self._fields.prepare(stream, fields, may_create=may_create, add_fields=add_fields, on_found=on_found)

    def check_readable(self, fields: StreamFields) -> None:
        """Read one record, so that a missing right ends the run before it loads.

        Args:
            fields: What `prepare` has returned for a stream.

        Raises:
            FatalApiError: If the service account has no right to read.
        """
        keys = [column.field.name for column in fields.columns]
        self.retry_until_visible(lambda: self._client.search_members(self.api_name, None, keys, after=None, take=1))

    def field(self, name: str) -> FieldDefinition | None:
        """Return the List's field of this name, in any spelling. None if it has no such field or is not prepared."""
        return self._fields.field(name)

    def segment_name(self, segment: str) -> str:
        """Return the API name of a Segment, checked or created: see `ListSegments.segment_name`."""
        return self._segments.segment_name(segment)

    def find_segment_name(self, segment: str) -> str | None:
        """Return the API name of a Segment; None if there is none: see `ListSegments.find_segment_name`."""
        return self._segments.find_segment_name(segment)

    def retry_until_visible(self, call: Callable[[], _T]) -> _T:
        """Make a call, and repeat it while what the run has created is not there yet: see `OpenList`."""
        return self._list.retry_until_visible(call)

"""Checks or creates the Segments of a List, before anything is loaded into them."""

from __future__ import annotations

import logging
import re
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError, FatalApiError, RejectedRecord
from target_selligent.loading.open_list import API_NAME

if TYPE_CHECKING:
    from target_selligent.api import SegmentDetails, SelligentClient
    from target_selligent.loading.open_list import OpenList

logger = logging.getLogger("target-selligent")

_UNSAFE_IN_PATH = re.compile(r"[/\\%?#;\x00-\x1f\x7f]")
"""Characters that may lead to another path, if a server decodes the path before it routes. Such names are not sent."""
_MAX_LISTED_SEGMENTS = 1000


class ListSegments:
    """The Segments of one List.

    Any thread may use it.

    Args:
        client: Calls Selligent.
        open_list: The List.
        create_segments: Whether a missing Segment is created.
    """

    def __init__(self, client: SelligentClient, open_list: OpenList, *, create_segments: bool) -> None:
        self._lock = threading.RLock()
        self._client = client
        self._list = open_list
        self._create_segments = create_segments
        self._segments: dict[str, str | RejectedRecord] = {}
        self._listing: Future[dict[str, SegmentDetails]] | None = None

    def start_listing(self) -> None:
        """Ask for the Segments, of which some will be looked up, in a thread of its own: other calls go on."""
        with self._lock:
            if self._listing is None:
                self._listing = Future()
                threading.Thread(target=self._list_segments, args=(self._listing,), daemon=True).start()

    def segment_name(self, segment: str) -> str:
        """Return the API name of a Segment in the tenant's spelling. The first call for a name checks or creates it.

        Args:
            segment: The name in a record.

        Returns:
            The name to use in calls.

        Raises:
            RejectedRecord: If no Segment can have this name.
            DestinationError: If the Segment is missing and may not be created, or if it is not static.
            ApiError: If Selligent refuses a call.
        """
        with self._lock:
            known = self._segments.get(segment)
            if known is None:
                try:
                    known = self._open_segment(segment)
                except RejectedRecord as rejection:
                    known = rejection
                self._segments[segment] = known
        if isinstance(known, RejectedRecord):
            raise known
        return known

    def find_segment_name(self, segment: str) -> str | None:
        """Return the API name of a Segment in the tenant's spelling; None if there is none. It is never created.

        Args:
            segment: The name, in any spelling.

        Raises:
            DestinationError: If it is not static.
            ApiError: If Selligent refuses a call.
        """
        with self._lock:
            known = self._segments.get(segment)
            if isinstance(known, str):
                return known
            found = None if isinstance(known, RejectedRecord) else self._find_segment(segment)
        return None if found is None else self._static_name(found)

    def _open_segment(self, segment: str) -> str:
        found = self._find_segment(segment)
        if found is None:
            if not API_NAME.fullmatch(segment):
                raise RejectedRecord(
                    "the Segment does not exist, and its name cannot be an API name (letters, digits, underscore)",
                    code="bad_segment",
                )
            if not self._create_segments:
                raise DestinationError(
                    f"Segment {segment} of List {self._list.api_name} does not exist: check the values of "
                    "segment_column, or set create_segment_if_not_exists to true"
                )
            self._list.create_or_find(
                lambda: self._list.retry_until_visible(
                    lambda: self._client.create_segment(self._list.api_name, segment)
                ),
                lambda: self._client.get_segment(self._list.api_name, segment),
            )
            logger.info("Created Segment %s of List %s", segment, self._list.api_name)
            return segment
        return self._static_name(found)

    def _static_name(self, found: SegmentDetails) -> str:
        """Return the API name of a Segment, if it is static."""
        if found.segment_type not in {"Static", ""}:
            raise DestinationError(
                f"Segment {found.api_name} of List {self._list.api_name} is {found.segment_type}: only static Segments "
                "can be loaded; name another Segment in segment_column"
            )
        return found.api_name

    def _find_segment(self, segment: str) -> SegmentDetails | None:
        """Return a Segment; None if the List has no such Segment.

        First look for it in one listing of up to 1,000 Segments, then with a GET of its own. The listing needs its own
        permission; without it, each Segment needs a GET.
        """
        if self._listing is None:
            self._listing = Future()
            self._list_segments(self._listing)
        found = self._listing.result().get(segment.casefold())
        if found is None and not _UNSAFE_IN_PATH.search(segment):
            found = self._client.get_segment(self._list.api_name, segment)
        return found

    def _list_segments(self, listing: Future[dict[str, SegmentDetails]]) -> None:
        try:
            listed = self._client.list_segments(self._list.api_name, _MAX_LISTED_SEGMENTS)
        except FatalApiError:
            listed = []
        except Exception as error:  # noqa: BLE001 - raised where a name is looked up
            listing.set_exception(error)
            return
        listing.set_result({details.api_name.casefold(): details for details in listed})

"""Checks or creates the List, its fields and its Segments, before anything is loaded into them."""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from target_selligent.errors import (
    BadRequestError,
    DestinationError,
    FatalApiError,
    NotFoundError,
    RejectedRecord,
    TargetSelligentError,
    suggest_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.api import ListDetails, SegmentDetails, SelligentClient
    from target_selligent.records import ColumnMapping, FieldDefinition, StreamFields

logger = logging.getLogger("target-selligent")

API_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
"""API names that the vendor allows for a List (docs/selligent-api.md). The same rule is assumed for Segments."""

CREATED_BY = "Created by target-selligent"
"""Description of a List that the target has created. Missing fields are added to such a List: the run that created it
may have ended before its last stream or its newest schema came."""

_VISIBLE_SECONDS = 30
"""How long the target waits until what it has created can be used."""
_NOT_IN_API_NAMES = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_MAX_NAMED = 10
_UNSAFE_IN_PATH = re.compile(r"[/\\%?#;\x00-\x1f\x7f]")
"""Characters that may lead to another path, if a server decodes the path before it routes. Such names are not sent."""
_MAX_LISTED_SEGMENTS = 1000
_T = TypeVar("_T")


class ListDestination:
    """One List, into which records are loaded.

    The thread that reads the input calls `prepare`. The thread that loads calls `segment_name`.

    Args:
        client: Calls Selligent.
        list_api_name: API name of the List, in the user's spelling.
        create_list: Whether a missing List is created.
        create_segments: Whether a missing Segment is created.

    Attributes:
        api_name: API name of the List, in the tenant's spelling once `prepare` has been called.
    """

    def __init__(
        self, client: SelligentClient, list_api_name: str, *, create_list: bool, create_segments: bool
    ) -> None:
        self._client = client
        self._create_list = create_list
        self._create_segments = create_segments
        self._may_add_fields = False
        self._fields: dict[str, FieldDefinition] | None = None
        self._segments: dict[str, str | RejectedRecord] = {}
        self._listed_segments: dict[str, SegmentDetails] | None = None
        self._visible_until = 0.0
        self.api_name = list_api_name

    def prepare(self, stream: str, fields: StreamFields, *, may_create: bool = True) -> StreamFields:
        """Check or create the List and a writable field for each column, before anything of the stream is loaded.

        Args:
            stream: Name of the stream, for messages.
            fields: The fields for its columns.
            may_create: Whether what is missing may be created, as far as the settings allow.

        Returns:
            The same fields, with the List's spelling and types.

        Raises:
            DestinationError: If the List or a field is missing and may not be created, or if a field is read-only.
            ApiError: If Selligent refuses a call.
        """
        if self._fields is None:
            self._fields = self._open_list(stream, fields.columns, may_create=may_create)
        missing = [column for column in fields.columns if column.field.name.casefold() not in self._fields]
        if missing and not (may_create and self._may_add_fields):
            raise DestinationError(self._missing_fields(stream, missing))
        if missing:
            self._check_field_names(stream, missing)
            self._add_fields(missing)
        columns = tuple(
            column.map_to_existing_field(self._fields[column.field.name.casefold()]) for column in fields.columns
        )
        computed = [column for column in columns if not column.field.writable]
        if computed:
            names = ", ".join(f"{column.field.name} (column {column.column_name})" for column in computed)
            raise DestinationError(
                f"stream {stream}: List {self.api_name} computes these fields itself, they cannot be loaded: {names}; "
                "leave the columns out with field_mapping (null) or give them other fields"
            )
        return replace(fields, columns=columns)

    def field(self, name: str) -> FieldDefinition | None:
        """Return the List's field of this name, in any spelling. None if it has no such field or is not prepared."""
        return (self._fields or {}).get(name.casefold())

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
        known = self._segments.get(segment)
        if isinstance(known, str):
            return known
        found = None if isinstance(known, RejectedRecord) else self._find_segment(segment)
        return None if found is None else self._static_name(found)

    def retry_until_visible(self, call: Callable[[], _T]) -> _T:
        """Make a call, and repeat it for a while if it does not find what has just been created.

        The vendor does not document when a new List, field or Segment can be used (docs/selligent-api.md).
        """
        pause = 0.1
        while True:
            try:
                return call()
            except NotFoundError:
                if time.monotonic() + pause > self._visible_until:
                    raise
                logger.info("List %s: a new List or Segment cannot be used yet, waiting %.1f s", self.api_name, pause)
                time.sleep(pause)
                pause = min(pause * 2, 5)

    def _open_list(
        self, stream: str, columns: Sequence[ColumnMapping], *, may_create: bool
    ) -> dict[str, FieldDefinition]:
        details = self._client.get_list(self.api_name)
        if details is None:
            details = self._create_list_for(stream, columns, may_create=may_create)
            self._may_add_fields = True
        else:
            self._may_add_fields = self._create_list and details.description.strip() == CREATED_BY
        self.api_name = details.api_name
        return self._read_fields()

    def _create_list_for(self, stream: str, columns: Sequence[ColumnMapping], *, may_create: bool) -> ListDetails:
        if not (may_create and self._create_list):
            raise DestinationError(
                f"List {self.api_name} does not exist: check list_api_name and organization, "
                "or set create_list_if_not_exists to true"
            )
        _check_api_name(f"List {self.api_name}", self.api_name, "list_api_name")
        self._check_field_names(stream, columns)
        logger.info("Creating List %s", self.api_name)
        self._create_or_find(
            lambda: self._client.create_list(self.api_name, CREATED_BY),
            lambda: self._client.get_list(self.api_name),
        )
        details = self.retry_until_visible(self._get_created_list)
        logger.info("Created List %s", details.api_name)
        return details

    def _get_created_list(self) -> ListDetails:
        details = self._client.get_list(self.api_name)
        if details is None:
            raise NotFoundError("the List that was just created is not there", call=f"GET lists/{self.api_name}")
        return details

    def _read_fields(self) -> dict[str, FieldDefinition]:
        fields = self.retry_until_visible(lambda: self._client.get_fields(self.api_name))
        return {field.name.casefold(): field for field in fields}

    def _add_fields(self, columns: Sequence[ColumnMapping]) -> None:
        names = [column.field.name for column in columns]
        logger.info("List %s: creating fields %s", self.api_name, ", ".join(names))
        self._create_or_find(
            lambda: self.retry_until_visible(
                lambda: self._client.create_fields(self.api_name, [column.field for column in columns])
            ),
            lambda: all(name.casefold() in self._read_fields() for name in names),
        )
        self._fields = self._read_fields()
        absent = [name for name in names if name.casefold() not in self._fields]
        if absent:
            raise DestinationError(
                f"List {self.api_name}: Selligent accepted the fields {', '.join(absent)} but does not list them: "
                "run again, or create them in Selligent"
            )

    def _check_field_names(self, stream: str, columns: Sequence[ColumnMapping]) -> None:
        """Check that the names of new fields are possible, before anything is created.

        Raises:
            DestinationError: Naming the columns whose names are not, and the setting that gives them other fields.
        """
        bad = [column for column in columns if not API_NAME.fullmatch(column.field.name)]
        if bad:
            names = ", ".join(f"{column.field.name} (column {column.column_name})" for column in bad[:_MAX_NAMED])
            more = f" and {len(bad) - _MAX_NAMED:,} more" if len(bad) > _MAX_NAMED else ""
            mapping = {column.column_name: _NOT_IN_API_NAMES.sub("_", column.field.name) for column in bad[:_MAX_NAMED]}
            raise DestinationError(
                f"stream {stream}: List {self.api_name} cannot have fields of these names: {names}{more}; a field's "
                "name holds letters, digits and underscores only: give the columns other fields, as with "
                f"field_mapping: {json.dumps(mapping, ensure_ascii=False)}, or leave them out with null"
            )

    def _missing_fields(self, stream: str, missing: Sequence[ColumnMapping]) -> str:
        names = ", ".join(f"{column.field.name} (column {column.column_name})" for column in missing)
        return (
            f"stream {stream}: List {self.api_name} has no such fields: {names}; create them in Selligent, give the "
            "columns existing fields with field_mapping, or leave them out with field_mapping (null) "
            "or a stream map (create_list_if_not_exists adds fields only to Lists that target-selligent created); "
            "the List has: "
            + suggest_names(
                (field.name for field in (self._fields or {}).values() if field.writable),
                [column.field.name for column in missing],
            )
        )

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
                    f"Segment {segment} of List {self.api_name} does not exist: check the values of segment_column, "
                    "or set create_segment_if_not_exists to true"
                )
            self._create_or_find(
                lambda: self.retry_until_visible(lambda: self._client.create_segment(self.api_name, segment)),
                lambda: self._client.get_segment(self.api_name, segment),
            )
            logger.info("Created Segment %s of List %s", segment, self.api_name)
            return segment
        return self._static_name(found)

    def _static_name(self, found: SegmentDetails) -> str:
        """Return the API name of a Segment, if it is static."""
        if found.segment_type not in {"Static", ""}:
            raise DestinationError(
                f"Segment {found.api_name} of List {self.api_name} is {found.segment_type}: only static Segments "
                "can be loaded; name another Segment in segment_column"
            )
        return found.api_name

    def _find_segment(self, segment: str) -> SegmentDetails | None:
        """Return a Segment; None if the List has no such Segment.

        First look for it in one listing of up to 1,000 Segments, then with a GET of its own. The listing needs its own
        permission; without it, each Segment needs a GET.
        """
        if self._listed_segments is None:
            try:
                listed = self._client.list_segments(self.api_name, _MAX_LISTED_SEGMENTS)
            except FatalApiError:
                listed = []
            self._listed_segments = {details.api_name.casefold(): details for details in listed}
        found = self._listed_segments.get(segment.casefold())
        if found is None and not _UNSAFE_IN_PATH.search(segment):
            found = self._client.get_segment(self.api_name, segment)
        return found

    def _create_or_find(self, create: Callable[[], object], find: Callable[[], object]) -> None:
        """Create something. If Selligent refuses, look for it: another run may have created it at the same time.

        Args:
            create: Creates it.
            find: Returns whether it is there now.

        Raises:
            ApiError: If Selligent refuses to create it and it is not there.
        """
        self._visible_until = time.monotonic() + _VISIBLE_SECONDS
        try:
            create()
        except BadRequestError as refusal:
            try:
                found = find()
            except TargetSelligentError:
                raise refusal from None
            if not found:
                raise


def _check_api_name(what: str, name: str, setting: str) -> None:
    if not API_NAME.fullmatch(name):
        raise DestinationError(
            f"{what} cannot be created: an API name holds letters, digits and underscores only: change {setting}"
        )

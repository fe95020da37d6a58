"""The List, its fields and its Segments: checked or made before anything is loaded into them."""

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

    from target_selligent.client import ListDetails, SegmentDetails, SelligentClient
    from target_selligent.fields import ColumnMapping, FieldDefinition, StreamFields

logger = logging.getLogger("target-selligent")

API_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
"""What the vendor's help allows in the API name of a List; Segments are taken to be alike."""

CREATED_BY = "Created by target-selligent"
"""Description of the Lists that are created here. A List that bears it gets the fields that it lacks: the run that
created it may have ended before the last stream or the newest schema came."""

_NEW_SECONDS = 30
_NOT_IN_API_NAMES = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_MAX_NAMED = 10
_UNSAFE = re.compile(r"[/\\%?#;\x00-\x1f\x7f]")
"""What could mean another path to a server that decodes before it routes: such names are not asked for."""
_OVERVIEW_SEGMENTS = 1000
_T = TypeVar("_T")


class ListDestination:
    """One List as the place where records go.

    `prepare` is called from the thread that reads, `segment_name` from the one that loads.

    Args:
        client: Calls Selligent.
        list_api_name: The List, as the user spells it.
        create_list: Whether a missing List is created.
        create_segments: Whether a missing Segment is created.

    Attributes:
        api_name: The List, as the tenant spells it.
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
        self._overview: dict[str, SegmentDetails] | None = None
        self._waits_until = 0.0
        self.api_name = list_api_name

    def prepare(self, stream: str, fields: StreamFields) -> StreamFields:
        """Make sure that the List has a writable field for each column, before anything of the stream is loaded.

        Args:
            stream: Name of the stream, for messages.
            fields: What its columns should become.

        Returns:
            The same with the List's own spelling and types.

        Raises:
            DestinationError: If the List or a field is missing and may not be created, or cannot be written.
            ApiError: If Selligent refuses a call.
        """
        if self._fields is None:
            self._fields = self._open_list(stream, fields.columns)
        missing = [column for column in fields.columns if column.field.name.casefold() not in self._fields]
        if missing and not self._may_add_fields:
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
        """Return the List's field of that name, in any spelling; None if it has none, or is not prepared."""
        return (self._fields or {}).get(name.casefold())

    def segment_name(self, segment: str) -> str:
        """Return a Segment's API name in the tenant's spelling; the first time, check it or create it.

        Args:
            segment: The name a record gave.

        Returns:
            The name to use in calls.

        Raises:
            RejectedRecord: If no Segment can have that name.
            DestinationError: If the Segment is missing and may not be created, or is not static.
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

    def retry_until_visible(self, call: Callable[[], _T]) -> _T:
        """Make a load, waiting a while if what was created just now is not found yet.

        How soon a new List or Segment can be used is not documented.
        """
        pause = 0.1
        while True:
            try:
                return call()
            except NotFoundError:
                if time.monotonic() + pause > self._waits_until:
                    raise
                logger.info("List %s: a new List or Segment is not usable yet, waiting %.1f s", self.api_name, pause)
                time.sleep(pause)
                pause = min(pause * 2, 5)

    def _open_list(self, stream: str, columns: Sequence[ColumnMapping]) -> dict[str, FieldDefinition]:
        details = self._client.get_list(self.api_name)
        if details is None:
            details = self._make_list(stream, columns)
            self._may_add_fields = True
        else:
            self._may_add_fields = self._create_list and details.description.strip() == CREATED_BY
        self.api_name = details.api_name
        return self._read_fields()

    def _make_list(self, stream: str, columns: Sequence[ColumnMapping]) -> ListDetails:
        if not self._create_list:
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
        details = self.retry_until_visible(self._must_get_list)
        logger.info("Created List %s", details.api_name)
        return details

    def _must_get_list(self) -> ListDetails:
        details = self._client.get_list(self.api_name)
        if details is None:
            raise NotFoundError("the List that was created just now is not there", call=f"GET lists/{self.api_name}")
        return details

    def _read_fields(self) -> dict[str, FieldDefinition]:
        found = self.retry_until_visible(lambda: self._client.get_fields(self.api_name))
        return {field.name.casefold(): field for field in found}

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
        """Refuse names that no field can have, before anything is created.

        Raises:
            DestinationError: Naming the columns, with the setting that gives them other fields.
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
        if found.segment_type not in {"Static", ""}:
            raise DestinationError(
                f"Segment {found.api_name} of List {self.api_name} is {found.segment_type}: only static Segments "
                "can be loaded; name another Segment in segment_column"
            )
        return found.api_name

    def _find_segment(self, segment: str) -> SegmentDetails | None:
        """Look a Segment up: in the overview, which tells many in one call, else by itself, which is certain."""
        if self._overview is None:
            try:
                overview = self._client.list_segments(self.api_name, _OVERVIEW_SEGMENTS)
            except FatalApiError:
                # It is only a short cut, and a right of its own.
                overview = []
            self._overview = {details.api_name.casefold(): details for details in overview}
        known = self._overview.get(segment.casefold())
        if known is None and not _UNSAFE.search(segment):
            known = self._client.get_segment(self.api_name, segment)
        return known

    def _create_or_find(self, create: Callable[[], object], find: Callable[[], object]) -> None:
        """Create something; if Selligent refuses, go on when it is there now: another run may have made it first."""
        self._waits_until = time.monotonic() + _NEW_SECONDS
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

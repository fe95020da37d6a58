"""The endpoints of the Selligent API that are used, one method each, with typed results.

Paths, parameters (some camelCase, some snake_case, as the vendor spells them) and answers follow the API's Swagger
description, version v1.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.conversions import FieldType
from target_selligent.errors import BadRequestError, MissingIndexError, NotFoundError, UnexpectedResponseError
from target_selligent.fields import FieldDefinition
from target_selligent.refusals import RecordIndexes, RefusedRow
from target_selligent.responses import vendor_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_selligent.transport import Transport

_TYPES = {data_type.value.casefold(): data_type for data_type in FieldType}
_WRITABLE_CONTENTS = frozenset({None, "", "free", "single", "multi", "lookup", "unknown"})
_NO_INDEX = re.compile(
    r"\bunique\W+(?:\w+\W+){0,3}ind(?:ex|ices)|\bindex\b.*\b(?:cover|require|missing)|\bbusiness\s*key", re.IGNORECASE
)
"""How Selligent may say that a List lacks a unique index: the rule is announced, its words are not documented."""
_MAX_INDEX_FIELDS = 3


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Counts of one load, as Selligent gave them.

    Args:
        inserted: Records that are new.
        updated: Records that were there.
        duplicates: Rows left out by deduplication.
        not_found: Rows without a record to update or to add.
        failed: Rows refused.
        refused: What is wrong with the refused rows.
        load_failed: Whether the load as a whole is called failed: only what it names is known to be refused, and no
            other row is known to be loaded.
        message: Selligent's own words about the load, on one line; may be empty.
    """

    inserted: int
    updated: int
    duplicates: int
    not_found: int
    failed: int
    refused: tuple[RefusedRow, ...]
    load_failed: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class ListDetails:
    """A List: its API name in the tenant's spelling, and its description."""

    api_name: str
    description: str


@dataclass(frozen=True, slots=True)
class SegmentDetails:
    """A Segment: its API name in the tenant's spelling, and its type (`Static`, `Dynamic`, `External`)."""

    api_name: str
    segment_type: str


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Query parameters that all loads share; values as the settings of the same name."""

    mode: str
    deduplication: str
    error_handling: str


class SelligentClient:
    """Calls the API of one organization; may be used from any thread.

    Args:
        transport: Sends the requests.

    Attributes:
        record_indexes: What `record_index` means on this tenant.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.record_indexes = RecordIndexes()

    def close(self) -> None:
        """Close all connections, once no call is under way."""
        self._transport.close()

    @property
    def max_upload_bytes(self) -> int:
        """The largest body that the line takes in time; any, as long as it has not been slow."""
        return self._transport.uplink.max_bytes or sys.maxsize

    @property
    def response_seconds(self) -> float:
        """How long Selligent has taken for its good answers to this thread, in all, in seconds; no wait is in it."""
        return self._transport.response_seconds

    def get_list(self, list_api_name: str) -> ListDetails | None:
        """Return a List, or None if the organization has none of that name."""
        try:
            answer = self._transport.call("GET", ["lists", list_api_name])
        except NotFoundError:
            return None
        return ListDetails(_text(answer, "api_name") or list_api_name, _text(answer, "description"))

    def create_list(self, list_api_name: str, description: str) -> None:
        """Create a Userlist of that name, with its type's default fields."""
        body = {"api_name": list_api_name, "name": list_api_name, "type": "Userlist", "description": description}
        self._transport.call("POST", ["lists"], body=body)

    def get_fields(self, list_api_name: str) -> list[FieldDefinition]:
        """Return a List's fields."""
        call = ["lists", list_api_name, "fields"]
        fields = self._transport.call("GET", call).get("fields")
        if not isinstance(fields, list):
            raise UnexpectedResponseError("the answer has no fields", call=f"GET {'/'.join(call)}")
        return [_field(field) for field in fields if isinstance(field, dict)]

    def create_fields(self, list_api_name: str, fields: Iterable[FieldDefinition]) -> None:
        """Add fields to a List, all in one call: calls side by side have lost fields before release 5.102."""
        body = {"fields": [field.to_request_body() for field in fields]}
        self._transport.call("POST", ["lists", list_api_name, "fields"], body=body)

    def list_segments(self, list_api_name: str, take: int) -> list[SegmentDetails]:
        """Return the first of a List's Segments, at most so many."""
        answer = self._transport.call("GET", ["lists", list_api_name, "segments"], query={"skip": 0, "take": take})
        found = [segment for segment in answer.get("segments") or () if isinstance(segment, dict)]
        return [SegmentDetails(_text(segment, "api_name"), _text(segment, "segment_type")) for segment in found]

    def get_segment(self, list_api_name: str, segment: str) -> SegmentDetails | None:
        """Return a Segment, or None if the List has none of that name."""
        try:
            answer = self._transport.call("GET", ["lists", list_api_name, "segments", segment])
        except NotFoundError:
            return None
        return SegmentDetails(_text(answer, "api_name") or segment, _text(answer, "type"))

    def create_segment(self, list_api_name: str, segment: str) -> None:
        """Create a static Segment of that name."""
        body = {"api_name": segment, "name": segment}
        self._transport.call("POST", ["lists", list_api_name, "segments", "static"], body=body)

    def load_list(  # noqa: PLR0913 - as many as the endpoint has
        self,
        list_api_name: str,
        fields: Sequence[str],
        key_fields: Sequence[str],
        body: bytes,
        import_option: str,
        options: LoadOptions,
        *,
        splittable: bool = False,
    ) -> LoadResult:
        """Load rows into a List.

        Args:
            list_api_name: The List.
            fields: Field names, in row order.
            key_fields: Those of them that identify a record.
            body: JSON array of rows.
            import_option: `InsertAndUpdate`, `OnlyInsert` or `OnlyUpdate`.
            options: What all loads share.
            splittable: Whether the body has more than one row, so that less could be sent at once.

        Returns:
            What became of the rows.

        Raises:
            MissingIndexError: If the List needs a unique index over the key fields.
            ApiError: If Selligent refuses the call in another way, or no answer comes.
        """
        query = _load_query(fields, key_fields, options) | {"data_import_option": import_option}
        return self._load(["lists", list_api_name, "data", "load"], query, body, key_fields, splittable=splittable)

    def load_segment(  # noqa: PLR0913 - as many as the endpoint has
        self,
        list_api_name: str,
        segment: str,
        fields: Sequence[str],
        key_fields: Sequence[str],
        body: bytes,
        options: LoadOptions,
        *,
        splittable: bool = False,
    ) -> LoadResult:
        """Add members to a static Segment; arguments as for `load_list`."""
        path = ["lists", list_api_name, "segments", segment, "data", "load"]
        query = _load_query(fields, key_fields, options)
        return self._load(path, query, body, key_fields, splittable=splittable)

    def clear_segment(self, list_api_name: str, segment: str) -> None:
        """Remove all members of a static Segment."""
        self._transport.call("DELETE", ["lists", list_api_name, "segments", segment, "data", "clear"])

    def _load(
        self,
        path: Sequence[str],
        query: Mapping[str, str | int],
        body: bytes,
        key_fields: Sequence[str],
        *,
        splittable: bool,
    ) -> LoadResult:
        try:
            return _load_result(self._transport.call("POST", path, query=query, body=body, splittable=splittable))
        except BadRequestError as refusal:
            if not _NO_INDEX.search(str(refusal)):
                raise
            names = ", ".join(key_fields)
            limit = f" (of at most {_MAX_INDEX_FIELDS} fields)" if len(key_fields) > _MAX_INDEX_FIELDS else ""
            raise MissingIndexError(
                f"{refusal.message}; create a unique index{limit} over the key fields {names} of List {path[1]} in "
                "Selligent, or have it created (PUT lists/{list}/businesskey does so), and run again",
                call=refusal.call,
                status=refusal.status,
                code=refusal.code,
            ) from None


def _load_query(fields: Sequence[str], key_fields: Sequence[str], options: LoadOptions) -> dict[str, str | int]:
    return {
        "keyFields": ",".join(key_fields),
        "fields": ",".join(fields),
        "mode": options.mode,
        "deduplication": options.deduplication,
        "errorHandling": options.error_handling,
    }


def _load_result(answer: Mapping[str, Any]) -> LoadResult:
    refused = [row for row in answer.get("invalid_records") or () if isinstance(row, dict)]
    return LoadResult(
        inserted=_count(answer, "number_of_inserted_records"),
        updated=_count(answer, "number_of_updated_records"),
        duplicates=_count(answer, "number_of_duplicate_records"),
        not_found=_count(answer, "number_of_records_not_found"),
        failed=_count(answer, "number_of_failed_records"),
        load_failed=answer.get("result_code") not in {None, "Succeeded", "PartiallySucceeded"},
        message=vendor_message(answer),
        refused=tuple(
            RefusedRow(
                index=row["record_index"] if isinstance(row.get("record_index"), int) else -1,
                field=_text(row, "field_name") or None,
                message=_text(row, "message") or "no reason given",
                code=_text(row, "validation_code") or "Unknown",
            )
            for row in refused
        ),
    )


def _field(field: Mapping[str, Any]) -> FieldDefinition:
    length = field.get("length")
    return FieldDefinition(
        name=_text(field, "name"),
        data_type=_TYPES.get(_text(field, "data_type").casefold(), FieldType.UNKNOWN),
        length=length if isinstance(length, int) else None,
        writable=(_text(field, "content").casefold() or None) in _WRITABLE_CONTENTS,
    )


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _count(answer: Mapping[str, Any], name: str) -> int:
    value = answer.get(name)
    return value if isinstance(value, int) else 0

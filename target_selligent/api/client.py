"""The endpoints of the Selligent API that the target uses: one method each, with typed results.

Paths, parameters (some in camelCase, some in snake_case) and responses are vendor facts: see docs/selligent-api.md.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.api.refusals import RecordIndexes
from target_selligent.api.relations import RelationCalls
from target_selligent.api.results import (
    ListDetails,
    LoadResult,
    SegmentDetails,
    get_objects,
    get_text,
    to_field_definition,
    to_load_result,
)
from target_selligent.errors import BadRequestError, MissingIndexError, NotFoundError, UnexpectedResponseError
from target_selligent.records import RECORD_NUMBER_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_selligent.api.transport import Transport
    from target_selligent.records import FieldDefinition

_NO_INDEX = re.compile(
    r"\bunique\W+(?:\w+\W+){0,3}ind(?:ex|ices)|\bindex\b.*\b(?:cover|require|missing)|\bbusiness\s*key", re.IGNORECASE
)
"""Possible words of Selligent if a List has no unique index. The rule is documented, its error message is not: see
"Reaching the API" in docs/selligent-api.md."""
_MAX_INDEX_FIELDS = 3


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Query parameters that all loads share. Each has the value of the setting with the same name."""

    mode: str
    deduplication: str
    error_handling: str


class SelligentClient:
    """Calls the API of one organization. All threads share one object.

    Args:
        transport: Sends the requests.

    Attributes:
        record_indexes: Whether `record_index` starts at 0 or at 1 on this tenant.
        relations: Calls the endpoints of relations.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.record_indexes = RecordIndexes()
        self.relations = RelationCalls(transport)

    def close(self) -> None:
        """Close all connections. Call it when no call is running any more."""
        self._transport.close()

    @property
    def max_upload_bytes(self) -> int:
        """Size of the largest body that arrives in time; practically unlimited while the line has not been slow."""
        return self._transport.uplink.max_bytes or sys.maxsize

    @property
    def response_seconds(self) -> float:
        """Total seconds of the successful calls of this thread, without waits and failed tries."""
        return self._transport.response_seconds

    @property
    def server_errors(self) -> int:
        """How many tries of this thread were answered with 408, 5xx or the like."""
        return self._transport.server_errors

    def get_list(self, list_api_name: str) -> ListDetails | None:
        """Return a List; None if the organization has no List of this name."""
        try:
            response = self._transport.call("GET", ["lists", list_api_name])
        except NotFoundError:
            return None
        return ListDetails(
            get_text(response, "api_name") or list_api_name,
            get_text(response, "description"),
            get_text(response, "type"),
        )

    def create_list(self, list_api_name: str, description: str, list_type: str = "Userlist") -> None:
        """Create a List. Selligent adds the default fields of its type."""
        body = {"api_name": list_api_name, "name": list_api_name, "type": list_type, "description": description}
        self._transport.call("POST", ["lists"], body=body)

    def get_fields(self, list_api_name: str) -> list[FieldDefinition]:
        """Return the fields of a List.

        Raises:
            UnexpectedResponseError: If the response has no fields.
        """
        call = ["lists", list_api_name, "fields"]
        fields = self._transport.call("GET", call).get("fields")
        if not isinstance(fields, list):
            raise UnexpectedResponseError("the response has no fields", call=f"GET {'/'.join(call)}")
        return [to_field_definition(field) for field in fields if isinstance(field, dict)]

    def create_fields(self, list_api_name: str, fields: Iterable[FieldDefinition]) -> None:
        """Add fields to a List, all in one call.

        Parallel calls lost fields before release 5.102: see docs/selligent-api.md.
        """
        body = {"fields": [field.to_request_body() for field in fields]}
        self._transport.call("POST", ["lists", list_api_name, "fields"], body=body)

    def list_segments(self, list_api_name: str, take: int) -> list[SegmentDetails]:
        """Return the first Segments of a List.

        Args:
            list_api_name: The List.
            take: Maximum number of Segments.
        """
        response = self._transport.call("GET", ["lists", list_api_name, "segments"], query={"skip": 0, "take": take})
        return [
            SegmentDetails(get_text(segment, "api_name"), get_text(segment, "segment_type"))
            for segment in get_objects(response, "segments")
        ]

    def get_segment(self, list_api_name: str, segment: str) -> SegmentDetails | None:
        """Return a Segment; None if the List has no Segment of this name."""
        try:
            response = self._transport.call("GET", ["lists", list_api_name, "segments", segment])
        except NotFoundError:
            return None
        return SegmentDetails(get_text(response, "api_name") or segment, get_text(response, "type"))

    def create_segment(self, list_api_name: str, segment: str) -> None:
        """Create a static Segment."""
        body = {"api_name": segment, "name": segment}
        self._transport.call("POST", ["lists", list_api_name, "segments", "static"], body=body)

    def load_list(  # noqa: PLR0913 - the parameters of the endpoint
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
            fields: Field names, in the order of the values in a row.
            key_fields: The fields that identify a record. They are also in `fields`.
            body: JSON array of rows. Each row is an array of values.
            import_option: `InsertAndUpdate`, `OnlyInsert` or `OnlyUpdate`.
            options: Parameters that all loads share.
            splittable: Whether the body has several rows, so that the caller can send fewer at once.

        Returns:
            The counts and the refused rows.

        Raises:
            MissingIndexError: If the key fields of the List need a unique index.
            ApiError: If the call fails in another way.
        """
        query = _load_query(fields, key_fields, options) | {"data_import_option": import_option}
        return self._load(["lists", list_api_name, "data", "load"], query, body, key_fields, splittable=splittable)

    def load_segment(  # noqa: PLR0913 - the parameters of the endpoint
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
        """Add members to a static Segment. The arguments are those of `load_list`; `segment` is the API name."""
        path = ["lists", list_api_name, "segments", segment, "data", "load"]
        query = _load_query(fields, key_fields, options)
        return self._load(path, query, body, key_fields, splittable=splittable)

    def clear_segment(self, list_api_name: str, segment: str) -> None:
        """Remove all members of a static Segment."""
        self._transport.call("DELETE", ["lists", list_api_name, "segments", segment, "data", "clear"])

    def remove_members(  # noqa: PLR0913 - the parameters of the endpoint
        self,
        list_api_name: str,
        segment: str,
        key_fields: Sequence[str],
        body: bytes,
        options: LoadOptions,
        *,
        splittable: bool = False,
    ) -> LoadResult:
        """Remove members from a static Segment. Their records stay in the List.

        Args:
            list_api_name: The List.
            segment: API name of the Segment.
            key_fields: The fields that identify a record, in the order of the values in a row.
            body: JSON array of keys. Each key is an array of values.
            options: Parameters that all loads share.
            splittable: Whether the body has several keys, so that the caller can send fewer at once.
        """
        path = ["lists", list_api_name, "segments", segment, "data"]
        return self._load(
            path, _removal_query(key_fields, options), body, key_fields, method="DELETE", splittable=splittable
        )

    def delete_records(
        self,
        list_api_name: str,
        key_fields: Sequence[str],
        body: bytes,
        options: LoadOptions,
        *,
        splittable: bool = False,
    ) -> LoadResult:
        """Delete records from a List, and so from its Segments. The arguments are those of `remove_members`."""
        path = ["lists", list_api_name, "data"]
        return self._load(
            path, _removal_query(key_fields, options), body, key_fields, method="DELETE", splittable=splittable
        )

    def search_members(
        self, list_api_name: str, segment: str | None, fields: Sequence[str], *, after: int | None, take: int
    ) -> list[list[Any]]:
        """Return the members of a Segment, or the records of a List, in the order of their record numbers.

        Args:
            list_api_name: The List.
            segment: API name of the Segment; None for the whole List.
            fields: The fields to return. The record number stands before their values.
            after: Only records with a higher record number; None for all.
            take: Maximum number of records.
        """
        body: dict[str, Any] = {
            "fields": [RECORD_NUMBER_FIELD, *fields],
            "take": take,
            "order_by": RECORD_NUMBER_FIELD,
            "order_by_direction": "ASC",
        }
        if after is not None:
            body["filters"] = [
                {"field_name": RECORD_NUMBER_FIELD, "operator": "GreaterThan", "field_value": str(after)}
            ]
        path = ["lists", list_api_name, *(["segments", segment] if segment is not None else []), "data", "search"]
        response = self._transport.call("POST", path, body=body)
        return [row for row in response.get("data") or () if isinstance(row, list)]

    def _load(  # noqa: PLR0913 - the parameters of the endpoints
        self,
        path: Sequence[str],
        query: Mapping[str, str | int],
        body: bytes,
        key_fields: Sequence[str],
        *,
        method: str = "POST",
        splittable: bool,
    ) -> LoadResult:
        try:
            return to_load_result(self._transport.call(method, path, query=query, body=body, splittable=splittable))
        except BadRequestError as error:
            if not _NO_INDEX.search(str(error)):
                raise
            names = ", ".join(key_fields)
            limit = f" (of at most {_MAX_INDEX_FIELDS} fields)" if len(key_fields) > _MAX_INDEX_FIELDS else ""
            raise MissingIndexError(
                f"{error.message}; create a unique index{limit} over the key fields {names} of List {path[1]} in "
                "Selligent, or ask your administrator for it (the call is PUT lists/{list}/businesskey), and run again",
                call=error.call,
                status=error.status,
                code=error.code,
            ) from None


def _load_query(fields: Sequence[str], key_fields: Sequence[str], options: LoadOptions) -> dict[str, str | int]:
    return {
        "keyFields": ",".join(key_fields),
        "fields": ",".join(fields),
        "mode": options.mode,
        "deduplication": options.deduplication,
        "errorHandling": options.error_handling,
    }


def _removal_query(key_fields: Sequence[str], options: LoadOptions) -> dict[str, str | int]:
    return {
        "keyFields": ",".join(key_fields),
        "fields": ",".join(key_fields),
        "mode": options.mode,
        "errorHandling": options.error_handling,
    }

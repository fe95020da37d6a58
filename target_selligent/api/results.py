"""What the endpoints return, typed. Pure; no I/O.

The names in the responses are vendor facts: see docs/selligent-api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.api.refusals import RefusedRow
from target_selligent.api.responses import SUCCESS_CODES, vendor_message
from target_selligent.records import FieldDefinition, FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD_TYPES = {data_type.value.casefold(): data_type for data_type in FieldType}
_WRITABLE_CONTENTS = frozenset({None, "", "free", "single", "multi", "lookup", "unknown"})


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The response to a load.

    Args:
        inserted: Number of records created.
        updated: Number of records updated.
        duplicates: Number of rows that Selligent left out as duplicates.
        not_found: Number of rows whose key matched no record.
        failed: Number of rows refused.
        refused: The refused rows and their faults, as far as the response lists them.
        load_failed: Whether the load as a whole has failed. Then the listed rows were refused, and it is not known
            whether the other rows were loaded.
        message: What the response says about the load, on one line; can be empty.
        removed: Number of records deleted from the List, or of members removed from the Segment.
    """

    inserted: int
    updated: int
    duplicates: int
    not_found: int
    failed: int
    refused: tuple[RefusedRow, ...]
    load_failed: bool = False
    message: str = ""
    removed: int = 0


@dataclass(frozen=True, slots=True)
class ListDetails:
    """A List.

    Args:
        api_name: API name, in the spelling of the tenant.
        description: Description; can be empty.
        list_type: Type, such as `Userlist`; can be empty.
    """

    api_name: str
    description: str
    list_type: str = ""


@dataclass(frozen=True, slots=True)
class SegmentDetails:
    """A Segment.

    Args:
        api_name: API name, in the spelling of the tenant.
        segment_type: `Static`, `Dynamic` or `External`.
    """

    api_name: str
    segment_type: str


def to_load_result(response: Mapping[str, Any]) -> LoadResult:
    """Return the response to a load, typed."""
    return LoadResult(
        inserted=_get_count(response, "number_of_inserted_records"),
        updated=_get_count(response, "number_of_updated_records"),
        duplicates=_get_count(response, "number_of_duplicate_records"),
        not_found=_get_count(response, "number_of_records_not_found"),
        failed=_get_count(response, "number_of_failed_records"),
        load_failed=response.get("result_code") not in SUCCESS_CODES,
        message=vendor_message(response),
        removed=_get_count(response, "number_of_deleted_records"),
        refused=tuple(
            RefusedRow(
                index=row["record_index"] if isinstance(row.get("record_index"), int) else -1,
                field=get_text(row, "field_name") or None,
                message=get_text(row, "message") or "no reason given",
                code=get_text(row, "validation_code") or "Unknown",
            )
            for row in get_objects(response, "invalid_records")
        ),
    )


def to_field_definition(field: Mapping[str, Any]) -> FieldDefinition:
    """Return a field of a response that lists fields."""
    length = field.get("length")
    return FieldDefinition(
        name=get_text(field, "name"),
        data_type=_FIELD_TYPES.get(get_text(field, "data_type").casefold(), FieldType.UNKNOWN),
        length=length if isinstance(length, int) else None,
        writable=(get_text(field, "content").casefold() or None) in _WRITABLE_CONTENTS,
    )


def get_text(response: Mapping[str, Any], name: str) -> str:
    """Return a text of a response; empty if it has none."""
    value = response.get(name)
    return value if isinstance(value, str) else ""


def get_objects(response: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in an array of a response; none if it has no such array."""
    values = response.get(name)
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _get_count(response: Mapping[str, Any], name: str) -> int:
    value = response.get(name)
    return value if isinstance(value, int) else 0

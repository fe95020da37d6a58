"""Reads the names of the Segments from records. Pure; no I/O."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.errors import RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.records.row_types import Segments

NO_SEGMENT = "no_segment"
"""Code of a record that names no Segment: what becomes of it is a matter of settings, and no fault."""

_TEXT_OR_NOTHING = frozenset({str, type(None), UnsetType})


def parse_flattened_array(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the array that the SDK's flattening has written as text. Return other values unchanged.

    No Segment's API name starts with a bracket.
    """
    if isinstance(value, str) and value.startswith("["):
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(value)
    return value


def read_segment_names(values: Sequence[Any], column_name: str, *, required: bool) -> list[Segments]:
    """Return the Segment or Segments that each record names; an empty tuple if it names none.

    Args:
        values: The records' values in the segment column. UNSET if a record lacks the column.
        column_name: Name of the segment column.
        required: Whether each record must name a Segment.

    Raises:
        RejectedRecord: If a record names no Segment although it must, or has a value that is not a name. The error
            does not say which record it is.
    """
    if _TEXT_OR_NOTHING.issuperset(map(type, values)):
        # Equal names become one object, because later steps compare them often.
        segments = {value: _read_names(value, column_name) for value in set(values)}
        named: list[Segments] = list(map(segments.__getitem__, values))
        any_without = () in segments.values()
    else:
        named = [_read_names(value, column_name) for value in values]
        any_without = () in named
    if any_without and required:
        raise RejectedRecord("it names no Segment", field=column_name, code=NO_SEGMENT)
    return named


def _read_names(value: object, column_name: str) -> Segments:
    """Return the Segment or Segments in a value of the segment column; an empty tuple if there is none.

    Raises:
        RejectedRecord: If the value is neither blank nor a name.
    """
    if isinstance(value, str):
        return value if value.strip() else ()
    names = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, (str, int)) and not isinstance(item, bool):
            names.append(str(item))
        elif item is not None and item is not UNSET:
            raise RejectedRecord(
                "the Segment is neither text nor a whole number", field=column_name, code="bad_segment"
            )
    return tuple(dict.fromkeys(filter(str.strip, names)))

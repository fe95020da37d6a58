"""The Segments that records name. Pure; no I/O."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.errors import RejectedRecord
from target_selligent.rejects import NO_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batch import Segments

_TEXT_OR_NOTHING = frozenset({str, type(None), UnsetType})


def parse_flattened_array(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the array that a value was before the SDK's flattening wrote it as text; other values as they are.

    No Segment's API name starts with a bracket.
    """
    if isinstance(value, str) and value.startswith("["):
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(value)
    return value


def read_segment_names(values: Sequence[Any], column: str, *, required: bool) -> list[Segments]:
    """Return the Segment or Segments that each record names; an empty tuple for one that names none.

    Args:
        values: What the records hold in the segment column; UNSET where they lack it.
        column: The segment column.
        required: Whether each record must name one.

    Raises:
        RejectedRecord: If a record names none and must, or holds what is no name; which of them is not said.
    """
    if _TEXT_OR_NOTHING.issuperset(map(type, values)):
        # One object for each name: what comes later compares them often.
        segments = {value: _read_segment_names(value, column) for value in set(values)}
        named: list[Segments] = list(map(segments.__getitem__, values))
        lacking = () in segments.values()
    else:
        named = [_read_segment_names(value, column) for value in values]
        lacking = () in named
    if lacking and required:
        raise RejectedRecord("it names no Segment", field=column, code=NO_SEGMENT)
    return named


def _read_segment_names(value: object, column: str) -> Segments:
    """Return the Segment or Segments that a value of the segment column names; an empty tuple if it names none.

    Raises:
        RejectedRecord: If it holds something that is neither a name nor left blank.
    """
    if isinstance(value, str):
        return value if value.strip() else ()
    names = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, (str, int)) and not isinstance(item, bool):
            names.append(str(item))
        elif item is not None and item is not UNSET:
            raise RejectedRecord("the Segment is neither text nor a whole number", field=column, code="bad_segment")
    return tuple(dict.fromkeys(filter(str.strip, names)))

"""Reads the names of the Segments from records. Pure; no I/O."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from target_selligent.errors import RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.records.row_types import Segments

NO_SEGMENT = "no_segment"
"""Code of a record that names no Segment: what becomes of it is a matter of settings, and no fault."""

NOT_IN_LIST = "not_in_list"
"""Code of a record that its List does not have, if only Segments are loaded: it may be right that nobody creates it."""

_TEXT_OR_NOTHING = frozenset({str, type(None), UnsetType})


def parse_flattened_array(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the array that the SDK's flattening has written as text. Return other values unchanged.

    No Segment's API name starts with a bracket.
    """
    if isinstance(value, str) and value.startswith("["):
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(value)
    return value


def read_segment_names(
    values: Sequence[Any], column_name: str, *, required: bool, underscore: bool = False
) -> list[Segments]:
    """Return the Segment or Segments that each record names; an empty tuple if it names none.

    Args:
        values: The records' values in the segment column. UNSET if a record lacks the column.
        column_name: Name of the segment column.
        required: Whether each record must name a Segment.
        underscore: Whether each blank in a name becomes an underscore.

    Raises:
        RejectedRecord: If a record names no Segment although it must, or has a value that is not a name. The error
            does not say which record it is.
    """
    distinct = _find_distinct(values)
    if distinct is not None:
        # Equal names become one object, because later steps compare them often.
        segments = {value: _read_names(value, column_name, underscore=underscore) for value in distinct}
        named: list[Segments] = list(map(segments.__getitem__, values))
        any_without = () in segments.values()
    else:
        named = [_read_names(value, column_name, underscore=underscore) for value in values]
        any_without = () in named
    if any_without and required:
        raise RejectedRecord("it names no Segment", field=column_name, code=NO_SEGMENT)
    return named


def _find_distinct(values: Sequence[Any]) -> set[Any] | None:
    """Return the distinct values; None if they are not all texts, null or missing."""
    try:
        distinct = set(values)
    except TypeError:
        # An array or object among them.
        return None
    # A value that equals a text is a text.
    return distinct if _TEXT_OR_NOTHING.issuperset(map(type, distinct)) else None


def style_segment_name(name: str, *, underscore: bool) -> str:
    """Return the name of a Segment in the style of `segment_name_style`."""
    return name.replace(" ", "_") if underscore else name


def read_actions(values: Sequence[Any], column_name: str, meanings: Mapping[str, str]) -> list[bool]:
    """Return for each record whether it leaves its Segments.

    Args:
        values: The records' values in the action column. UNSET if a record lacks the column.
        column_name: Name of the action column.
        meanings: Each value as text, with `add` or `remove`.

    Raises:
        RejectedRecord: If a value has no meaning. The error does not say which record it is.
    """
    actions = [meanings.get(value if isinstance(value, str) else _encode_value(value)) for value in values]
    if None in actions:
        raise RejectedRecord(
            f"its action is none of {', '.join(meanings)} (action_values)", field=column_name, code="bad_action"
        )
    return [action == "remove" for action in actions]


def _encode_value(value: object) -> str:
    return "" if value is UNSET else msgspec.json.encode(value).decode()


def _read_names(value: object, column_name: str, *, underscore: bool) -> Segments:
    """Return the Segment or Segments in a value of the segment column; an empty tuple if there is none.

    Raises:
        RejectedRecord: If the value is neither blank nor a name.
    """
    if isinstance(value, str):
        return style_segment_name(value, underscore=underscore) if value.strip() else ()
    names = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, (str, int)) and not isinstance(item, bool):
            names.append(str(item))
        elif item is not None and item is not UNSET:
            raise RejectedRecord(
                "the Segment is neither text nor a whole number", field=column_name, code="bad_segment"
            )
    styled = (style_segment_name(name, underscore=underscore) for name in names if name.strip())
    return tuple(dict.fromkeys(styled))

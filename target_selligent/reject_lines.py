"""The lines of the rejects file: the tap's messages as they came, with what is known of them. Pure; no I/O.

A message is never decoded and written again: that would change what it holds, as `1e400`. Details are members of the
same JSON object, behind those of the tap, so that each line can be read as a whole, and the tap's message be cut out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.batch import Route
    from target_selligent.row_types import Key

MEMBER_TYPE = "SEGMENT_MEMBER"
"""Type of the messages for records that are in their List and could not join a Segment."""

RUN_OF_REJECTS = "rejects_of_run"
"""What a SCHEMA of the rejects file has besides: the run whose rejects follow."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_REASON = b', "reason": '
_RUN = f', "{RUN_OF_REJECTS}": '.encode()


class RejectDetails(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of a rejected record, or of a Segment member.

    Args:
        reason: Why, in Selligent's own words where it gave some.
        field: Column or field at fault.
        code: Kind of fault.
        segment: Segment that could not be joined.
        list: List it was meant for.
        record_number: Its number in its stream, from 1.
        time: When it was rejected.
        run_id: The run.
    """

    reason: str
    field: str | None
    code: str
    segment: str | None
    list: str
    record_number: int
    time: str
    run_id: str


class SchemaDetails(msgspec.Struct, forbid_unknown_fields=True):
    """What a SCHEMA of the rejects file has besides.

    Args:
        rejects_of_run: The run whose rejects follow.
        time: When the first of them was rejected.
    """

    rejects_of_run: str
    time: str


def add_details(line: bytes, details: RejectDetails | SchemaDetails) -> bytes:
    """Return a line of the rejects file, with its newline.

    Args:
        line: A message as it came.
        details: What is known of it.
    """
    message = remove_details(line).strip().removeprefix(_BYTE_ORDER_MARK)
    known = json.dumps(msgspec.structs.asdict(details)).encode()
    return message[:-1] + b", " + known[1:] + b"\n"


def remove_details(line: bytes) -> bytes:
    """Return a message as it came; a line that never was in a rejects file is returned as it is.

    Args:
        line: A line, perhaps of a rejects file.
    """
    for mark, kind in ((_REASON, RejectDetails), (_RUN, SchemaDetails)):
        at = line.rfind(mark)
        if at > 0:
            try:
                msgspec.json.decode(b"{" + line[at + 2 :], type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            return line[:at] + b"}"
    return line


def encode_member_message(route: Route, key: Sequence[Any], segment: str) -> bytes:
    """Return a message for a record that is in its List and could not join a Segment.

    Its other columns are loaded: they are left out, so that a replay cannot bring back old ones.

    Args:
        route: Where it came from.
        key: Values of its key columns, as they are sent.
        segment: The Segment.
    """
    record = dict(zip(route.key_columns, key, strict=True))
    message = {"type": MEMBER_TYPE, "stream": route.origin.stream, "alias": route.stream, "record": record}
    return json.dumps({**message, "member_of": segment}).encode()


def parse_member_message(message: Mapping[str, Any], route: Route) -> tuple[Key, str]:
    """Return the key and the Segment of a message that `encode_member_message` made.

    Args:
        message: The message.
        route: Where it comes from.

    Raises:
        InputError: If it does not fit the stream's key.
    """
    record, segment = message.get("record"), message.get("member_of")
    columns = route.key_columns
    if not isinstance(record, dict) or record.keys() != set(columns) or not isinstance(segment, str):
        raise InputError(
            f"a Segment member of the input lacks the key of stream {route.stream} ({', '.join(columns)}): "
            "replay with the key_fields of the run that wrote it"
        )
    values = tuple(record[column] for column in columns)
    return (values if len(values) > 1 else values[0]), segment

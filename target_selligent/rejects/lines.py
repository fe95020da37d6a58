"""The lines of the rejects file: messages exactly as they came, with details about the rejection. Pure; no I/O.

A message is never decoded and encoded again, because that can change its values (`1e400`). The details are members of
the same JSON object, after the members of the message. So a line is one JSON object, and the message can be cut out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_selligent.batches import Route
    from target_selligent.records import Key

MEMBER_TYPE = "SEGMENT_MEMBER"
"""The type of messages for records that are in their List and did not become members of a Segment."""

RUN_OF_REJECTS = "rejects_of_run"
"""The additional member of a SCHEMA message in the rejects file: the run that wrote the lines after it."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_START_OF_REJECT_DETAILS = b', "reason": '
_START_OF_SCHEMA_DETAILS = f', "{RUN_OF_REJECTS}": '.encode()


class RejectDetails(msgspec.Struct, forbid_unknown_fields=True):
    """The details of a rejected record or Segment member.

    Args:
        reason: Why it was rejected. If Selligent refused it, the message of Selligent.
        field: The column or field with the wrong value; None if it is not a single one.
        code: The code of the error.
        segment: The Segment that the record did not join; None if the rejection is not about a Segment.
        list: The List that the record is for.
        record_number: The number of the record in its stream, from 1.
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
    """The details of a SCHEMA message.

    Args:
        rejects_of_run: The run that wrote the lines after it.
        time: When the first of these lines was written.
    """

    rejects_of_run: str
    time: str


def add_details(line: bytes, details: RejectDetails | SchemaDetails) -> bytes:
    """Return a line of the rejects file, with a newline at its end.

    Args:
        line: A message exactly as it came. If it comes from a rejects file, the details replace the old ones.
        details: The details.
    """
    message = remove_details(line).strip().removeprefix(_BYTE_ORDER_MARK)
    members = json.dumps(msgspec.structs.asdict(details)).encode()
    return message[:-1] + b", " + members[1:] + b"\n"


def remove_details(line: bytes) -> bytes:
    """Return the message of a line of the rejects file, exactly as it came. Return any other line unchanged.

    Args:
        line: A line, from a rejects file or not.
    """
    for start, details in ((_START_OF_REJECT_DETAILS, RejectDetails), (_START_OF_SCHEMA_DETAILS, SchemaDetails)):
        at = line.rfind(start)
        if at > 0:
            try:
                msgspec.json.decode(b"{" + line[at + len(", ") :], type=details)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            return line[:at] + b"}"
    return line


def encode_member_message(route: Route, key_row: Sequence[Any], segment: str) -> bytes:
    """Return the message for a record that is in its List and did not become a member of a Segment.

    It has the key only. The other columns are in the List already, and a replay of them could restore old values.

    Args:
        route: The route of the record.
        key_row: The values of the key fields as they are sent, in key order.
        segment: The Segment.
    """
    record = dict(zip(route.key_columns, key_row, strict=True))
    message = {"type": MEMBER_TYPE, "stream": route.origin.stream, "alias": route.stream, "record": record}
    return json.dumps({**message, "member_of": segment}).encode()


def parse_member_message(message: Mapping[str, Any], route: Route) -> tuple[Key, str]:
    """Return the key and the Segment of a message that `encode_member_message` wrote.

    Args:
        message: The message.
        route: The route of the stream.

    Raises:
        InputError: If the message does not have exactly the key columns of the stream, and a Segment.
    """
    record, segment = message.get("record"), message.get("member_of")
    columns = route.key_columns
    if not isinstance(record, dict) or record.keys() != set(columns) or not isinstance(segment, str):
        raise InputError(
            f"a Segment member of the input does not have the key of stream {route.stream} ({', '.join(columns)}): "
            "replay it with the key_fields of the run that wrote it"
        )
    values = tuple(record[column] for column in columns)
    return (values if len(values) > 1 else values[0]), segment

"""Lines of the rejects file: the message is unchanged, and the details can be removed again."""

from __future__ import annotations

import json

import pytest

from target_selligent.batches.batch import Route
from target_selligent.errors import InputError
from target_selligent.records.conversions import FieldType
from target_selligent.records.row_types import Origin
from target_selligent.rejects.lines import (
    RejectDetails,
    SchemaDetails,
    add_details,
    encode_member_message,
    parse_member_message,
    remove_details,
)

DETAILS = RejectDetails("why, \"reason\": {'x'}", "NAME", "too_long", None, "contacts", 7, "now", "run")
TWO_KEYS = Route(
    "people", "contacts", ("A", "B"), ("a", "b"), (FieldType.LONG, FieldType.TEXT), origin=Origin("customers", b"{}")
)
ONE_KEY = Route("people", "contacts", ("A",), ("a",), (FieldType.LONG,), origin=Origin("customers", b"{}"))

MESSAGES = [
    b'{"type":"RECORD","stream":"s","record":{"a":1e400,"b":0.10}}',
    b'{"type": "RECORD", "stream": "s", "record": {"a": NaN}}',
    b'{"record": {}, "reason": "mine", "stream": "s"}',
    b'{"record": {"text": ", \\"reason\\": "}, "stream": "\xc3\xa4"}',
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_can_be_cut_out_of_its_line(message: bytes) -> None:
    """It is what came, byte by byte, and the details are members of the same object."""
    line = add_details(message, DETAILS)
    assert line.endswith(b"\n")
    assert remove_details(line.rstrip(b"\n")) == message
    assert json.loads(line)["record_number"] == 7


@pytest.mark.parametrize("message", MESSAGES)
def test_other_lines_stay_unchanged(message: bytes) -> None:
    """A message with a column of such a name never was in a rejects file."""
    assert remove_details(message) == message


def test_new_details_replace_the_old_ones() -> None:
    """A record that is rejected again in a replay has one reason."""
    once = add_details(b'{"a":1}', DETAILS)
    assert add_details(once.rstrip(b"\n"), DETAILS) == once


def test_blanks_around_a_message_and_a_byte_order_mark_are_removed() -> None:
    """A line of the file is one JSON object."""
    assert add_details(b'\xef\xbb\xbf{"a":1} \r\n', DETAILS).startswith(b'{"a":1, "reason"')


def test_a_schema_names_the_run() -> None:
    """The target recognizes a replay by this member."""
    line = add_details(b'{"type":"SCHEMA"}', SchemaDetails("run", "now"))
    assert json.loads(line) == {"type": "SCHEMA", "rejects_of_run": "run", "time": "now"}
    assert remove_details(line.rstrip(b"\n")) == b'{"type":"SCHEMA"}'


@pytest.mark.parametrize(("route", "key"), [(ONE_KEY, 5), (TWO_KEYS, (5, "x"))])
def test_a_member_message_has_the_key_and_the_segment(route: Route, key: object) -> None:
    """What is written can be read again; the tap's stream and the name after stream maps are both there."""
    message = json.loads(encode_member_message(route, route.key_rows([key])[0], "vip"))
    assert (message["type"], message["stream"], message["alias"]) == ("SEGMENT_MEMBER", "customers", "people")
    assert parse_member_message(message, route) == (key, "vip")


@pytest.mark.parametrize(
    "message",
    [
        {"record": {"a": 1}, "member_of": "vip"},
        {"record": {"a": 1, "b": "x", "c": 2}, "member_of": "vip"},
        {"record": {"a": 1, "b": "x"}},
        {"record": {"a": 1, "b": "x"}, "member_of": 5},
        {"record": None, "member_of": "vip"},
        {},
    ],
    ids=str,
)
def test_a_member_message_with_another_key_is_an_error(message: dict[str, object]) -> None:
    """The error names the key columns and what to do."""
    with pytest.raises(InputError, match=r"stream people \(a, b\): replay it with the key_fields"):
        parse_member_message(message, TWO_KEYS)

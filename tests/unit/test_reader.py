"""The reader processes each line once, in the order that matters, whatever the chunks of the input are."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.reader import MessageReader

if TYPE_CHECKING:
    from collections.abc import Sequence

Event = tuple[str, str, Any]
"""The List (or the message type), the stream, and the value that identifies the message."""


@dataclass
class LoggingReceiver:
    """Writes the RECORD messages of one stream to a log that all streams share."""

    stream: str
    list_api_name: str
    log: list[Event]
    message_type: type[msgspec.Struct] | None = None
    batch_sizes: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Create the type: records with a whole number, and an optional `x` after the first one."""
        self._set_type([("n", int)])

    def _set_type(self, columns: list[Any]) -> None:
        record = msgspec.defstruct("Record", columns, forbid_unknown_fields=True)
        self.message_type = msgspec.defstruct(
            "Message", [("type", Literal["RECORD"]), ("record", record)], tag_field="stream", tag=self.stream
        )

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Log RECORD messages of the type."""
        self.batch_sizes[len(messages)] += 1
        for message, line in zip(messages, lines, strict=True):
            assert json.loads(line)["record"]["n"] == message.record.n
            self.log.append((self.list_api_name, self.stream, message.record.n))

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Log a record of another form, and widen the type for similar records."""
        assert json.loads(line)["record"] == record
        self.log.append((self.list_api_name, self.stream, record["n"]))
        if "x" in record:
            self._set_type([("n", int), ("x", msgspec.Raw, msgspec.Raw())])


class ChunkedInput(io.RawIOBase):
    """Input that arrives in chunks of the given sizes."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content = io.BytesIO(content)
        self._sizes = iter(sizes)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next chunk."""
        return self._content.readinto(memoryview(buffer)[: next(self._sizes, len(buffer))])


LISTS = {"a": "one", "b": "one", "c": "two"}
_LINES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "mapped"]), st.sampled_from([{}, {}, {"x": [1]}, {"n": 0.5}]))
    | st.sampled_from(["STATE", "", "  "]),
    max_size=30,
)


def read(lines: list[Any], sizes: list[int], ending: bytes = b"\n") -> tuple[list[Event], list[Event], MessageReader]:
    """Read lines. Return the events in the log, the expected events, and the reader."""
    events: list[Event] = []
    expected: list[Event] = []
    reader = MessageReader()
    reader.record_receivers = {stream: LoggingReceiver(stream, name, events) for stream, name in LISTS.items()}
    text = []
    for number, line in enumerate(lines):
        if isinstance(line, tuple):
            stream, more = line
            record = {"n": number, **more}
            text.append(json.dumps({"type": "RECORD", "stream": stream, "record": record}))
            expected.append((LISTS.get(stream, "RECORD"), stream, record["n"]))
        elif line == "STATE":
            text.append(json.dumps({"type": "STATE", "value": number}))
            expected.append(("STATE", "", number))
        else:
            text.append(line)
    callbacks = {
        "RECORD": lambda message: events.append(("RECORD", message["stream"], message["record"]["n"])),
        "STATE": lambda message: events.append(("STATE", "", message["value"])),
    }
    content = b"".join(line.encode() + ending for line in text).removesuffix(ending)
    source = io.BufferedReader(ChunkedInput(content, sizes), 64)
    counts = reader.process_lines(source, callbacks)
    assert reader.failure is None
    assert counts["RECORD"] == sum(isinstance(line, tuple) for line in lines)
    return events, expected, reader


@given(_LINES, st.lists(st.integers(1, 200)), st.sampled_from([b"\n", b"\r\n"]))
def test_every_line_is_processed_once_and_in_order(lines: list[Any], sizes: list[int], ending: bytes) -> None:
    """Records of a List keep their order, no record passes a STATE, and blank lines are ignored."""
    events, expected, reader = read(lines, sizes, ending)
    assert Counter(events) == Counter(expected)
    for name in ("one", "two"):
        of_list = {name, "STATE"}
        in_list = [event for event in events if event[0] in of_list]
        assert in_list == [event for event in expected if event[0] in of_list]
    written = len(lines) if lines and lines[-1] != "" else len(lines) - 1
    assert reader.place in {f"line {number} of the input" for number in (len(lines), max(0, written))}


def test_lines_larger_than_the_buffer() -> None:
    """A line can be longer than the buffer. The lines before and after it are read too."""
    large = ("a", {"x": "y" * 2_000_000})
    events, expected, _ = read([("a", {}), large, ("b", {}), ("a", {"x": "z" * 300_000}), large, "STATE"], [])
    assert events == expected


def test_records_are_processed_together() -> None:
    """Records of two Lists that alternate are processed together by stream, also if a few are of another form."""
    lines: list[Any] = [*(("ac"[number % 2], {}) for number in range(100)), "STATE"]
    lines[50] = ("a", {"x": 1})
    _, _, reader = read(lines, [])
    receivers: Any = reader.record_receivers.values()
    sizes = [dict(receiver.batch_sizes) for receiver in receivers]
    assert sizes == [{25: 1, 24: 1}, {}, {25: 2}]


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"RECORD","stream":"-","record":{"n":1}}',
        b'{"type":"RECORD","stream":"--","record":{"n":1}}',
        b'{"type":1,"stream":"--"}',
        b'{"type":"RECORD","record":{"n":1}}',
    ],
)
def test_records_of_unknown_streams(line: bytes) -> None:
    """The callback gets a record of a stream without receiver, whatever its name. Without a stream, reading fails."""
    reader = MessageReader()
    log: list[Event] = []
    reader.record_receivers = {"a": LoggingReceiver("a", "one", log)}
    passed_on: list[Any] = []
    reader.process_lines(io.BytesIO(line), {"RECORD": passed_on.append})
    assert log == []
    assert passed_on or reader.failure is not None

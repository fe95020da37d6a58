"""The reader: every line becomes one message, in order where order counts, however the input is cut into chunks."""

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
"""The List (or a type of message), the stream, the value that tells messages apart."""


@dataclass
class Taker:
    """Takes the RECORDs of one stream down in a log that all streams share."""

    stream: str
    list_api_name: str
    log: list[Event]
    message_type: type[msgspec.Struct] | None = None
    at_once: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the type: records with a whole number, and maybe an `x` once it was seen."""
        self._use([("n", int)])

    def _use(self, columns: list[Any]) -> None:
        record = msgspec.defstruct("Record", columns, forbid_unknown_fields=True)
        self.message_type = msgspec.defstruct(
            "Message", [("type", Literal["RECORD"]), ("record", record)], tag_field="stream", tag=self.stream
        )

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Take RECORDs of the type."""
        self.at_once[len(messages)] += 1
        for message, line in zip(messages, lines, strict=True):
            assert json.loads(line)["record"]["n"] == message.record.n
            self.log.append((self.list_api_name, self.stream, message.record.n))

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Take a RECORD of another form, and its likes from then on."""
        assert json.loads(line)["record"] == record
        self.log.append((self.list_api_name, self.stream, record["n"]))
        if "x" in record:
            self._use([("n", int), ("x", msgspec.Raw, msgspec.Raw())])


class Dribble(io.RawIOBase):
    """Input that comes in pieces of given sizes."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content = io.BytesIO(content)
        self._sizes = iter(sizes)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next piece."""
        return self._content.readinto(memoryview(buffer)[: next(self._sizes, len(buffer))])


LISTS = {"a": "one", "b": "one", "c": "two"}
_LINES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "mapped"]), st.sampled_from([{}, {}, {"x": [1]}, {"n": 0.5}]))
    | st.sampled_from(["STATE", "", "  "]),
    max_size=30,
)


def read(lines: list[Any], sizes: list[int], ending: bytes = b"\n") -> tuple[list[Event], list[Event], MessageReader]:
    """Read lines and return what was taken, what should have been, and the reader."""
    taken: list[Event] = []
    wanted: list[Event] = []
    reader = MessageReader()
    reader.record_receivers = {stream: Taker(stream, name, taken) for stream, name in LISTS.items()}
    text = []
    for number, line in enumerate(lines):
        if isinstance(line, tuple):
            stream, more = line
            record = {"n": number, **more}
            text.append(json.dumps({"type": "RECORD", "stream": stream, "record": record}))
            wanted.append((LISTS.get(stream, "RECORD"), stream, record["n"]))
        elif line == "STATE":
            text.append(json.dumps({"type": "STATE", "value": number}))
            wanted.append(("STATE", "", number))
        else:
            text.append(line)
    callbacks = {
        "RECORD": lambda message: taken.append(("RECORD", message["stream"], message["record"]["n"])),
        "STATE": lambda message: taken.append(("STATE", "", message["value"])),
    }
    content = b"".join(line.encode() + ending for line in text).removesuffix(ending)
    source = io.BufferedReader(Dribble(content, sizes), 64)
    counts = reader.process_lines(source, callbacks)
    assert reader.failure is None
    assert counts["RECORD"] == sum(isinstance(line, tuple) for line in lines)
    return taken, wanted, reader


@given(_LINES, st.lists(st.integers(1, 200)), st.sampled_from([b"\n", b"\r\n"]))
def test_every_line_is_taken_once_and_in_order(lines: list[Any], sizes: list[int], ending: bytes) -> None:
    """Records keep their order by List, nothing that came before a STATE is taken after it, blank lines are nothing."""
    taken, wanted, reader = read(lines, sizes, ending)
    assert Counter(taken) == Counter(wanted)
    for name in ("one", "two"):
        of_list = {name, "STATE"}
        assert [event for event in taken if event[0] in of_list] == [event for event in wanted if event[0] in of_list]
    written = len(lines) if lines and lines[-1] != "" else len(lines) - 1
    assert reader.line_number in {len(lines), max(0, written)}


def test_lines_larger_than_the_buffer() -> None:
    """A line of any length is taken whole, with those around it."""
    large = ("a", {"x": "y" * 2_000_000})
    taken, wanted, _ = read([("a", {}), large, ("b", {}), ("a", {"x": "z" * 300_000}), large, "STATE"], [])
    assert taken == wanted


def test_records_are_taken_together() -> None:
    """RECORDs of a stream that alternate with those of another List are taken at once, also where a few are odd."""
    lines: list[Any] = [*(("ac"[number % 2], {}) for number in range(100)), "STATE"]
    lines[50] = ("a", {"x": 1})
    _, _, reader = read(lines, [])
    sizes = [dict(taker.at_once) for taker in reader.record_receivers.values() if isinstance(taker, Taker)]
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
def test_streams_that_nobody_knows(line: bytes) -> None:
    """A RECORD of no stream, or of one without a taker, is left to the callback or refused, whatever its name."""
    reader = MessageReader()
    log: list[Event] = []
    reader.record_receivers = {"a": Taker("a", "one", log)}
    passed_on: list[Any] = []
    reader.process_lines(io.BytesIO(line), {"RECORD": passed_on.append})
    assert log == []
    assert passed_on or reader.failure is not None

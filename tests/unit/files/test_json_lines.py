"""Lines of files become RECORD messages, each with the number of its line."""

from __future__ import annotations

import io
import json

import pytest

from target_selligent.errors import InputError
from target_selligent.files.json_lines import read_lines, read_messages
from target_selligent.records import RecordLineWriter

BOM = b"\xef\xbb\xbf"


def test_lines_become_messages() -> None:
    """Blank lines keep their place, so that the numbers of lines are right."""
    content = BOM + b'{"a": 1}\r\n\n  {"a": 2}  \n{"a": 3}'
    (messages,) = read_messages(io.BytesIO(content), "people", RecordLineWriter("people", version=7))
    assert messages[1] == b""
    del messages[1]
    assert [json.loads(message) for message in messages] == [
        {"type": "RECORD", "stream": "people", "version": 7, "record": {"a": number}} for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("line", [b"[1]", b"1", b"null", b'"a"', b"a,b"])
def test_a_line_that_is_no_object(line: bytes) -> None:
    """The lines before it come first; its number is that in the file."""
    lines = [b'{"a": 1}'] * 3000
    chunks = read_messages(io.BytesIO(b"\n".join([*lines, line, *lines])), "people", RecordLineWriter("a"))
    found: list[bytes] = []
    with pytest.raises(InputError, match="line 3,001 of people is not a JSON object"):
        found.extend(message for messages in chunks for message in messages)
    assert len(found) == 3000


def test_a_long_line_is_read_whole() -> None:
    """A line may be longer than a chunk."""
    content = [b"x" * 1_000_000, b"y"]
    assert [line for lines in read_lines(io.BytesIO(b"\n".join(content))) for line in lines] == content

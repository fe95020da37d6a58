"""Lines of files become RECORD messages, each with the number of its line."""

from __future__ import annotations

import io
import json

import pytest

from target_selligent.errors import InputError
from target_selligent.files.json_lines import describe_types, find_types, read_lines, read_messages
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


def types_of(*lines: str) -> dict[str, set[str]]:
    """Return the types of a file."""
    types: dict[str, set[str]] = {}
    find_types(io.BytesIO("\n".join(lines).encode()), "people", types)
    return types


def test_the_schema_has_every_column_and_type() -> None:
    """Columns come in the order in which they come first; a column that is always null is text."""
    lines = [
        '{"z": "1", "a": null, "n": 1, "m": 1, "nan": NaN}',
        "",
        '{"z": "2", "flag": true, "o": {"x": 1}, "l": [1], "n": 0.5, "m": "x"}',
        *(f'{{"column {number}": 1}}' for number in range(30_000)),
    ]
    properties = describe_types(types_of(*lines))["properties"]
    assert list(properties)[:9] == ["z", "a", "n", "m", "nan", "flag", "o", "l", "column 0"]
    assert len(properties) == 30_008
    assert {name: described["type"] for name, described in list(properties.items())[:8]} == {
        "z": ["string", "null"],
        "a": ["string", "null"],
        "n": ["integer", "number", "null"],
        "m": ["integer", "string", "null"],
        "nan": ["number", "null"],
        "flag": ["boolean", "null"],
        "o": ["object", "null"],
        "l": ["array", "null"],
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[1]", "line 2 of people is not a JSON object"),
        ('{"a": 1', "line 2 of people is not valid JSON"),
        ('{"type": "RECORD", "stream": "a", "record": {}}', "line 2 of people is a message of a tap"),
        ('{"type": "STATE", "value": {}}', "line 2 of people is a message of a tap"),
    ],
)
def test_lines_that_are_no_records(line: str, words: str) -> None:
    """They are found before anything is loaded."""
    with pytest.raises(InputError, match=words):
        types_of('{"type": "RECORD"}', line)

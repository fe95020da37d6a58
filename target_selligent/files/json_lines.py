"""Files with one JSON object in each line."""

from __future__ import annotations

import codecs
from typing import IO, TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import InputError
from target_selligent.records import lenient_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_selligent.records import RecordLineWriter

_CHUNK_BYTES = 1 << 18
_MAX_SHAPES = 10_000
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
}
_MESSAGE_TYPES = {"SCHEMA", "RECORD", "STATE"}
_BODIES = {"schema", "record", "value"}

_decode_strictly = msgspec.json.Decoder().decode


def find_types(file: IO[bytes], name: str, types: dict[str, set[str]]) -> None:
    """Add the types that the columns of a file have.

    Args:
        file: The file.
        name: Its name, for messages.
        types: Column to the names of its types in JSON Schema, without null. It is changed.

    Raises:
        InputError: If a line is not a JSON object, or if the file holds the messages of a tap.
    """
    number = 0
    shapes: dict[tuple[Any, ...], None] = {}
    for lines in read_lines(file):
        for line in lines:
            number += 1
            if line:
                record = _decode(line, f"line {number:,} of {name}")
                # Many records have the same shape.
                shape = (*record, *map(type, record.values()))
                shapes[shape] = None
        if len(shapes) > _MAX_SHAPES:
            _add_types(shapes, types)
            shapes.clear()
    _add_types(shapes, types)


def describe_types(types: Mapping[str, set[str]]) -> Mapping[str, Any]:
    """Return the JSON Schema of records whose columns have some types. Every column may be null.

    Args:
        types: Column to the names of its types. A column without any is text.
    """
    properties = {name: {"type": [*sorted(found or {"string"}), "null"]} for name, found in types.items()}
    return {"type": "object", "properties": properties}


def _decode(line: bytes, place: str) -> dict[str, Any]:
    try:
        record = _decode_strictly(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            record = lenient_json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{place} is not valid JSON: correct the file, or whatever writes it") from None
    if not isinstance(record, dict):
        raise InputError(f"{place} is not a JSON object: correct the file")
    if record.get("type") in _MESSAGE_TYPES and isinstance(record.get("stream", ""), str) and _BODIES & record.keys():
        raise InputError(f"{place} is a message of a tap: load the file with target-selligent --input")
    return record


def _add_types(shapes: Iterable[tuple[Any, ...]], types: dict[str, set[str]]) -> None:
    for shape in shapes:
        count = len(shape) // 2
        for name, value_type in zip(shape[:count], shape[count:], strict=True):
            found = types.setdefault(name, set())
            if value_type in _TYPES:
                found.add(_TYPES[value_type])


def read_messages(file: IO[bytes], name: str, writer: RecordLineWriter) -> Iterator[list[bytes]]:
    """Yield the lines of a file as RECORD messages, about 256 KiB at once. Blank lines stay as they are.

    Args:
        file: The file.
        name: Its name, for messages.
        writer: Writes the messages.

    Raises:
        InputError: If a line is not an object. The lines before it are yielded first.
    """
    number = 0
    for lines in read_lines(file):
        messages: list[bytes] = []
        for line in lines:
            number += 1
            if line[:1] not in b"{":
                yield messages
                raise InputError(f"line {number:,} of {name} is not a JSON object: correct the file")
            messages.append(writer.wrap(line) if line else line)
        yield messages


def read_lines(file: IO[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of a file, about 256 KiB at once, without the white space around them.

    Args:
        file: The file. A byte order mark at its start is left out.
    """
    start = codecs.BOM_UTF8
    while lines := file.readlines(_CHUNK_BYTES):
        lines[0], start = lines[0].removeprefix(start), b""
        yield [line.strip() for line in lines]

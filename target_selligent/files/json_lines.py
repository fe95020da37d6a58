"""Files with one JSON object in each line."""

from __future__ import annotations

import codecs
from typing import IO, TYPE_CHECKING

from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_selligent.records import RecordLineWriter

_CHUNK_BYTES = 1 << 18


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

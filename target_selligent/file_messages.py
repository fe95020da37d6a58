"""Files as the messages of a tap: one SCHEMA, then a BATCH for each file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_selligent.files import DataFile, read_common_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class FileMessages:
    """A binary stream with the messages for files. A file is opened when its message is read, not before.

    Args:
        addresses: The paths or URLs of the files, all of one format.
        format_name: Their format.
        stream: The name of their stream.
    """

    def __init__(self, addresses: Sequence[str], format_name: str, stream: str) -> None:
        self._addresses, self._format, self._stream = addresses, format_name, stream
        self._lines = self._write()
        self._rest = b""

    def fileno(self) -> int:
        """Return no file descriptor: nobody has to wait for these messages.

        Raises:
            ValueError: In any case.
        """
        raise ValueError("nothing to wait for")

    def readinto1(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes are read, 0 at the end.

        Args:
            buffer: Where to put the bytes.

        Raises:
            InputError: If a file cannot be read, or if the files have different columns.
        """
        line = self._rest or next(self._lines, b"")
        count = min(len(line), len(buffer))
        buffer[:count] = line[:count]
        self._rest = line[count:]
        return count

    def _write(self) -> Iterator[bytes]:
        schema = read_common_schema(
            [DataFile(one, self._format) for one in self._addresses], self._format, self._stream
        )
        if not schema["properties"]:
            # The files are empty, and so is the input.
            return
        yield _encode({"type": "SCHEMA", "stream": self._stream, "schema": schema, "key_properties": []})
        for address in self._addresses:
            yield _encode(
                {"type": "BATCH", "stream": self._stream, "encoding": {"format": self._format}, "manifest": [address]}
            )


def _encode(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"

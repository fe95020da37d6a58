"""Input that ends after a number of records."""

from __future__ import annotations

from typing import IO, cast

import msgspec


class _Message(msgspec.Struct):
    type: str = ""


_DECODER = msgspec.json.Decoder(_Message)


class LimitedInput:
    """A binary stream that ends after the line of a RECORD message.

    Args:
        source: The stream. It must have `readinto1`.
        records: After how many RECORD messages the input ends.
    """

    def __init__(self, source: IO[bytes], records: int) -> None:
        self._source = source
        self._remaining = records
        self._line_start = b""

    def fileno(self) -> int:
        """Return the file descriptor of the stream, so that a reader can wait for input."""
        return self._source.fileno()

    def readinto1(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes are read, 0 at the end.

        Args:
            buffer: Where to put the bytes.
        """
        if not self._remaining:
            return 0
        count = cast("int", self._source.readinto1(buffer))  # type: ignore[attr-defined]
        *lines, rest = bytes(buffer[:count]).split(b"\n")
        used = 0
        for line in lines:
            used += len(line) + 1
            self._remaining -= _is_record(self._line_start + line)
            self._line_start = b""
            if not self._remaining:
                return used
        self._line_start += rest
        return count


def _is_record(line: bytes) -> bool:
    try:
        return _DECODER.decode(line).type == "RECORD"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The reader says what is wrong with it.
        return False

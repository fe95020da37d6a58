"""Input that ends after a number of records."""

from __future__ import annotations

from typing import IO, cast

import msgspec


class _Message(msgspec.Struct):
    type: str = ""


_DECODER = msgspec.json.Decoder(_Message)


class LimitedInput:
    """A binary stream that ends after a number of records.

    Args:
        source: The stream. It must have `readinto1`.
        records: After how many records the input ends. Those in files of BATCH messages count when `take` is called.
    """

    def __init__(self, source: IO[bytes], records: int) -> None:
        self._source = source
        self._remaining = records
        self._line_start = b""
        self._rest = b""
        """What was read, but not returned."""

    def fileno(self) -> int:
        """Return the file descriptor of the stream, so that a reader can wait for input.

        Raises:
            ValueError: If there is input already.
        """
        if self._rest:
            raise ValueError("nothing to wait for")
        return self._source.fileno()

    def readinto1(self, buffer: memoryview) -> int:
        """Read into a buffer; return how many bytes are read, 0 at the end.

        It returns after the line of a BATCH message, because its records count before those behind it.

        Args:
            buffer: Where to put the bytes.
        """
        if not self._remaining:
            return 0
        if self._rest:
            count = min(len(self._rest), len(buffer))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
        else:
            count = cast("int", self._source.readinto1(buffer))  # type: ignore[attr-defined]
        *lines, rest = bytes(buffer[:count]).split(b"\n")
        used = 0
        for line in lines:
            used += len(line) + 1
            message_type = _find_type(self._line_start + line)
            self._remaining -= message_type == "RECORD"
            self._line_start = b""
            if not self._remaining:
                return used
            if message_type == "BATCH":
                self._rest = bytes(buffer[used:count]) + self._rest
                return used
        self._line_start += rest
        return count

    def take(self, records: int) -> int:
        """Return how many of some records may be processed. They count.

        Args:
            records: How many could be processed.
        """
        allowed = min(records, self._remaining)
        self._remaining -= allowed
        return allowed


def _find_type(line: bytes) -> str:
    try:
        return _DECODER.decode(line).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The reader says what is wrong with it.
        return ""

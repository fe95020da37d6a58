"""Rows as request bodies: encoded many at once, told apart only where they must be. Pure; no I/O."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_BRACKETS = len("[]")
_COMMA = len(",")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


def encode_rows(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Return rows as JSON arrays with commas between them.

    Args:
        rows: Rows of JSON scalars, at least one.

    Raises:
        TypeError: If a row holds what JSON has no form for.
        UnicodeEncodeError: If a row holds text that is not Unicode.
    """
    return _encode(rows)[1:-1]


def decode_row(encoded: bytes) -> tuple[Any, ...]:
    """Return a row that `encode_rows` encoded."""
    return tuple(_decode(encoded))


class Body:
    """The rows of one load, on their way to a JSON array of arrays."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._count = 0
        self._bytes = _BRACKETS - _COMMA

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes of all rows as a request body."""
        return self._bytes

    def append(self, piece: bytes, count: int) -> None:
        """Add rows.

        Args:
            piece: What `encode_rows` made of them.
            count: How many they are.
        """
        self._pieces.append(piece)
        self._count += count
        self._bytes += len(piece) + _COMMA

    def only(self, indexes: Sequence[int]) -> Body:
        """Return the body of some of the rows."""
        body = Body()
        for index in indexes:
            body.append(self._rows[index], 1)
        return body

    def row(self, index: int) -> tuple[Any, ...]:
        """Return one of the rows."""
        return decode_row(self._rows[index])

    def encoded(self, part: range) -> bytes:
        """Return rows that follow each other as a request body.

        Args:
            part: Their indexes.
        """
        pieces = self._pieces if len(part) == self._count else self._rows[part.start : part.stop]
        return b"[" + b",".join(pieces) + b"]"

    def all(self) -> bytes:
        """Return all rows as a request body."""
        return self.encoded(range(self._count))

    def size_of(self, part: range) -> int:
        """Return how many bytes rows that follow each other have as a request body."""
        if len(part) == self._count:
            return self._bytes
        return self._starts[part.stop] - self._starts[part.start] + _BRACKETS - _COMMA

    def cut(self, part: range, max_bytes: int, max_rows: int) -> list[range]:
        """Cut rows into as few loads as possible, of about the same size.

        Args:
            part: Their indexes.
            max_bytes: Most bytes in the body of a load; a single row may pass it.
            max_rows: Most rows in a load.

        Returns:
            The indexes of each load's rows, in order.
        """
        size = self.size_of(part)
        if size <= max_bytes and len(part) <= max_rows:
            return [part]
        full = self._filled(part, max_bytes, max_bytes, max_rows)
        even = self._filled(part, -(-size // len(full)), max_bytes, max_rows)
        return even if len(even) == len(full) else full

    def halves(self, part: range) -> tuple[range, range]:
        """Return two parts of about the same size, of a row at least, that rows make.

        Args:
            part: The indexes of the rows: two at least.
        """
        middle = bisect_left(self._starts, (self._starts[part.start] + self._starts[part.stop]) / 2)
        middle = min(max(middle, part.start + 1), part.stop - 1)
        return range(part.start, middle), range(middle, part.stop)

    def _filled(self, part: range, enough: int, max_bytes: int, max_rows: int) -> list[range]:
        """Cut rows into loads, each of which ends where it has enough bytes or the next row would pass a limit."""
        starts, parts, start = self._starts, [], part.start
        while start < part.stop:
            # A body has one byte more than its rows with a comma each.
            base = starts[start] - (_BRACKETS - _COMMA)
            fitting = bisect_right(starts, base + max_bytes) - 1
            stop = min(fitting, bisect_left(starts, base + enough), start + max_rows, part.stop)
            parts.append(range(start, max(stop, start + 1)))
            start = parts[-1].stop
        return parts

    @cached_property
    def _starts(self) -> list[int]:
        """Where each row starts among all, each followed by a comma; at the end, where the next one would."""
        return list(accumulate((len(row) + _COMMA for row in self._rows), initial=0))

    @cached_property
    def _rows(self) -> list[bytes]:
        return [bytes(row) for row in _decode_rows(self.encoded(range(self._count)))]

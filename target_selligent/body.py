"""Rows as request bodies: encoded many at once, told apart only where they must be. Pure; no I/O."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    def parts(self, max_bytes: int, max_rows: int, within: range | None = None) -> Iterator[range]:
        """Cut the rows into loads.

        Args:
            max_bytes: Most bytes in the body of a load; a single row may pass it.
            max_rows: Most rows in a load.
            within: Indexes of the rows to cut, which follow each other; None for all.

        Yields:
            The indexes of each load's rows.
        """
        within = range(self._count) if within is None else within
        if len(within) == self._count and self._bytes <= max_bytes and self._count <= max_rows:
            if self._count:
                yield within
            return
        start, size = within.start, _BRACKETS - _COMMA
        for index in within:
            length = len(self._rows[index]) + _COMMA
            if index > start and (size + length > max_bytes or index - start >= max_rows):
                yield range(start, index)
                start, size = index, _BRACKETS - _COMMA
            size += length
        yield range(start, within.stop)

    @cached_property
    def _rows(self) -> list[bytes]:
        return [bytes(row) for row in _decode_rows(self.encoded(range(self._count)))]


def halves(part: range) -> list[range]:
    """Return the two halves of a part, the first one last, as a stack wants them."""
    middle = part.start + len(part) // 2
    return [range(middle, part.stop), range(part.start, middle)]

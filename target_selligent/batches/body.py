"""Rows as JSON: encoded many at a time, and decoded into single rows only where a load is split. Pure; no I/O.

A load's body is a JSON array of arrays (docs/selligent-api.md, "Calls and answers").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from target_selligent.records import EncodedRows

if TYPE_CHECKING:
    from collections.abc import Sequence

RowsJson: TypeAlias = bytes | memoryview
"""Rows as JSON, comma-separated, without outer brackets. A view shares memory with other rows."""

_BRACKETS = len("[]")
_COMMA = len(",")
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder().decode
_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


def encode_rows(rows: Sequence[tuple[Any, ...]]) -> RowsJson:
    """Return rows as JSON, comma-separated, without outer brackets.

    Args:
        rows: Rows of JSON scalars.

    Raises:
        TypeError: If a row holds a value that JSON cannot express.
        UnicodeEncodeError: If a row holds text that is not valid Unicode.
    """
    return rows.encode() if isinstance(rows, EncodedRows) else _encode(rows)[1:-1]


def encode_rows_apart(rows: Sequence[tuple[Any, ...]]) -> list[bytes]:
    """Return each row as JSON. Joined by commas, they are what `encode_rows` returns.

    Args:
        rows: Rows of JSON scalars.

    Raises:
        TypeError: If a row holds a value that JSON cannot express.
        UnicodeEncodeError: If a row holds text that is not valid Unicode.
    """
    if isinstance(rows, EncodedRows):
        return rows.encode_apart()
    # JSON has no line break within a text.
    return _encode_lines(rows).split(b"\n")[:-1]


def encode_keys(keys: Sequence[Any], fields: int) -> bytes:
    """Return keys as the rows of the key fields: as JSON, comma-separated, without outer brackets.

    Args:
        keys: The keys: JSON scalars, or tuples of them if there are several key fields.
        fields: The number of key fields.

    Raises:
        UnicodeEncodeError: If a key has text that is not valid Unicode.
    """
    if fields > 1:
        return _encode(keys)[1:-1]
    # JSON has no line break within a text. Tuples of one key each would take more time than all else here.
    return b"[" + _encode_lines(keys)[:-1].replace(b"\n", b"],[") + b"]" if keys else b""


def measure_rows(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return the size of each row as JSON.

    Args:
        rows: Rows of JSON scalars.
    """
    return rows.sizes if isinstance(rows, EncodedRows) else list(map(len, encode_rows_apart(rows)))


def encode_row(row: tuple[Any, ...]) -> bytes:
    """Return one row as JSON. Arguments and errors as for `encode_rows`."""
    return _encode(row)


def decode_row(row_json: bytes) -> tuple[Any, ...]:
    """Return the row that `encode_row` encoded."""
    return tuple(_decode(row_json))


class Body:
    """The encoded rows of one load, from which request bodies are built."""

    def __init__(self) -> None:
        self._rows_json: list[RowsJson] = []
        self._stops: list[int] = []
        self._split: dict[int, list[msgspec.Raw]] = {}
        self._count = 0
        self._size_bytes = _BRACKETS - _COMMA

    def __len__(self) -> int:
        return self._count

    @property
    def size_bytes(self) -> int:
        """The size of all rows as one request body."""
        return self._size_bytes

    def append(self, rows_json: RowsJson, count: int) -> None:
        """Append rows.

        Args:
            rows_json: The rows as `encode_rows` returns them.
            count: The number of rows.
        """
        self._rows_json.append(rows_json)
        self._count += count
        self._stops.append(self._count)
        self._size_bytes += len(rows_json) + _COMMA

    def extend(self, other: Body) -> None:
        """Append all rows of another body."""
        counts = [stop - start for start, stop in zip([0, *other._stops], other._stops, strict=False)]
        for rows_json, count in zip(other._rows_json, counts, strict=True):
            self.append(rows_json, count)

    def select(self, indexes: Sequence[int]) -> Body:
        """Return a body with only some of the rows."""
        body = Body()
        for index in indexes:
            body.append(self._rows[index], 1)
        return body

    def find(self, index: int) -> tuple[int, int]:
        """Return which append added a row, from 0, and the position of the row in it. More rows may be appended."""
        piece = bisect_right(self._stops, index)
        return piece, index - (self._stops[piece - 1] if piece else 0)

    def row_json(self, index: int) -> bytes:
        """Return one row as JSON. More rows may be appended."""
        piece, position = self.find(index)
        rows = self._split.get(piece)
        if rows is None:
            rows = self._split[piece] = _decode_rows(b"[" + self._rows_json[piece] + b"]")
        return bytes(rows[position])

    def row(self, index: int) -> tuple[Any, ...]:
        """Return one row."""
        return decode_row(self._rows[index])

    def encode(self, part: range) -> bytes:
        """Return consecutive rows as a request body.

        Args:
            part: The indexes of the rows.
        """
        rows_json = self._rows_json if len(part) == self._count else self._rows[part.start : part.stop]
        # Joined at once, the rows are copied once: a body has megabytes.
        pieces = [piece for one in rows_json for piece in (b",", one)]
        return b"".join([b"[", *pieces[1:], b"]"])

    def encode_all(self) -> bytes:
        """Return all rows as a request body."""
        return self.encode(range(self._count))

    def size_bytes_of(self, part: range) -> int:
        """Return the size of consecutive rows as a request body."""
        if len(part) == self._count:
            return self._size_bytes
        return self._starts[part.stop] - self._starts[part.start] + _BRACKETS - _COMMA

    def cut(self, part: range, max_bytes: int, max_rows: int) -> list[range]:
        """Cut consecutive rows into as few loads as possible, all of about the same size.

        Args:
            part: The indexes of the rows.
            max_bytes: Maximum size of a load's body; only a single row may exceed it.
            max_rows: Maximum number of rows in a load.

        Returns:
            The indexes of each load's rows, in order.
        """
        size = self.size_bytes_of(part)
        if size <= max_bytes and len(part) <= max_rows:
            return [part]
        full = self._cut_after(part, max_bytes, max_bytes, max_rows)
        even = self._cut_after(part, -(-size // len(full)), max_bytes, max_rows)
        return even if len(even) == len(full) else full

    def halve(self, part: range) -> tuple[range, range]:
        """Return two parts of about the same size, each with at least one row.

        Args:
            part: The indexes of at least two consecutive rows.
        """
        middle = bisect_left(self._starts, (self._starts[part.start] + self._starts[part.stop]) / 2)
        middle = min(max(middle, part.start + 1), part.stop - 1)
        return range(part.start, middle), range(middle, part.stop)

    def _cut_after(self, part: range, enough_bytes: int, max_bytes: int, max_rows: int) -> list[range]:
        """Cut rows into loads; a load ends when it has enough bytes, or when the next row would exceed a limit."""
        starts, parts, start = self._starts, [], part.start
        while start < part.stop:
            # Each row counts with one comma. A body has one byte more than that.
            base = starts[start] - (_BRACKETS - _COMMA)
            fitting = bisect_right(starts, base + max_bytes) - 1
            stop = min(fitting, bisect_left(starts, base + enough_bytes), start + max_rows, part.stop)
            parts.append(range(start, max(stop, start + 1)))
            start = parts[-1].stop
        return parts

    @cached_property
    def _starts(self) -> list[int]:
        """The byte at which each row starts if a comma follows every row; then the byte after the last one."""
        return list(accumulate((len(row) + _COMMA for row in self._rows), initial=0))

    @cached_property
    def _rows(self) -> list[bytes]:
        return [bytes(row) for row in _decode_rows(self.encode_all())]

"""Rows that were written as JSON from columns. They are decoded only where single rows are needed. Pure; no I/O."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, overload

import msgspec

from target_selligent.records.lazy_sequence import LazySequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.records.row_types import Row

_COMMA = len(",")
_decode = msgspec.json.Decoder().decode


class EncodedRows(LazySequence["Row"]):
    """Rows as JSON.

    Args:
        content: The rows as JSON arrays, each with a comma behind it.
        stops: Where the first row starts in the content, and for each row where it ends, behind its comma.
    """

    def __init__(self, content: bytes | memoryview, stops: Sequence[int]) -> None:
        # The bytes of Arrow have a sign, those of Python have none.
        self._content, self._stops = memoryview(content).cast("B"), stops

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._stops) - 1

    @overload
    def __getitem__(self, key: int) -> Row: ...

    @overload
    def __getitem__(self, key: slice) -> EncodedRows: ...

    def __getitem__(self, key: int | slice) -> Any:
        """Return one row, or consecutive rows."""
        if isinstance(key, slice):
            start, stop, _ = key.indices(len(self))
            return EncodedRows(self._content, self._stops[start : max(start, stop) + 1])
        at = range(len(self))[key]
        return tuple(_decode(self._content[self._stops[at] : self._stops[at + 1] - _COMMA]))

    @property
    def size_bytes(self) -> int:
        """The size of the rows as JSON, with a comma behind each."""
        return self._stops[-1] - self._stops[0]

    @property
    def sizes(self) -> list[int]:
        """The size of each row as JSON."""
        return [stop - start - _COMMA for start, stop in pairwise(self._stops)]

    def select(self, indexes: Sequence[int]) -> EncodedRows:
        """Return only some of the rows."""
        chosen = [self._content[self._stops[index] : self._stops[index + 1]] for index in indexes]
        return EncodedRows(b"".join(chosen), list(accumulate(map(len, chosen), initial=0)))

    def encode(self) -> memoryview:
        """Return all rows as JSON, comma-separated, without outer brackets. They are not copied."""
        return self._content[self._stops[0] : max(self._stops[0], self._stops[-1] - _COMMA)]

    def encode_apart(self) -> list[bytes]:
        """Return each row as JSON."""
        return [bytes(self._content[start : stop - _COMMA]) for start, stop in pairwise(self._stops)]

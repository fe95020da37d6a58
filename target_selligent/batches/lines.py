"""The lines of the records of a batch, in pieces. Those of columns are written when they are read. Pure; no I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, overload

from target_selligent.records import LazySequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Lines(Sequence[bytes]):
    """The lines of records, in order.

    Args:
        pieces: The lines, in pieces.

    Attributes:
        size_bytes: The approximate memory of the lines.
    """

    def __init__(self, pieces: Iterable[Sequence[bytes]] = ()) -> None:
        self._pieces: list[Sequence[bytes]] = []
        self._stops: list[int] = []
        self.size_bytes = 0
        for piece in pieces:
            self.extend(piece)

    def __len__(self) -> int:
        """Return the number of lines."""
        return self._stops[-1] if self._stops else 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield all lines. A piece is written as a whole."""
        return chain.from_iterable(self._pieces)

    @overload
    def __getitem__(self, key: int) -> bytes: ...

    @overload
    def __getitem__(self, key: slice) -> list[bytes]: ...

    def __getitem__(self, key: int | slice) -> Any:
        """Return one line, or some."""
        if isinstance(key, slice):
            return [self[index] for index in range(*key.indices(len(self)))]
        piece, position = self._find(key)
        return piece[position]

    def extend(self, piece: Sequence[bytes]) -> None:
        """Append lines.

        Args:
            piece: The lines. They must not change any more.
        """
        self._pieces.append(piece)
        self._stops.append(len(self) + len(piece))
        self.size_bytes += _measure(piece)

    def size_of(self, index: int) -> int:
        """Return the approximate memory of one line."""
        piece, position = self._find(index)
        return piece.size_bytes // len(piece) if isinstance(piece, LazySequence) else len(piece[position])

    def _find(self, index: int) -> tuple[Sequence[bytes], int]:
        """Return the piece that has a line, and the position of the line in it."""
        index = range(len(self))[index]
        found = bisect_right(self._stops, index)
        return self._pieces[found], index - (self._stops[found - 1] if found else 0)


def _measure(piece: Sequence[bytes]) -> int:
    return piece.size_bytes if isinstance(piece, LazySequence) else sum(map(len, piece))

"""How much Selligent takes at once, found out by what it takes and what it does not. Pure; no I/O.

The vendor documents neither a limit nor the answer above it: 413 or a reset connection. So a size is learned from
loads that fail, and not tried again; the limit is then below it, and not below what was taken before.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from target_selligent.body import Body

_SHARE_ABOVE_HALF = 16
"""By which share the limit exceeds half of a body, so that later bodies of about its size are cut in two as well."""


class Size(NamedTuple):
    """Size of one request body.

    Args:
        bytes: Its bytes.
        rows: Its rows.
    """

    bytes: int
    rows: int


class SizeLimit:
    """The largest body that is sent, for all loads of a List and of its Segments; may be used from any thread.

    Args:
        max_bytes: Most bytes in a body, by the settings.

    Attributes:
        max_bytes: Most bytes in a body, as far as is known.
        max_rows: Most rows in a body, likewise.
    """

    def __init__(self, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._taken = Size(0, 0)
        self.max_bytes = max_bytes
        self.max_rows = sys.maxsize

    def cut(self, rows: Body, part: range, max_rows: int, max_bytes: int = sys.maxsize) -> list[range]:
        """Cut some rows into parts that are small enough to be sent.

        Args:
            rows: All rows of the load.
            part: Indexes of the rows to cut.
            max_rows: Most rows in a part, by the settings.
            max_bytes: Most bytes in a part, for the time being.

        Returns:
            The indexes of each part's rows, in order. A single row may be larger than the limit.
        """
        return rows.cut(part, min(self.max_bytes, max_bytes), min(self.max_rows, max_rows))

    def takes(self, size: Size) -> bool:
        """Say whether Selligent has taken as many bytes and as many rows before."""
        return size.bytes <= self._taken.bytes and size.rows <= self._taken.rows

    def note_taken(self, size: Size) -> None:
        """Note that Selligent took a body of this size."""
        with self._lock:
            self._taken = Size(max(self._taken.bytes, size.bytes), max(self._taken.rows, size.rows))

    def note_too_large(self, size: Size, half: Size) -> bool:
        """Note that a body was too large; what is cut from now on is smaller.

        Bytes count as its fault unless a body with more of them was taken before; then rows do. If neither can be its
        fault, Selligent takes less than before, or it was chance. That is believed the second time.

        Args:
            size: Size of the body.
            half: Size of its larger half.

        Returns:
            Whether the limit is lower now.
        """
        with self._lock:
            before = self.max_bytes, self.max_rows
            if size.bytes > self._taken.bytes:
                limit = min(half.bytes + half.bytes // _SHARE_ABOVE_HALF, size.bytes - 1)
                self.max_bytes = min(self.max_bytes, max(limit, self._taken.bytes))
            elif size.rows > self._taken.rows:
                self.max_rows = min(self.max_rows, max(half.rows, self._taken.rows))
            else:
                self._taken = half
            return before != (self.max_bytes, self.max_rows)

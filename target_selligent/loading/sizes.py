"""Learns the largest load that Selligent accepts. Pure; no I/O.

The vendor documents neither a limit nor the answer above it: 413 or a reset connection (docs/selligent-api.md). So the
limit is learned from loads that fail. A size that was too large is not sent again, and a size that was accepted is not
ruled out.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from target_selligent.batches import Body

_MARGIN_DIVISOR = 16
"""The limit is 1/16 larger than half of a refused body. A later body of about that size is then cut in two."""


class Size(NamedTuple):
    """Size of one request body.

    Args:
        bytes: Number of bytes.
        rows: Number of rows.
    """

    bytes: int
    rows: int


class SizeLimit:
    """The largest body that may be sent to one List and its Segments. May be used from any thread.

    Args:
        max_bytes: Maximum number of bytes in a body, by the settings.

    Attributes:
        max_bytes: Maximum number of bytes in a body, as far as is known.
        max_rows: Maximum number of rows in a body, as far as is known.
    """

    def __init__(self, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._accepted = Size(0, 0)
        self.max_bytes = max_bytes
        self.max_rows = sys.maxsize

    def cut(self, rows: Body, part: range, max_rows: int, max_bytes: int = sys.maxsize) -> list[range]:
        """Cut some rows into parts that are small enough to be sent.

        Args:
            rows: All rows of the load.
            part: Indexes of the rows to cut.
            max_rows: Maximum number of rows in a part, by the settings.
            max_bytes: Maximum number of bytes in a part, for as long as the line is slow.

        Returns:
            The indexes of each part's rows, in order. A single row may be larger than the limit.
        """
        return rows.cut(part, min(self.max_bytes, max_bytes), min(self.max_rows, max_rows))

    def was_accepted(self, size: Size) -> bool:
        """Return whether Selligent has accepted as many bytes and as many rows before."""
        return size.bytes <= self._accepted.bytes and size.rows <= self._accepted.rows

    def note_accepted(self, size: Size) -> None:
        """Note that Selligent accepted a body of this size."""
        with self._lock:
            self._accepted = Size(max(self._accepted.bytes, size.bytes), max(self._accepted.rows, size.rows))

    def note_too_large(self, size: Size, half: Size) -> bool:
        """Note that a body was too large, and lower the limit.

        The bytes are the reason, unless a body with as many bytes was accepted before. Then the rows are the reason. If
        as many of both were accepted before, it may be chance: then the limit stays, and is lowered the next time.

        Args:
            size: Size of the body.
            half: Size of its larger half.

        Returns:
            Whether the limit is lower now.
        """
        with self._lock:
            before = self.max_bytes, self.max_rows
            if size.bytes > self._accepted.bytes:
                limit = min(half.bytes + half.bytes // _MARGIN_DIVISOR, size.bytes - 1)
                self.max_bytes = min(self.max_bytes, max(limit, self._accepted.bytes))
            elif size.rows > self._accepted.rows:
                self.max_rows = min(self.max_rows, max(half.rows, self._accepted.rows))
            else:
                self._accepted = half
            return before != (self.max_bytes, self.max_rows)

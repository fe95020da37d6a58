"""How much fits through the line to Selligent in the time that it gives an upload. Pure; no I/O.

The vendor's default inbound limit is a connection time-out of 15 seconds: a body must have arrived in that time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

BUFFERED_BYTES = 128 << 10
"""What may still wait on this machine when a body seems to have left: it says nothing of the line."""
_LEAST_BYTES = 2 * BUFFERED_BYTES
"""Smaller bodies are over before the line can be measured, so that a limit below would never rise again."""


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """The time for an upload, in seconds.

    Args:
        seconds: The time after which Selligent cuts it off.
        planned: The time that a body is made for: lines are not equally fast all the time.
    """

    seconds: float = 15
    planned: float = 10


class Uplink:
    """What uploads have shown of the line; used by all threads.

    A line counts as slow only once a body has taken longer than planned, or has not got through. Until then, nothing
    is limited, however the times of single bodies vary.

    Args:
        limit: The time for an upload.
    """

    def __init__(self, limit: UploadLimit | None = None) -> None:
        self.limit = limit or UploadLimit()
        self._lock = threading.Lock()
        self._max_bytes: float | None = None

    @property
    def max_bytes(self) -> int | None:
        """The largest body that arrives in the planned time; None as long as the line has not been slow."""
        return None if self._max_bytes is None else int(self._max_bytes)

    def record_upload(self, size: int, seconds: float) -> None:
        """Take in how long a body took to leave.

        Args:
            size: Its bytes.
            seconds: The time from its first byte to its last.
        """
        if size < _LEAST_BYTES or seconds <= 0:
            return
        if seconds > self.limit.planned:
            self._lower(size, seconds)
            return
        fitting = self._fitting(size, seconds)
        with self._lock:
            if self._max_bytes is not None and fitting > self._max_bytes:
                # Half-way, and never far at once: a moment's speed is no promise.
                self._max_bytes += (min(fitting, 2 * self._max_bytes) - self._max_bytes) / 2

    def record_upload_timeout(self, sent: int, seconds: float) -> None:
        """Take in that a body did not get through in time.

        Args:
            sent: The bytes of it that had left.
            seconds: The time that they took.
        """
        self._lower(sent, seconds)

    def _lower(self, size: int, seconds: float) -> None:
        fitting = max(_LEAST_BYTES, self._fitting(size, seconds))
        with self._lock:
            self._max_bytes = fitting if self._max_bytes is None else min(self._max_bytes, fitting)

    def _fitting(self, size: int, seconds: float) -> float:
        return (size - BUFFERED_BYTES) / seconds * self.limit.planned

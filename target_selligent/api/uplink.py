"""How large a body can be on a slow line, so that it arrives in time. Pure: no I/O.

Selligent closes a connection if the body has not arrived within 15 seconds: see docs/selligent-api.md.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

BUFFERED_BYTES = 128 << 10
"""Bytes that may still be in the buffers of this machine when a body seems to be sent."""
_MIN_BYTES = 2 * BUFFERED_BYTES
"""Smaller bodies are too short to measure the line. With a lower limit, the limit could never rise again."""


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """How long an upload may take, in seconds.

    Args:
        seconds: The time after which Selligent closes the connection.
        planned: The time for which bodies are sized. It is shorter, because the speed of a line varies.
    """

    seconds: float = 15
    planned: float = 10


class Uplink:
    """The speed of the line, as measured by the uploads so far. All threads share one object.

    Bodies are limited only after one of them took longer than planned, or did not arrive in time. Until then the line
    counts as fast, even if the times of single bodies vary.

    Args:
        limit: How long an upload may take.
    """

    def __init__(self, limit: UploadLimit | None = None) -> None:
        self.limit = limit or UploadLimit()
        self._lock = threading.Lock()
        self._max_bytes: float | None = None

    @property
    def max_bytes(self) -> int | None:
        """Size of the largest body that arrives in the planned time; None while the line has not been slow."""
        return None if self._max_bytes is None else int(self._max_bytes)

    def record_upload(self, size: int, seconds: float) -> None:
        """Record how long it took to send a body.

        Args:
            size: Bytes of the body.
            seconds: Time from its first byte to its last one.
        """
        if size < _MIN_BYTES or seconds <= 0:
            return
        if seconds > self.limit.planned:
            self._lower_limit(size, seconds)
            return
        fitting = self._bytes_in_planned_time(size, seconds)
        with self._lock:
            if self._max_bytes is not None and fitting > self._max_bytes:
                # Increase slowly, by half at most: one fast upload does not mean that the line is fast.
                self._max_bytes += (min(fitting, 2 * self._max_bytes) - self._max_bytes) / 2

    def record_upload_timeout(self, sent: int, seconds: float) -> None:
        """Record that a body did not arrive in time.

        Args:
            sent: Bytes of the body that were sent.
            seconds: Time that these bytes took.
        """
        self._lower_limit(sent, seconds)

    def _lower_limit(self, size: int, seconds: float) -> None:
        fitting = max(_MIN_BYTES, self._bytes_in_planned_time(size, seconds))
        with self._lock:
            self._max_bytes = fitting if self._max_bytes is None else min(self._max_bytes, fitting)

    def _bytes_in_planned_time(self, size: int, seconds: float) -> float:
        return (size - BUFFERED_BYTES) / seconds * self.limit.planned

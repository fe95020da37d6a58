"""One pace for all calls of the process: below the quota of the API key, without wasting it.

The quota and the headers that describe it are vendor facts: see "Reaching the API" in docs/selligent-api.md. Other
systems may use the same API key, so the headers decide. In addition, the process has its own limit for any 60 seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-selligent")

_WINDOW_SECONDS = 60.0
_MARGIN = 0.01
"""Our window is longer than the vendor's by this share, because calls do not all take equally long to arrive."""
_SECONDS_AFTER_WINDOW = 0.05
"""How long to wait after the end of the vendor's window."""
_CAUTIOUS_SECONDS_AFTER_WINDOW = 1.0
"""The same, once a call was refused after the end that the headers gave: then the header is rounded down."""
_SHORTEST_WAIT = 0.001
_SHORTEST_LOGGED_WAIT = 5.0


class Pacer:
    """Delays each call until it can be sent without exceeding the quota. All threads share one pacer.

    Args:
        per_minute: Maximum number of calls in any 60 seconds.
        clock: Monotonic clock, in seconds.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent_at: deque[float] = deque()
        self._in_flight = 0
        self._remaining: float | None = None
        self._window_ends_at = 0.0
        self._seconds_after_window = _SECONDS_AFTER_WINDOW
        self._logged_until = 0.0

    def acquire(self) -> float:
        """Wait until a call can be sent, and count the call.

        Returns:
            The seconds waited.
        """
        waited = 0.0
        while (seconds := self._try_acquire()) is not None:
            self._sleep(seconds)
            waited += seconds
        return waited

    def release(self, remaining: float | None, reset_seconds: float | None, *, refused: bool = False) -> None:
        """Record the end of a call, and what its response says about the quota.

        Args:
            remaining: Calls that remain in the window, from the response header; None if unknown.
            reset_seconds: Seconds until the window ends, from the response header; None if unknown. The vendor does not
                say how it rounds them. A value above 60 counts as 60.
            refused: Whether the call was refused because the quota is used up.
        """
        with self._lock:
            self._in_flight -= 1
            if refused:
                # The pacer believed that the window was over, but it was not. So the header is rounded down.
                self._seconds_after_window = _CAUTIOUS_SECONDS_AFTER_WINDOW
                remaining = 0
            if remaining is None or reset_seconds is None:
                return
            ends_at = self._clock() + min(reset_seconds, _WINDOW_SECONDS)
            # Each response gives an upper bound for the end of its window. Within a window, use the lowest bound.
            same_window = not refused and self._remaining is not None and ends_at < self._window_ends_at + 1
            self._window_ends_at = min(self._window_ends_at, ends_at) if same_window else ends_at
            remaining -= self._in_flight
            # Responses can arrive out of order: an older one must not raise the number that a newer one has given.
            self._remaining = min(self._remaining or 0, remaining) if same_window else remaining

    def _try_acquire(self) -> float | None:
        """Count the call and return None if it can be sent now; otherwise return the seconds until the next try."""
        with self._lock:
            now = self._clock()
            window_over_at = self._window_ends_at + self._seconds_after_window
            if self._remaining is not None and now >= window_over_at:
                self._remaining = None
            if self._remaining is not None and self._remaining < 1:
                return self._wait_seconds(
                    now, window_over_at, "the response headers say that the quota of this API key is used up"
                )
            while self._sent_at and self._sent_at[0] <= now - _WINDOW_SECONDS * (1 + _MARGIN):
                self._sent_at.popleft()
            if len(self._sent_at) >= self._per_minute:
                return self._wait_seconds(
                    now,
                    self._sent_at[0] + _WINDOW_SECONDS * (1 + _MARGIN),
                    f"{self._per_minute} calls were sent in the last minute, the maximum of requests_per_minute",
                )
            self._sent_at.append(now)
            self._in_flight += 1
            if self._remaining is not None:
                self._remaining -= 1
            return None

    def _wait_seconds(self, now: float, until: float, reason: str) -> float:
        """Return how long to wait. Log a long wait, once for all calls that wait until the same moment."""
        seconds = max(_SHORTEST_WAIT, until - now)
        if seconds >= _SHORTEST_LOGGED_WAIT and until > self._logged_until + 1:
            self._logged_until = until
            logger.info("%s: the next call waits %.0f s", reason, seconds)
        return seconds

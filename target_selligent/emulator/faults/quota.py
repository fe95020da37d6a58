"""The quota: a limited number of calls per window of time. A window starts with its first call."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Quota:
    """The state of a window, as the headers of a response show it.

    Attributes:
        limit: Calls per window.
        window: Length of the window in seconds.
        remaining: Calls that are left.
        reset: Seconds until the next window, rounded up.
        granted: Whether the call is within the limit.
    """

    limit: int
    window: float
    remaining: int
    reset: int
    granted: bool

    def exhausted(self, seconds: float | None) -> "Quota":
        """Return the same window without any call left.

        Args:
            seconds: Seconds until the next window; None keeps the real ones.
        """
        reset = self.reset if seconds is None else math.ceil(seconds)
        return replace(self, remaining=0, reset=reset, granted=False)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that every response of the API has."""
        return [
            (b"x-ratelimit-limit", f"{self.limit}, {self.limit};w={self.window:g}".encode()),
            (b"x-ratelimit-remaining", str(self.remaining).encode()),
            (b"x-ratelimit-reset", str(self.reset).encode()),
        ]


class QuotaWindow:
    """Counts calls in windows of a fixed length.

    Args:
        clock: Returns the time in seconds, and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._used = 0

    def use_call(self, limit: int, window: float) -> Quota:
        """Count one call, if the window has one left."""
        self._restart_if_over(window)
        granted = self._used < limit
        if granted:
            self._used += 1
        return self._quota(limit, window, granted=granted)

    def peek(self, limit: int, window: float) -> Quota:
        """Return the state of the window without counting a call."""
        self._restart_if_over(window)
        return self._quota(limit, window, granted=True)

    def restart(self) -> None:
        """Begin a new window."""
        self._start = self._clock()
        self._used = 0

    def _restart_if_over(self, window: float) -> None:
        if self._clock() - self._start >= window:
            self.restart()

    def _quota(self, limit: int, window: float, *, granted: bool) -> Quota:
        left = max(0.0, self._start + window - self._clock())
        return Quota(limit, window, max(0, limit - self._used), math.ceil(left), granted)

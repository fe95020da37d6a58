"""The quota of calls: so many per window, counted from the window's first call."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Quota:
    """What is left of a window, as the answer's headers tell it."""

    limit: int
    window: float
    remaining: int
    reset: int
    granted: bool

    def exhausted(self, seconds: float | None) -> "Quota":
        """Return the window as if every call of it had been used, with another time left if one is given."""
        reset = self.reset if seconds is None else math.ceil(seconds)
        return replace(self, remaining=0, reset=reset, granted=False)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers that every answer carries."""
        return [
            (b"x-ratelimit-limit", f"{self.limit}, {self.limit};w={self.window:g}".encode()),
            (b"x-ratelimit-remaining", str(self.remaining).encode()),
            (b"x-ratelimit-reset", str(self.reset).encode()),
        ]


class QuotaWindow:
    """Counts calls in fixed windows.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._used = 0

    def use_call(self, limit: int, window: float) -> Quota:
        """Count one call, if any is left."""
        self._restart_if_over(window)
        granted = self._used < limit
        if granted:
            self._used += 1
        return self._quota(limit, window, granted=granted)

    def peek(self, limit: int, window: float) -> Quota:
        """Return the window as it stands."""
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

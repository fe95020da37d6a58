"""The pace of all calls of the process: under the API key's quota, without wasting it.

The vendor counts 2,500 calls a minute and API key over all paths, and says in each answer's headers how many remain and
how many seconds the window still lasts (its rate limitation page). Other systems may share the key, so the headers
have the last word; our own limit is kept besides, over any 60 seconds.
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
"""How much longer than the window we count, since calls do not take equally long to arrive."""
_SETTLE_SECONDS = 0.05
_CAUTIOUS_SECONDS = 1.0
_SHORTEST_WAIT = 0.001
_SAID_SECONDS = 5.0
"""Shortest wait that is logged."""


class Pacer:
    """Holds each call back until it may go; used by all threads.

    Args:
        per_minute: Most calls in any 60 seconds.
        clock: Seconds that only go up.
        sleep: Waits for seconds.
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
        self._sent: deque[float] = deque()
        self._in_flight = 0
        self._remaining: float | None = None
        self._window_ends = 0.0
        self._settle = _SETTLE_SECONDS
        self._said_until = 0.0

    def acquire(self) -> float:
        """Wait until a call may go, and count it.

        Returns:
            The seconds waited.
        """
        waited = 0.0
        while (seconds := self._try()) is not None:
            self._sleep(seconds)
            waited += seconds
        return waited

    def release(self, remaining: float | None, reset_seconds: float | None, *, refused: bool = False) -> None:
        """Take in what a call's answer says of the quota.

        Args:
            remaining: Calls that remain in the window, by its header.
            reset_seconds: Seconds until the window ends, by its header, rounded, nobody says which way; more than a
                window counts as a window.
            refused: Whether the call was refused for the quota.
        """
        with self._lock:
            self._in_flight -= 1
            if refused:
                # We believed the window to be over and it was not: the header is rounded down.
                self._settle = _CAUTIOUS_SECONDS
                remaining = 0
            if remaining is None or reset_seconds is None:
                return
            ends = self._clock() + min(reset_seconds, _WINDOW_SECONDS)
            # Within a window each answer bounds its end anew; the tightest bound counts.
            same_window = not refused and self._remaining is not None and ends < self._window_ends + 1
            self._window_ends = min(self._window_ends, ends) if same_window else ends
            remaining -= self._in_flight
            # Answers overtake each other: an older one must not raise what a newer one has said.
            self._remaining = min(self._remaining or 0, remaining) if same_window else remaining

    def _try(self) -> float | None:
        """Count the call and return None, or return how long to wait before asking again."""
        with self._lock:
            now = self._clock()
            if self._remaining is not None and now >= self._window_ends + self._settle:
                self._remaining = None
            if self._remaining is not None and self._remaining < 1:
                return self._hold(
                    now, self._window_ends + self._settle, "by the answers, the quota of this API key is used up"
                )
            while self._sent and self._sent[0] <= now - _WINDOW_SECONDS * (1 + _MARGIN):
                self._sent.popleft()
            if len(self._sent) >= self._per_minute:
                return self._hold(
                    now,
                    self._sent[0] + _WINDOW_SECONDS * (1 + _MARGIN),
                    f"{self._per_minute} calls went out in the last minute, as many as requests_per_minute allows",
                )
            self._sent.append(now)
            self._in_flight += 1
            if self._remaining is not None:
                self._remaining -= 1
            return None

    def _hold(self, now: float, until: float, reason: str) -> float:
        """Return how long to wait; say so if it is long, once for all calls that wait for the same moment."""
        seconds = max(_SHORTEST_WAIT, until - now)
        if seconds >= _SAID_SECONDS and until > self._said_until + 1:
            self._said_until = until
            logger.info("%s: the next call waits %.0f s", reason, seconds)
        return seconds

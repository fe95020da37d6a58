"""When a call is tried again: how often, for how long, and after which wait; no I/O.

Each kind of failure has a count and a clock of its own, so that waits for one kind do not use up the tries of another.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_selligent.errors import (
    ApiTimeoutError,
    ConnectionLostError,
    HostNotFoundError,
    ListBusyError,
    RateLimitedError,
    TransientApiError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = (ListBusyError, RateLimitedError, ApiTimeoutError, HostNotFoundError, TransientApiError)
"""The kinds that are counted apart; the last is what the others are not: server errors and lost connections."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a call is tried again after each kind of failure; all times in seconds.

    Args:
        attempts: Most server errors and lost connections of a call, and most time-outs, each counted apart.
        seconds: Longest time, waits and tries, for which each of these two kinds is tried again.
        quota_seconds: Longest time for which a call is held back by a quota that others keep using up.
        base: Upper bound of the first wait, doubled each time and drawn from at random (full jitter).
        cap: Upper bound of any wait.
        busy_base: First wait for a busy List.
        busy_cap: Longest single wait for a busy List.
        busy_seconds: How long a busy List is waited for in all: as long as a big load of somebody else may take.
        host_seconds: How long the name of a host that has never answered is looked up again.
        host_cap: Longest single wait for that.
        asked_cap: Longest wait that an answer can ask for with `Retry-After`.
    """

    attempts: int = 8
    seconds: float = 900
    quota_seconds: float = 3600
    base: float = 0.5
    cap: float = 60
    busy_base: float = 0.25
    busy_cap: float = 15
    busy_seconds: float = 600
    host_seconds: float = 15
    host_cap: float = 3
    asked_cap: float = 300


def _draw(bound: float) -> float:
    return random.uniform(0, bound)  # noqa: S311 - jitter, no secret


@dataclass(slots=True)
class _Tally:
    """Failures of one kind, and the seconds that passed in waits for it and in tries that ended with it."""

    failures: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Retries:
    """The retries of one call: what it may still do, and how long it waits before.

    Args:
        policy: The limits.
        splittable: Whether the caller can send less at once: a body that is lost is not sent again as it is.
        draw: Gives a number between 0 and its argument.
        clock: Seconds that only go up.
    """

    policy: RetryPolicy
    splittable: bool = False
    draw: Callable[[float], float] = _draw
    clock: Callable[[], float] = time.monotonic
    _tallies: dict[type[Exception], _Tally] = field(default_factory=dict)
    _tried_from: float = 0.0

    def exclude_seconds(self, seconds: float) -> None:
        """Leave out time that a try spent before it was sent, as the pacer does; it is no kind's."""
        self._tried_from += seconds

    def record_failure(self, error: Exception) -> bool:
        """Count a failure and say whether the call is given up."""
        tally, policy, now = self._tally(error), self.policy, self.clock()
        if tally.failures:
            tally.seconds += now - self._tried_from
        tally.failures += 1
        self._tried_from = now
        if isinstance(error, ListBusyError):
            return tally.seconds >= policy.busy_seconds
        if isinstance(error, RateLimitedError):
            return tally.seconds >= policy.quota_seconds
        if isinstance(error, HostNotFoundError):
            return tally.seconds >= policy.host_seconds
        return (
            tally.failures >= policy.attempts
            or tally.seconds >= policy.seconds
            or (self.splittable and isinstance(error, (ApiTimeoutError, ConnectionLostError)))
        )

    def next_delay(self, error: Exception) -> float:
        """Return the seconds to wait before the next try: our own wait, or a longer one that the answer asks for."""
        tally = self._tally(error)
        asked = error.retry_after if isinstance(error, TransientApiError) else 0.0
        seconds = max(self._own_wait(error, tally.failures), min(asked, self.policy.asked_cap))
        tally.seconds += seconds
        self._tried_from = self.clock() + seconds
        return seconds

    def _own_wait(self, error: Exception, failures: int) -> float:
        policy, doublings = self.policy, min(failures - 1, 30)
        if isinstance(error, RateLimitedError):
            return error.reset_seconds + self.draw(1)
        if isinstance(error, ListBusyError):
            bound: float = min(policy.busy_cap, policy.busy_base * 2**doublings)
            return bound / 2 + self.draw(bound / 2)
        cap = policy.host_cap if isinstance(error, HostNotFoundError) else policy.cap
        return self.draw(min(cap, policy.base * 2**doublings))

    def _tally(self, error: Exception) -> _Tally:
        kind = next((kind for kind in _KINDS if isinstance(error, kind)), TransientApiError)
        return self._tallies.setdefault(kind, _Tally())

"""When and how often a failed call is sent again. Pure: no I/O.

Each kind of failure has its own counter and its own clock. So waiting for one kind does not use up the tries of
another.
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
"""The kinds of failure that are counted separately. The last one stands for all others: server errors and lost
connections."""

_MAX_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits for sending a failed call again, by kind of failure. All times are in seconds.

    A busy List is a vendor rule: see "One bulk operation per List" in docs/selligent-api.md.

    Args:
        attempts: Maximum number of tries that fail with server errors or lost connections. Time-outs are counted
            separately, with the same maximum.
        seconds: Maximum time for each of these two kinds: the tries and the waits between them.
        quota_seconds: Maximum time to wait for a quota that other systems keep using up.
        base: Upper bound of the first wait. It doubles after each failure. A wait is a random part of it (full jitter).
        cap: Upper bound of any wait.
        busy_base: First wait for a busy List.
        busy_cap: Longest single wait for a busy List.
        busy_seconds: Maximum time to wait for a busy List: as long as a large load of another system can take.
        host_seconds: Maximum time to look up the name of a host that has never responded.
        host_cap: Longest single wait between two such lookups.
        retry_after_cap: Longest wait that a response can ask for with `Retry-After`.
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
    retry_after_cap: float = 300


def _random_up_to(bound: float) -> float:
    return random.uniform(0, bound)  # noqa: S311 - jitter needs no cryptographic randomness


@dataclass(slots=True)
class _FailureCount:
    """The failures of one kind.

    Args:
        failures: Number of tries that failed in this way.
        seconds: Time spent in these tries, after the first one, and in the waits after them.
    """

    failures: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Retries:
    """The retries of one call.

    After each failure, first call `record_failure`. If it returns False, wait for `next_delay` seconds and try again.

    Args:
        policy: The limits.
        splittable: Whether the caller can send a smaller body. If so, a time-out or a lost connection is not retried.
        jitter: Returns a random number between 0 and its argument.
        clock: Monotonic clock, in seconds.
    """

    policy: RetryPolicy
    splittable: bool = False
    jitter: Callable[[float], float] = _random_up_to
    clock: Callable[[], float] = time.monotonic
    _counts: dict[type[Exception], _FailureCount] = field(default_factory=dict)
    _try_started_at: float = 0.0

    def exclude_seconds(self, seconds: float) -> None:
        """Exclude time from the current try that it spent before it was sent, for example in the pacer."""
        self._try_started_at += seconds

    def record_failure(self, error: Exception) -> bool:
        """Count a failure.

        Args:
            error: How the try failed.

        Returns:
            Whether to give up the call.
        """
        count, policy = self._count_of(error), self.policy
        if count.failures:
            count.seconds += self.clock() - self._try_started_at
        count.failures += 1
        if isinstance(error, ListBusyError):
            return count.seconds >= policy.busy_seconds
        if isinstance(error, RateLimitedError):
            return count.seconds >= policy.quota_seconds
        if isinstance(error, HostNotFoundError):
            return count.seconds >= policy.host_seconds
        return (
            count.failures >= policy.attempts
            or count.seconds >= policy.seconds
            or (self.splittable and isinstance(error, (ApiTimeoutError, ConnectionLostError)))
        )

    def next_delay(self, error: Exception) -> float:
        """Return how long to wait before the next try.

        The result is the wait of the policy, or `Retry-After` of the response if that is longer.

        Args:
            error: How the last try failed.

        Returns:
            Seconds to wait.
        """
        count = self._count_of(error)
        retry_after = error.retry_after if isinstance(error, TransientApiError) else 0.0
        seconds = max(self._backoff_delay(error, count.failures), min(retry_after, self.policy.retry_after_cap))
        count.seconds += seconds
        self._try_started_at = self.clock() + seconds
        return seconds

    def _backoff_delay(self, error: Exception, failures: int) -> float:
        policy, doublings = self.policy, min(failures - 1, _MAX_DOUBLINGS)
        if isinstance(error, RateLimitedError):
            return error.reset_seconds + self.jitter(1)
        if isinstance(error, ListBusyError):
            bound: float = min(policy.busy_cap, policy.busy_base * 2**doublings)
            return bound / 2 + self.jitter(bound / 2)
        cap = policy.host_cap if isinstance(error, HostNotFoundError) else policy.cap
        return self.jitter(min(cap, policy.base * 2**doublings))

    def _count_of(self, error: Exception) -> _FailureCount:
        kind = next((kind for kind in _KINDS if isinstance(error, kind)), TransientApiError)
        return self._counts.setdefault(kind, _FailureCount())

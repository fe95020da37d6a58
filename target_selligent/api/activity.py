"""What a run is doing, how long it has done what, and its calls by endpoint. No I/O but the clock."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from target_selligent.errors import ApiTimeoutError, ConnectionLostError, ListBusyError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self


class Doing(Enum):
    """What a run can be doing. If it does several things at once, the first of them counts."""

    CALL = "call"
    """A call is under way: Selligent works, or the line carries a body."""
    QUOTA = "quota"
    """A call waits for the quota of the API key, or for `requests_per_minute`."""
    BUSY_LIST = "busy List"
    """A call waits until another bulk operation on its List ends."""
    RETRY = "retry"
    """A call has failed, and waits for its next try."""
    INPUT = "input"
    """Nothing is under way, and the tap sends nothing."""
    OWN_WORK = "own work"
    """None of the above: the target reads, checks and encodes records."""


_ORDER = tuple(Doing)
_NAMED_PARTS = {0: {"lists": "{list}"}, 2: {"segments": "{segment}"}}
"""Place and text of a part of a path to what stands for the name that follows it."""


@dataclass(frozen=True, slots=True)
class EndpointCalls:
    """The calls of one endpoint.

    Args:
        calls: How often a request was sent.
        seconds: How long they took together.
        retries: How many of them failed in a way that they were sent again.
    """

    calls: int = 0
    seconds: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class ActivitySnapshot:
    """What a run is doing at one moment, and what it has done until then.

    Args:
        seconds: Seconds since the start.
        spent: How long the run has done what. The sum is `seconds`.
        endpoints: Endpoint, such as `POST lists/{list}/data/load`, to its calls that have ended.
        doing: What it is doing.
        since: For how many seconds, without a break.
        detail: The call, if there is one.
    """

    seconds: float
    spent: Mapping[Doing, float]
    endpoints: Mapping[str, EndpointCalls]
    doing: Doing
    since: float
    detail: str


class Activity:
    """Adds up how long a run does what. Any thread may use it.

    Args:
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started_at = self._changed_at = clock()
        self._open: dict[Doing, dict[int, tuple[float, str]]] = {doing: {} for doing in _ORDER}
        """By what is done, its number to when it began and the call."""
        self._next_number = 0
        self._spent = dict.fromkeys(_ORDER, 0.0)
        self._current = Doing.OWN_WORK
        self._current_since = self._started_at
        self._endpoints: defaultdict[str, EndpointCalls] = defaultdict(EndpointCalls)

    def begin(self, doing: Doing, detail: str = "") -> int:
        """Note that something begins.

        Args:
            doing: What it is.
            detail: The call, if there is one.

        Returns:
            Its number, for `end`.
        """
        with self._lock:
            now = self._clock()
            self._next_number += 1
            self._open[doing][self._next_number] = now, detail
            self._change(now)
            return self._next_number

    def end(self, doing: Doing, number: int) -> float:
        """Note that something ends; return how many seconds it took.

        Args:
            doing: What it is.
            number: What `begin` returned.
        """
        with self._lock:
            now = self._clock()
            began_at, _ = self._open[doing].pop(number)
            self._change(now)
            return now - began_at

    def add_calls(self, endpoint: str, calls: EndpointCalls) -> None:
        """Add to the calls of an endpoint."""
        with self._lock:
            known = self._endpoints[endpoint]
            self._endpoints[endpoint] = EndpointCalls(
                known.calls + calls.calls, known.seconds + calls.seconds, known.retries + calls.retries
            )

    def snapshot(self) -> ActivitySnapshot:
        """Return what the run is doing, and what it has done so far."""
        with self._lock:
            now = self._clock()
            self._change(now)
            oldest, detail = min(self._open[self._current].values(), default=(self._current_since, ""))
            return ActivitySnapshot(
                seconds=now - self._started_at,
                spent=dict(self._spent),
                endpoints=dict(self._endpoints),
                doing=self._current,
                since=now - oldest,
                detail=detail,
            )

    def _change(self, now: float) -> None:
        """Add the time since the last change to what was done then."""
        self._spent[self._current] += now - self._changed_at
        self._changed_at = now
        current = next((doing for doing in _ORDER if self._open[doing]), Doing.OWN_WORK)
        if current is not self._current:
            self._current, self._current_since = current, now


class CallActivity:
    """One call with all its tries, and the waits before and between them. A context manager.

    Args:
        activity: Adds up the times.
        endpoint: The endpoint of the call.
        label: The call, as it may be logged.
        splittable: Whether the caller itself sends the rows again if no answer comes.
    """

    def __init__(self, activity: Activity, endpoint: str, label: str, *, splittable: bool) -> None:
        self._activity, self._endpoint, self._label = activity, endpoint, label
        self._splittable = splittable
        self._open: tuple[Doing, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()
        if self._splittable and isinstance(error, (ApiTimeoutError, ConnectionLostError)):
            self._activity.add_calls(self._endpoint, EndpointCalls(retries=1))

    def enter(self, doing: Doing) -> None:
        """Note what the call does from now on."""
        self._end()
        self._open = doing, self._activity.begin(doing, self._label)

    def enter_wait(self, error: BaseException | None) -> None:
        """Note that a try has failed, and that the call waits for the next one.

        Args:
            error: How it has failed.
        """
        if isinstance(error, ListBusyError):
            self.enter(Doing.BUSY_LIST)
        else:
            self.enter(Doing.QUOTA if isinstance(error, RateLimitedError) else Doing.RETRY)
        self._activity.add_calls(self._endpoint, EndpointCalls(retries=1))

    def _end(self) -> None:
        if self._open is None:
            return
        doing, number = self._open
        self._open = None
        seconds = self._activity.end(doing, number)
        if doing is Doing.CALL:
            self._activity.add_calls(self._endpoint, EndpointCalls(1, seconds))


def endpoint_of(method: str, path: Sequence[str]) -> str:
    """Return the endpoint of a call: its method and its path, without the names of Lists and Segments.

    Args:
        method: HTTP method.
        path: Parts of the path below the organization.
    """
    parts = [*path[:1]]
    parts += [_NAMED_PARTS.get(place, {}).get(path[place], part) for place, part in enumerate(path[1:])]
    return f"{method} {'/'.join(parts)}".rstrip()

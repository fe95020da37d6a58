"""How far a run is, and what it waits for, as numbers and as text. Pure; no I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.api import Doing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_selligent.api import EndpointCalls
    from target_selligent.loading.report import BatchTimes

_RATE_SECONDS = 30.0
"""The rate is that of the last seconds, so that it shows when a run gets slower."""
_SHORTEST_SHOWN_WAIT = 2.0
_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is at one moment.

    Args:
        seconds: Seconds since the start of the run.
        read: Records that came.
        acknowledged: Records that are loaded, or rejected and recorded.
        rejected: Records that are rejected.
        state_age: Seconds since the last STATE was printed; None if there was none yet.
        doing: What the run is doing.
        doing_seconds: For how long, without a break.
        detail: The call that is under way or waits, if there is one.
        spent: How many seconds the run has done what. The sum is `seconds`.
        endpoints: Endpoint to its calls.
        batches: Stream to its batches that are loaded into their List.
    """

    seconds: float
    read: int
    acknowledged: int
    rejected: int
    state_age: float | None
    doing: Doing
    doing_seconds: float
    detail: str
    spent: Mapping[Doing, float]
    endpoints: Mapping[str, EndpointCalls]
    batches: Mapping[str, BatchTimes]

    @property
    def calls(self) -> int:
        """Number of requests that were sent."""
        return sum(endpoint.calls for endpoint in self.endpoints.values())

    @property
    def retries(self) -> int:
        """Number of requests that failed and were sent again."""
        return sum(endpoint.retries for endpoint in self.endpoints.values())

    def parts(self, rate: float) -> Iterator[str]:
        """Yield the progress in words, the most important first.

        Args:
            rate: Records that are acknowledged in a second.
        """
        yield f"{self.read:,} read"
        yield f"{self.acknowledged:,} acknowledged"
        yield f"{self.rejected:,} rejected"
        yield f"{rate:,.0f} rows/s"
        if waits_for := self._waits_for():
            yield waits_for
        yield "no STATE yet" if self.state_age is None else f"last STATE {format_seconds(self.state_age)} ago"
        yield f"{self.calls:,} calls"
        yield f"{self.retries:,} retries"

    def _waits_for(self) -> str | None:
        """Return what the run waits for; None if it waits for nothing, or only for a moment."""
        if self.doing_seconds < _SHORTEST_SHOWN_WAIT or self.doing is Doing.OWN_WORK:
            return None
        waits_for = {
            Doing.CALL: "Selligent",
            Doing.QUOTA: "the quota",
            Doing.BUSY_LIST: "another operation on the List",
            Doing.RETRY: "the next try",
            Doing.INPUT: "the tap",
        }[self.doing]
        return f"waits for {waits_for} ({format_seconds(self.doing_seconds)})"


class Rate:
    """Records that are acknowledged in a second, over the last half minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque([(0.0, 0)])

    def note(self, progress: Progress) -> float:
        """Note how far the run is; return the rate."""
        self._samples.append((progress.seconds, progress.acknowledged))
        while len(self._samples) > 2 and self._samples[1][0] <= progress.seconds - _RATE_SECONDS:  # noqa: PLR2004 - two make a span
            self._samples.popleft()
        first_seconds, first_acknowledged = self._samples[0]
        seconds = progress.seconds - first_seconds
        return (progress.acknowledged - first_acknowledged) / seconds if seconds > 0 else 0.0


def format_seconds(seconds: float) -> str:
    """Return a duration as text, such as `3 s` or `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), _SECONDS_PER_MINUTE)
    return f"{minutes:,} min {rest} s" if minutes else f"{rest} s"

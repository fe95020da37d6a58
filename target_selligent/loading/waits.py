"""Why a run waits, in one sentence, at most once a minute. Pure; no I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from target_selligent.api import Doing
from target_selligent.loading.progress import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_selligent.loading.progress import Progress

_WINDOW_SECONDS = 60.0
_LONG_SECONDS = 30.0
"""A wait is worth a sentence if it took so much of the last minute, or if a single call takes so long."""

_REASONS = {
    Doing.QUOTA: "the quota of the API key: other systems use the key, too, or requests_per_minute is low",
    Doing.BUSY_LIST: "a List that is busy with another bulk operation: another system loads it",
    Doing.RETRY: "the next try of calls that failed: the warnings before say why",
    Doing.INPUT: "the tap: it sent nothing, and everything before is loaded or waits for more rows",
}


class Waits:
    """Finds out why a run waits."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Mapping[Doing, float]]] = deque([(0.0, dict.fromkeys(Doing, 0.0))])
        self._said_at: float | None = None

    def note(self, progress: Progress) -> str | None:
        """Note how far the run is; return why it waits, or None if it does not or if that was said within a minute."""
        self._samples.append((progress.seconds, progress.spent))
        while len(self._samples) > 1 and self._samples[0][0] < progress.seconds - _WINDOW_SECONDS:
            self._samples.popleft()
        if self._said_at is not None and progress.seconds < self._said_at + _WINDOW_SECONDS:
            return None
        reason = self._find_reason(progress)
        if reason is not None:
            self._said_at = progress.seconds
        return reason

    def _find_reason(self, progress: Progress) -> str | None:
        if progress.doing is Doing.CALL and progress.doing_seconds >= _LONG_SECONDS:
            return f"{progress.detail}: no answer for {format_seconds(progress.doing_seconds)} so far"
        _, before = self._samples[0]
        waited = {doing: progress.spent[doing] - before[doing] for doing in _REASONS}
        longest = max(waited, key=waited.__getitem__)
        if waited[longest] < _LONG_SECONDS:
            return None
        return f"In the last minute, the run waited {format_seconds(waited[longest])} for {_REASONS[longest]}"

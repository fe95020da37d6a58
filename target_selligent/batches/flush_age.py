"""How old rows may become before they are loaded, even if they are few. Pure; no I/O."""

from __future__ import annotations

import threading

_IDLE_PER_FLUSH_SECOND = 4
"""After a flush of one second, rows may wait for four seconds. So flushes for age take at most 1/5 of the time."""
_RECENT_LOADS = 5


class FlushAge:
    """The age limit for rows that wait for their load. Both buffers use it: the List's and the Segments'.

    The limit is the setting, or more if flushes for age alone take long. A load's time is the time of Selligent's
    successful answers, without waits and retries. The typical load is the median of the last five, so one slow load
    changes nothing. Any thread may use it.

    Args:
        seconds: The setting.
    """

    def __init__(self, seconds: float) -> None:
        self._setting = seconds
        self._lock = threading.Lock()
        self._recent = [0.0] * _RECENT_LOADS
        self._loads_per_flush = 0

    @property
    def seconds(self) -> float:
        """The age limit, in seconds: the setting, or four times the time of a typical flush."""
        with self._lock:
            typical_load = sorted(self._recent)[_RECENT_LOADS // 2]
            return max(self._setting, _IDLE_PER_FLUSH_SECOND * self._loads_per_flush * typical_load)

    def note_flush(self, loads: int) -> None:
        """Note how many loads a flush for age needs; a flush without loads changes nothing."""
        with self._lock:
            self._loads_per_flush = loads or self._loads_per_flush

    def note_load(self, seconds: float) -> None:
        """Note the time that Selligent took for its successful answers to one load of such a flush, in seconds."""
        with self._lock:
            self._recent = [*self._recent[1:], seconds]

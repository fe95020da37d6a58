"""How old rows may get before they are loaded although they are few. Pure; no I/O."""

from __future__ import annotations

import threading

_IDLE_PER_LOAD_SECOND = 4
"""Seconds without loads for their age to each second with them: at most a fifth of the time goes into such loads."""
_RECENT = 5


class FlushAge:
    """The age at which rows are loaded: what the settings say, or more where loading for age alone takes long.

    How long it takes is what Selligent's good answers took: no wait and no retry counts. Of the last five loads the
    one in the middle counts, so that a load that takes long for once changes nothing. May be used from any thread.

    Args:
        seconds: What the settings say.
    """

    def __init__(self, seconds: float) -> None:
        self._setting = seconds
        self._lock = threading.Lock()
        self._recent = [0.0] * _RECENT
        self._loads = 0

    @property
    def seconds(self) -> float:
        """The age, in seconds."""
        with self._lock:
            typical = sorted(self._recent)[_RECENT // 2]
            return max(self._setting, _IDLE_PER_LOAD_SECOND * self._loads * typical)

    def note_flush(self, loads: int) -> None:
        """Note how many loads the age has made necessary at once; none changes nothing."""
        with self._lock:
            self._loads = loads or self._loads

    def note_load(self, seconds: float) -> None:
        """Note how long Selligent's good answers to one such load took, in seconds."""
        with self._lock:
            self._recent = [*self._recent[1:], seconds]

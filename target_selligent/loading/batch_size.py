"""Finds how many rows a load of a List should have: more, as long as they are loaded faster. Pure; no I/O.

Each call costs the same time, however few rows it has, and a List takes one call at a time. But no limit of a call is
documented (docs/selligent-api.md). So loads start small and grow while this makes them faster.
"""

from __future__ import annotations

import threading

_MAX_SECONDS = 10
"""A call should not take longer: what comes after it waits, and so does STATE."""
_GAIN = 1.05
"""How much faster larger loads must be to grow on."""
_SMALL_STEP = 1.25
"""A last step that is no larger than this is taken together with the one before it, if the call may take so long."""
_MAX_ANSWERS = 3
"""After how many answers that are no faster the loads stop growing. One slow answer may be chance."""
_PAUSE_ANSWERS = 10
"""After how many answers loads grow again that were too large for a busy tenant. It doubles each time."""


class BatchSize:
    """How many rows the loads of one List have. May be used from any thread.

    Args:
        start: Rows to start with. Loads never get smaller than this.
        maximum: Rows at which growth ends. With `start` or less, loads do not grow.
        max_age_seconds: How long STATE may be held back, in seconds. A call may not take longer.

    Attributes:
        start: Rows to start with.
        rows: How many rows a load has now.
    """

    def __init__(self, start: int, maximum: int, max_age_seconds: float) -> None:
        self._lock = threading.Lock()
        self.rows = self.start = start
        self._maximum = max(start, maximum)
        self._max_seconds = min(_MAX_SECONDS, max_age_seconds)
        self._rate_before: float | None = None
        self._best_rate = 0.0
        self._largest = 0
        self._answers = 0
        self._pause = 0
        self._next_pause = _PAUSE_ANSWERS
        self._is_found = self._maximum == start

    @property
    def was_found(self) -> bool:
        """Whether loads have grown, and have stopped growing."""
        return self._is_found and self._maximum > self.start

    @property
    def grown_to(self) -> int | None:
        """How many rows loads have had that are larger than at the start; None if none had more, or if they shrank."""
        size = min(self.rows, self._largest)
        return size if size > self.start else None

    def note_answer(self, rows: int, seconds: float) -> None:
        """Note that Selligent has loaded rows in one call.

        Args:
            rows: How many.
            seconds: How long it took.
        """
        with self._lock:
            self._largest = max(self._largest, rows)
            if 2 * rows <= self.rows:
                # A small load says nothing about the size.
                return
            if seconds > self._max_seconds and self.rows > self.start:
                self._shrink()
                self._is_found = True
                return
            if self._pause:
                self._pause -= 1
                return
            if self._is_found:
                return
            self._answers += 1
            self._best_rate = max(self._best_rate, rows / max(seconds, 1e-9))
            if self._rate_before is None or self._best_rate >= _GAIN * self._rate_before:
                self._grow(rows, seconds)
            else:
                self._is_found = self._answers >= _MAX_ANSWERS

    def note_too_large(self, rows: int) -> None:
        """Note that Selligent has refused a load for its size. None will be as large again.

        Args:
            rows: How many rows it had.
        """
        with self._lock:
            if rows > self.start:
                self._maximum = max(self.start, min(self._maximum, rows // 2))
                self.rows = min(self.rows, self._maximum)
                self._is_found = True

    def note_overload(self) -> None:
        """Note a time-out, or an answer that the tenant is overloaded. Loads are halved, and grow again later."""
        with self._lock:
            if self.rows > self.start:
                self._shrink()
                self._pause, self._next_pause = self._next_pause, 2 * self._next_pause

    def _grow(self, rows: int, seconds: float) -> None:
        most = self._max_seconds * rows / max(seconds, 1e-9)
        larger = min(2 * self.rows, self._maximum)
        if self._maximum <= min(most, _SMALL_STEP * larger):
            larger = self._maximum
        if self.rows < larger <= most:
            self.rows = larger
            self._rate_before, self._best_rate, self._answers = self._best_rate, 0.0, 0
        self._is_found = self._answers > 0 or larger == self._maximum

    def _shrink(self) -> None:
        self.rows = max(self.start, self.rows // 2)
        self._rate_before, self._best_rate, self._answers = None, 0.0, 0
        self._is_found = False


class BatchSizes:
    """The batch size of each List. May be used from any thread.

    Args:
        start: See `BatchSize`.
        maximum: See `BatchSize`.
        max_age_seconds: See `BatchSize`.
    """

    def __init__(self, start: int, maximum: int, max_age_seconds: float) -> None:
        self._limits = start, maximum, max_age_seconds
        self._lock = threading.Lock()
        self._sizes: dict[str, BatchSize] = {}

    def of_list(self, list_api_name: str) -> BatchSize:
        """Return the batch size of a List.

        Args:
            list_api_name: Its API name, in the tenant's spelling.
        """
        with self._lock:
            if list_api_name not in self._sizes:
                self._sizes[list_api_name] = BatchSize(*self._limits)
            return self._sizes[list_api_name]

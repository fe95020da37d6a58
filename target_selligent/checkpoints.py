"""Which STATE may be printed: those whose every earlier record is acknowledged."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


_FREEZE_SECONDS = 2


class Checkpoints:
    """Holds each STATE back until every batch opened before it is acknowledged.

    A batch takes a ticket when its first record goes in. Tickets count up, so a STATE only has to remember the
    newest ticket at its arrival: it is true once no ticket up to that one is still open. All methods may be
    called from any thread.

    Args:
        emit: Prints one STATE, given as JSON text.
        hold: Keep every STATE until `release`, for runs that cannot be resumed half-way.
    """

    def __init__(self, emit: Callable[[str], None], *, hold: bool = False) -> None:
        self._emit = emit
        self._hold = hold
        self._lock = threading.Lock()
        self._newest = 0
        self._open: dict[int, None] = {}
        self._states: deque[tuple[int, str]] = deque()
        self._last_noted: str | None = None

    def open(self) -> int:
        """Return the ticket of a new batch."""
        with self._lock:
            self._newest += 1
            self._open[self._newest] = None
            return self._newest

    def acknowledge(self, ticket: int) -> None:
        """Note that all records of a batch are loaded or rejected on the record; print what is true now."""
        with self._lock:
            del self._open[ticket]
            self._emit_true_states()

    def note_state(self, state: str) -> None:
        """Take a STATE in; print it at once if nothing before it is open. Repeats and empty ones are dropped.

        Args:
            state: The bare value as JSON text.
        """
        with self._lock:
            if state in {self._last_noted, "{}", "null"}:
                return
            self._last_noted = state
            self._states.append((self._newest, state))
            self._emit_true_states()

    def release(self) -> None:
        """Note that the end of the input is reached and stop holding back."""
        with self._lock:
            self._hold = False
            self._emit_true_states()

    def freeze(self) -> None:
        """Print nothing any more: the process is about to end. A STATE that is being printed is finished first."""
        self._lock.acquire(timeout=_FREEZE_SECONDS)
        self._hold = True

    def _emit_true_states(self) -> None:
        if self._hold:
            return
        oldest_open = next(iter(self._open), self._newest + 1)
        while self._states and self._states[0][0] < oldest_open:
            self._emit(self._states.popleft()[1])

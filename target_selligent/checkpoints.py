"""Which STATE may be printed: those whose every earlier record is acknowledged."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


_FREEZE_SECONDS = 2
_MAX_WAITING_BYTES = 16 << 20


class Checkpoints:
    """Holds each STATE back until every batch opened before it is acknowledged.

    A batch takes a ticket when its first record goes in. Tickets count up, so a STATE waits behind the newest ticket
    that is open at its arrival: it is true once neither that one nor an older one is open. Of the STATEs behind one
    ticket, all of which become true at once, the newest is kept. All methods may be called from any thread.

    Args:
        emit: Prints one STATE, given as JSON text.
        defer: Keep every STATE until `release`, for runs that cannot be resumed half-way.
    """

    def __init__(self, emit: Callable[[str], None], *, defer: bool = False) -> None:
        self._emit = emit
        self._defer = defer
        self._lock = threading.Lock()
        self._newest = 0
        # Tickets in ascending order, and the newest STATE behind each.
        self._open: list[int] = []
        self._states: dict[int, str] = {}
        self._state_bytes = 0
        self._deferred: str | None = None
        self._last_noted: str | None = None

    @property
    def waiting(self) -> int:
        """How many STATEs wait for a ticket."""
        return len(self._states)

    def open(self) -> int:
        """Return the ticket of a new batch."""
        with self._lock:
            self._newest += 1
            self._open.append(self._newest)
            return self._newest

    def acknowledge(self, ticket: int) -> None:
        """Note that all records of a batch are loaded or rejected on the record; print what is true now."""
        with self._lock:
            position = bisect_left(self._open, ticket)
            del self._open[position]
            state = self._states.pop(ticket, None)
            if state is not None:
                self._state_bytes -= len(state)
                self._put(state, position)

    def note_state(self, state: str) -> None:
        """Take a STATE in; print it at once if nothing before it is open. Repeats and empty ones are dropped.

        Args:
            state: The bare value as JSON text.
        """
        with self._lock:
            if state in {self._last_noted, "{}", "null"}:
                return
            self._last_noted = state
            self._put(state, len(self._open))

    def release(self) -> None:
        """Note that the end of the input is reached and stop holding back."""
        with self._lock:
            self._defer = False
            if self._deferred is not None:
                self._emit(self._deferred)
                self._deferred = None

    def freeze(self) -> None:
        """Print nothing any more: the process is about to end. A STATE that is being printed is finished first."""
        self._lock.acquire(timeout=_FREEZE_SECONDS)
        self._defer = True

    def _put(self, state: str, position: int) -> None:
        """Put a STATE behind the last of so many open tickets, in the place of an older one; print it if it is true."""
        if position:
            ticket = self._open[position - 1]
            self._state_bytes += len(state) - len(self._states.get(ticket, ""))
            self._states[ticket] = state
            if self._state_bytes > _MAX_WAITING_BYTES:
                self._thin_out()
        elif self._defer:
            self._deferred = state
        else:
            self._emit(state)

    def _thin_out(self) -> None:
        """Leave out every second STATE that waits, but not the newest: a later one says all that an older one does."""
        for ticket in sorted(self._states)[-2::-2]:
            self._state_bytes -= len(self._states.pop(ticket))

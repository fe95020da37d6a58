"""Decides which STATE may be printed: one whose earlier records are all acknowledged."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


_FREEZE_SECONDS = 2
"""Longest wait for a STATE that another thread is printing, when the process is about to end."""
_MAX_WAITING_BYTES = 16 << 20
"""Maximum size of all STATEs that wait."""


class Checkpoints:
    """Keeps each STATE until every batch opened before it is acknowledged, then prints it.

    A batch gets a ticket when its first record comes. Tickets are numbered in ascending order. A STATE waits for the
    newest ticket that is open when it comes. It may be printed once neither this ticket nor an older one is open. All
    STATEs that wait for one ticket may be printed at the same moment, so only the newest of them is kept.

    All methods may be called from any thread.

    Args:
        emit: Prints one STATE, which is JSON text.
        defer: Whether every STATE is kept until `release`, for runs that cannot resume in the middle.
        before: Called with each ticket before it is closed, if it is given.
    """

    def __init__(
        self, emit: Callable[[str], None], *, defer: bool = False, before: Callable[[int], None] | None = None
    ) -> None:
        self._emit = emit
        self._before = before
        self._defer = defer
        self._lock = threading.Lock()
        self._newest_ticket = 0
        self._open_tickets: list[int] = []
        """In ascending order."""
        self._held_by: defaultdict[int, list[int]] = defaultdict(list)
        """The tickets that each ticket holds open."""
        self._holds: defaultdict[int, int] = defaultdict(int)
        """How many acknowledgements each ticket needs beside its last one."""
        self._states: dict[int, str] = {}
        """The newest STATE that waits for each ticket."""
        self._waiting_bytes = 0
        self._deferred: str | None = None
        self._last_noted: str | None = None

    @property
    def waiting(self) -> int:
        """Number of STATEs that wait for a ticket."""
        return len(self._states)

    def open(self) -> int:
        """Return the ticket of a new batch."""
        with self._lock:
            self._newest_ticket += 1
            self._open_tickets.append(self._newest_ticket)
            return self._newest_ticket

    def hold(self, ticket: int, later: int) -> None:
        """Keep a ticket open until a later one is closed: a record of its batch has moved to the later batch.

        Args:
            ticket: The ticket. Its batch is not acknowledged yet.
            later: A later open ticket.
        """
        with self._lock:
            self._holds[ticket] += 1
            self._held_by[later].append(ticket)

    def acknowledge(self, ticket: int) -> None:
        """Close the ticket of a batch whose records are all loaded or rejected. Print what is complete now."""
        if self._before is not None:
            self._before(ticket)
        with self._lock:
            self._acknowledge(ticket)

    def note_state(self, state: str) -> None:
        """Print a STATE as soon as no batch before it is open. Repeated and empty STATEs are dropped.

        Args:
            state: The bare value as JSON text.
        """
        with self._lock:
            if state in {self._last_noted, "{}", "null"}:
                return
            self._last_noted = state
            self._keep_or_print(state, len(self._open_tickets))

    def release(self) -> None:
        """Print the deferred STATE, and defer no further one. Called after the end of the input."""
        with self._lock:
            self._defer = False
            if self._deferred is not None:
                self._emit(self._deferred)
                self._deferred = None

    def freeze(self) -> None:
        """Print nothing after this, because the process is about to end. A STATE that is being printed is finished."""
        self._lock.acquire(timeout=_FREEZE_SECONDS)
        self._defer = True

    def _acknowledge(self, ticket: int) -> None:
        if self._holds.get(ticket):
            self._holds[ticket] -= 1
            return
        self._holds.pop(ticket, None)
        position = bisect_left(self._open_tickets, ticket)
        del self._open_tickets[position]
        state = self._states.pop(ticket, None)
        if state is not None:
            self._waiting_bytes -= len(state)
            self._keep_or_print(state, position)
        for held in self._held_by.pop(ticket, ()):
            self._acknowledge(held)

    def _keep_or_print(self, state: str, open_before: int) -> None:
        """Keep a STATE while tickets before it are open; otherwise print it.

        Args:
            state: The STATE. It replaces an older one that waits for the same ticket.
            open_before: How many of the open tickets are older than the STATE.
        """
        if open_before:
            ticket = self._open_tickets[open_before - 1]
            self._waiting_bytes += len(state) - len(self._states.get(ticket, ""))
            self._states[ticket] = state
            if self._waiting_bytes > _MAX_WAITING_BYTES:
                self._drop_every_second()
        elif self._defer:
            self._deferred = state
        else:
            self._emit(state)

    def _drop_every_second(self) -> None:
        """Drop every second STATE that waits, but not the newest. A later STATE includes what an earlier one says."""
        for ticket in sorted(self._states)[-2::-2]:
            self._waiting_bytes -= len(self._states.pop(ticket))

"""Checkpoint tickets that wait for Segment loads. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PendingTickets:
    """Counts the loads that each ticket still waits for. A ticket is finished, once, when no load is left.

    Only one thread may use it.
    """

    def __init__(self) -> None:
        self._loads_left: dict[int, int] = {}
        self._finished: list[int] = []

    def expect(self, ticket: int, loads: int) -> None:
        """Add a ticket.

        Args:
            ticket: The ticket, which is not pending yet.
            loads: How many loads it waits for. With none, it is finished at once.
        """
        if loads:
            self._loads_left[ticket] = loads
        else:
            self._finished.append(ticket)

    def done(self, tickets: Iterable[int]) -> None:
        """Note that one load is done.

        Args:
            tickets: The tickets that wait for this load.
        """
        for ticket in tickets:
            self._loads_left[ticket] -= 1
            if not self._loads_left[ticket]:
                del self._loads_left[ticket]
                self._finished.append(ticket)

    def pop_finished(self) -> list[int]:
        """Return the tickets that were finished since the last call, in that order."""
        finished, self._finished = self._finished, []
        return finished

"""Tickets that wait for Segment loads: each is finished once, after its last load."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.pending_tickets import PendingTickets


def test_a_ticket_without_loads_is_finished_at_once() -> None:
    """A batch whose records name no Segment has nothing to wait for."""
    pending = PendingTickets()
    pending.expect(7, 0)
    assert pending.pop_finished() == [7]


def test_a_ticket_is_finished_after_its_last_load() -> None:
    """A ticket with two loads is finished by the second one, and returned only once."""
    pending = PendingTickets()
    pending.expect(1, 2)
    pending.done([1])
    assert pending.pop_finished() == []
    pending.done([1])
    assert pending.pop_finished() == [1]
    assert pending.pop_finished() == []


def test_one_load_counts_for_all_its_tickets() -> None:
    """A load with rows of several batches finishes those that wait for nothing else."""
    pending = PendingTickets()
    pending.expect(1, 1)
    pending.expect(2, 2)
    pending.expect(3, 1)
    pending.done([1, 2, 3])
    assert pending.pop_finished() == [1, 3]


def test_a_load_of_a_finished_ticket_is_an_error() -> None:
    """A finished ticket waits for nothing: another load with it is a fault of the caller."""
    pending = PendingTickets()
    pending.expect(1, 1)
    pending.done([1])
    with pytest.raises(KeyError):
        pending.done([1])


def test_finished_tickets_come_in_order() -> None:
    """Tickets are returned in the order in which they were finished."""
    pending = PendingTickets()
    pending.expect(1, 1)
    pending.expect(2, 0)
    pending.done([1])
    assert pending.pop_finished() == [2, 1]


@given(st.lists(st.sets(st.integers(0, 5)), max_size=10))
def test_each_ticket_is_finished_once_and_not_early(loads: list[set[int]]) -> None:
    """For any loads, a ticket is finished exactly when the last load with it is done."""
    pending = PendingTickets()
    left = {ticket: sum(ticket in load for load in loads) for ticket in range(6)}
    for ticket, count in left.items():
        pending.expect(ticket, count)
    finished = pending.pop_finished()
    assert finished == [ticket for ticket, count in left.items() if not count]
    for load in loads:
        pending.done(sorted(load))
        for ticket in load:
            left[ticket] -= 1
        new = pending.pop_finished()
        assert new == [ticket for ticket in sorted(load) if not left[ticket]]
        finished += new
    assert sorted(finished) == list(range(6))

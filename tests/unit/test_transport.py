"""Retries as a policy: how often, how long, and what is given up at once; and what no call may do."""

from __future__ import annotations

import socket
from itertools import pairwise

import pytest

from target_selligent.errors import (
    ApiTimeoutError,
    ConnectionLostError,
    ListBusyError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    TransientApiError,
)
from target_selligent.pacer import Pacer
from target_selligent.transport import Retries, RetryPolicy, Transport

CALL = "POST lists/contacts/data/load"
SERVER = ServerError("503", call=CALL)
LOST = ConnectionLostError("lost", call=CALL)
LATE = ApiTimeoutError("late", call=CALL)
BUSY = ListBusyError("busy", call=CALL)


class Clock:
    """Seconds that go on when they are waited for."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds


def waits(error: TransientApiError, policy: RetryPolicy, *, splittable: bool = False) -> list[float]:
    """Return the waits until a call that always fails alike is given up, if jitter draws the most it can."""
    clock = Clock()
    retries = Retries(policy, splittable, draw=lambda bound: bound, clock=clock)
    waited: list[float] = []
    while not retries.exhausted(error):
        waited.append(retries.wait(error))
        clock.sleep(waited[-1])
        assert len(waited) < 10_000
    return waited


@pytest.mark.parametrize("error", [SERVER, LOST, LATE], ids=["server", "connection", "time-out"])
def test_waits_double_up_to_a_cap(error: TransientApiError) -> None:
    """Faults are tried a number of times, with waits that double and then stay at the cap."""
    found = waits(error, RetryPolicy(attempts=8, seconds=10_000, base=1, cap=20))
    assert len(found) == 7
    assert all(after == min(2 * before, 20) for before, after in pairwise(found))


def test_a_fault_is_not_tried_for_ever() -> None:
    """However many tries are allowed, the time is bounded."""
    found = waits(SERVER, RetryPolicy(attempts=1_000_000, seconds=100, base=1, cap=10))
    assert 100 <= sum(found) <= 120


def test_a_single_try_is_a_single_try() -> None:
    """With one attempt, nothing is tried again."""
    assert waits(SERVER, RetryPolicy(attempts=1)) == []


def test_a_busy_list_has_its_own_patience() -> None:
    """A busy List does not use up the tries; it is waited for as long as the setting says, ever more rarely."""
    found = waits(BUSY, RetryPolicy(attempts=1, busy_seconds=60, busy_base=0.25, busy_cap=5))
    assert 60 <= sum(found) <= 66
    assert found == sorted(found)
    assert max(found) <= 5
    assert waits(BUSY, RetryPolicy(busy_seconds=0)) == []


def test_a_used_up_quota_is_waited_out() -> None:
    """The wait for the quota is what the answer says and a little jitter; it does not use up the tries."""
    error = RateLimitedError("429", call=CALL, reset_seconds=30)
    found = waits(error, RetryPolicy(attempts=1, quota_seconds=100))
    assert found == [31.0] * 4


def test_a_large_body_is_split_rather_than_tried_again() -> None:
    """A body that can be split is tried twice if no answer comes in time; one that cannot be, as often as others."""
    policy = RetryPolicy(attempts=8, seconds=100_000)
    assert len(waits(LATE, policy, splittable=True)) == 1
    assert len(waits(LATE, policy)) == 7
    assert len(waits(SERVER, policy, splittable=True)) == 7


def test_jitter_never_passes_the_bound() -> None:
    """A wait is drawn at random between nothing and its bound."""
    policy = RetryPolicy(base=1, cap=4)
    for _ in range(100):
        retries = Retries(policy)
        retries.exhausted(SERVER)
        assert 0 <= retries.wait(SERVER) <= 4


def test_the_pacer_keeps_the_quota() -> None:
    """No more calls than allowed leave in any 60 seconds, as far as our own count goes."""
    clock = Clock()
    pacer = Pacer(10, clock=clock, sleep=clock.sleep)
    sent = []
    for _ in range(35):
        pacer.acquire()
        sent.append(clock.now)
        pacer.release(None, None)
        clock.sleep(0.5)
    assert all(later - earlier > 60 for earlier, later in zip(sent, sent[10:], strict=False))
    assert sent[34] - sent[0] < 4 * 62


def test_the_pacer_believes_the_headers() -> None:
    """When an answer says that no call remains, the next one waits for the window to end."""
    clock = Clock()
    pacer = Pacer(1000, clock=clock, sleep=clock.sleep)
    pacer.acquire()
    pacer.release(0, 30)
    assert 30 <= pacer.acquire() <= 32
    pacer.release(999, 60)
    assert pacer.acquire() == 0


def transport(port: int) -> Transport:
    """Return a transport to a port of this machine that tries once."""
    return Transport(
        f"http://127.0.0.1:{port}",
        "key",
        "hidden",
        "my_org",
        timeout=5,
        pacer=Pacer(100),
        policy=RetryPolicy(attempts=1),
    )


def test_nobody_listens() -> None:
    """An address where nothing listens is a lost connection, named by the call, without address or secret."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionLostError) as caught:
        transport(port).call("GET", ["lists", "contacts"])
    assert str(caught.value).startswith("GET lists/contacts: connection lost")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("part", ["", ".", ".."], ids=repr)
def test_no_name_leads_to_another_path(part: str) -> None:
    """A name that no encoding keeps from meaning another path is as good as not there, without a call."""
    with pytest.raises(NotFoundError):
        transport(1).call("GET", ["lists", "contacts", "segments", part])

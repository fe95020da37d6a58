"""The retry policy: how often, how long, and after which wait. Each kind of failure has its own count and clock."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.retries import Retries, RetryPolicy
from target_selligent.errors import (
    ApiTimeoutError,
    ConnectionLostError,
    HostNotFoundError,
    ListBusyError,
    RateLimitedError,
    ServerError,
    TransientApiError,
)
from tests.unit.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

CALL = "POST lists/contacts/data/load"
SERVER = ServerError("503", call=CALL)
LOST = ConnectionLostError("lost", call=CALL)
LATE = ApiTimeoutError("late", call=CALL)
BUSY = ListBusyError("busy", call=CALL)
QUOTA = RateLimitedError("429", call=CALL, reset_seconds=60)
UNKNOWN = HostNotFoundError("host not found", call=CALL)


def waits(error: TransientApiError, policy: RetryPolicy, *, splittable: bool = False) -> list[float]:
    """Return the waits until a call that always fails alike is given up, if jitter draws the most it can."""
    clock = Clock()
    retries = Retries(policy, splittable, jitter=lambda bound: bound, clock=clock)
    waited: list[float] = []
    while not retries.record_failure(error):
        waited.append(retries.next_delay(error))
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
    """A busy List is waited for as long as the setting says, ever more rarely, however few tries there are."""
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
    """A body that is lost and can be split is not sent again as it is; one that cannot be is, as often as others."""
    policy = RetryPolicy(attempts=8, seconds=100_000)
    assert waits(LATE, policy, splittable=True) == []
    assert waits(LOST, policy, splittable=True) == []
    assert len(waits(LATE, policy)) == 7
    assert len(waits(SERVER, policy, splittable=True)) == 7


def test_jitter_never_passes_the_bound() -> None:
    """A wait is drawn at random between nothing and its bound."""
    policy = RetryPolicy(base=1, cap=4)
    for _ in range(100):
        retries = Retries(policy)
        retries.record_failure(SERVER)
        assert 0 <= retries.next_delay(SERVER) <= 4


def test_a_host_that_is_not_found_is_looked_up_again_for_some_seconds() -> None:
    """A name that is not known is tried for 15 seconds, not for minutes, and several times."""
    found = waits(UNKNOWN, RetryPolicy())
    assert 15 <= sum(found) <= 18
    assert len(found) > 4


def fail(retries: Retries, clock: Clock, error: TransientApiError, seconds: float) -> None:
    """Let a call fail alike for some time, as if each try took a second."""
    ends = clock.now + seconds
    while clock.now < ends:
        clock.sleep(1)
        assert not retries.record_failure(error)
        clock.sleep(retries.next_delay(error))


@pytest.mark.parametrize("error", [SERVER, LOST, LATE, BUSY, UNKNOWN], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("other", "seconds"),
    [(QUOTA, 3500), (BUSY, 590), (LATE, 60), (SERVER, 60), (UNKNOWN, 10)],
    ids=["quota", "busy", "late", "server", "host not found"],
)
def test_waits_for_one_kind_do_not_use_up_another(
    error: TransientApiError, other: TransientApiError, seconds: float
) -> None:
    """After an hour of quota waits, or minutes of a busy List, any other failure has all of its tries and time."""
    if type(error) is type(other) or {error, other} == {SERVER, LOST}:
        return
    clock = Clock()
    retries = Retries(RetryPolicy(), jitter=lambda bound: bound, clock=clock)
    fail(retries, clock, other, seconds)
    clock.sleep(1)

    waited: list[float] = []
    while not retries.record_failure(error):
        waited.append(retries.next_delay(error))
        clock.sleep(waited[-1])
    assert waited == waits(error, RetryPolicy())


def test_kinds_that_take_turns_are_counted_apart() -> None:
    """Failures that come by turns use up one budget each, at the same pace as if they came alone."""
    clock = Clock()
    retries = Retries(RetryPolicy(attempts=5), jitter=lambda bound: bound, clock=clock)
    given_up: list[int] = []
    for turn in range(1, 100):
        for error in (QUOTA, BUSY, LATE, SERVER):
            if retries.record_failure(error):
                given_up.append(turn)
                break
            clock.sleep(retries.next_delay(error))
        if given_up:
            break
    assert given_up == [5]


def test_time_before_a_call_is_sent_is_no_failure_s() -> None:
    """What the pacer holds a retry back for does not use up the time of the failure before it."""
    clock = Clock()
    retries = Retries(RetryPolicy(attempts=100, seconds=10), jitter=lambda _: 1.0, clock=clock)
    for _ in range(9):
        assert not retries.record_failure(SERVER)
        clock.sleep(retries.next_delay(SERVER))
        clock.sleep(60)
        retries.exclude_seconds(60)


@pytest.mark.parametrize("kind", [ServerError, ListBusyError], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("asked", "seconds"), [(40, 40), (0.001, 1), (1e12, 300), (float("inf"), 300)])
def test_an_answer_asks_for_a_longer_wait(kind: type[TransientApiError], asked: float, seconds: float) -> None:
    """`Retry-After` is obeyed where it is longer than our own wait, up to five minutes."""
    retries = Retries(RetryPolicy(base=1, busy_base=1), jitter=lambda bound: bound)
    error = kind("later", call=CALL, retry_after=asked)
    assert not retries.record_failure(error)
    assert retries.next_delay(error) == seconds


def test_an_answer_asks_for_a_longer_wait_than_the_quota_s() -> None:
    """Of the window's end and `Retry-After`, the later one counts."""
    error = RateLimitedError("429", call=CALL, reset_seconds=10, retry_after=90)
    assert waits(error, RetryPolicy(quota_seconds=100)) == [90, 90]


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 5), min_size=6, max_size=6).filter(any))
def test_no_mixture_of_failures_is_tried_for_ever(chance: Random, weights: list[int]) -> None:
    """Whatever comes, a call is given up after all budgets together, and no wait is long."""
    clock = Clock()
    retries = Retries(RetryPolicy(), clock=clock)
    started = clock.now
    while not retries.record_failure(error := chance.choices([SERVER, LOST, LATE, BUSY, QUOTA, UNKNOWN], weights)[0]):
        seconds = retries.next_delay(error)
        assert 0 <= seconds <= 61
        clock.sleep(seconds)
    assert clock.now - started < 900 * 2 + 3600 + 600 + 15 + 200


def test_the_default_limits_are_those_that_the_documentation_promises() -> None:
    """The defaults are in docs/reliability.md. Whoever changes one must change it there."""
    assert RetryPolicy() == RetryPolicy(
        attempts=8,
        seconds=900,
        quota_seconds=3600,
        base=0.5,
        cap=60,
        busy_base=0.25,
        busy_cap=15,
        busy_seconds=600,
        host_seconds=15,
        host_cap=3,
        retry_after_cap=300,
    )


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (lambda: ListBusyError("busy", call=CALL, retry_after=10), {"busy_seconds": 20}),
        (lambda: RateLimitedError("429", call=CALL, reset_seconds=10), {"quota_seconds": 20}),
        (lambda: HostNotFoundError("unknown", call=CALL, retry_after=10), {"host_seconds": 20}),
        (lambda: ServerError("503", call=CALL, retry_after=10), {"seconds": 20}),
        (lambda: ApiTimeoutError("late", call=CALL, retry_after=10), {"seconds": 20}),
    ],
    ids=["busy", "quota", "host", "server", "time-out"],
)
def test_a_call_is_given_up_when_its_time_is_used_up(
    kind: Callable[[], TransientApiError], limit: dict[str, float]
) -> None:
    """A call is given up as soon as the limit is reached, not only when it is exceeded."""
    clock = Clock()
    retries = Retries(RetryPolicy(base=0, busy_base=0, **limit), jitter=lambda _: 0.0, clock=clock)  # type: ignore[arg-type]
    for _ in range(2):
        assert not retries.record_failure(kind())
        assert retries.next_delay(kind()) == 10
        clock.sleep(10)
    assert retries.record_failure(kind())


def test_the_time_of_the_tries_counts() -> None:
    """The limit is for tries and waits together. The first try does not count."""
    clock = Clock()
    retries = Retries(RetryPolicy(seconds=25), jitter=lambda _: 0.0, clock=clock)
    given_up = []
    for _ in range(4):
        clock.sleep(10)
        given_up.append(retries.record_failure(SERVER))
        retries.next_delay(SERVER)
    assert given_up == [False, False, False, True]


def test_no_time_has_passed_at_the_first_failure() -> None:
    """With a limit near zero, the first failure is not given up, but the next one is."""
    clock = Clock()
    retries = Retries(RetryPolicy(busy_seconds=0.5), clock=clock)
    assert not retries.record_failure(BUSY)
    clock.sleep(1)
    assert retries.record_failure(BUSY)


def test_waits_for_a_busy_list_double() -> None:
    """A wait for a busy List is between half of its bound and the bound. The bound doubles up to the cap."""
    policy = RetryPolicy(busy_base=0.25, busy_cap=3, busy_seconds=10)
    assert waits(BUSY, policy)[:6] == [0.25, 0.5, 1, 2, 3, 3]
    retries = Retries(policy, jitter=lambda _: 0.0, clock=Clock())
    found = []
    for _ in range(6):
        retries.record_failure(BUSY)
        found.append(retries.next_delay(BUSY))
    assert found == [0.125, 0.25, 0.5, 1, 1.5, 1.5]


def test_a_host_that_is_not_found_has_limits_of_its_own() -> None:
    """The number of tries does not limit the lookups of a host. Its waits have a lower cap than others."""
    found = waits(UNKNOWN, RetryPolicy(attempts=1, base=1, cap=60, host_seconds=15, host_cap=3))
    assert found == [1, 2, 3, 3, 3, 3]


def test_many_failures_do_not_overflow() -> None:
    """The wait stays at its cap after thousands of failures, when doubling would exceed all numbers."""
    assert set(waits(SERVER, RetryPolicy(attempts=3000, seconds=1e9, base=0.5, cap=1))[1:]) == {1}
    assert set(waits(BUSY, RetryPolicy(busy_base=0.5, busy_cap=1, busy_seconds=3000))[1:]) == {1}


def test_jitter_spreads_over_the_whole_range() -> None:
    """Waits are drawn from all of the range between 0 and the bound."""
    jitter = Retries(RetryPolicy()).jitter
    found = [jitter(10) for _ in range(1000)]
    assert 0 <= min(found) < 1
    assert 9 < max(found) <= 10
    assert jitter(0) == 0


def test_an_error_of_another_kind_has_no_retry_after() -> None:
    """An exception that is not an API error is counted with the server errors, with the wait of the policy."""
    retries = Retries(RetryPolicy(attempts=2, base=0.25), jitter=lambda bound: bound)
    assert not retries.record_failure(OSError())
    assert retries.next_delay(OSError()) == 0.25
    assert retries.record_failure(SERVER)

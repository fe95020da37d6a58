"""What a run spends its time on: each second counts once, whatever happens at the same time."""

from __future__ import annotations

import pytest

from target_selligent.api.activity import Activity, CallActivity, Doing, EndpointCalls, endpoint_of
from target_selligent.errors import ApiTimeoutError, ListBusyError, RateLimitedError, ServerError
from tests.unit.clock import Clock

LOAD = "POST lists/{list}/data/load"


def spent(activity: Activity) -> dict[Doing, float]:
    """Return what the time was spent on, without what took none."""
    return {doing: seconds for doing, seconds in activity.snapshot().spent.items() if seconds}


def test_each_second_counts_once() -> None:
    """If a call is under way while the tap is waited for, the time is that of the call; the sum is all of the time."""
    clock = Clock()
    activity = Activity(clock)
    clock.sleep(1)
    tap = activity.begin(Doing.INPUT)
    clock.sleep(2)
    call = activity.begin(Doing.CALL, "POST lists/contacts/data/load")
    clock.sleep(4)
    assert activity.end(Doing.CALL, call) == 4
    clock.sleep(8)
    activity.end(Doing.INPUT, tap)
    clock.sleep(16)
    assert spent(activity) == {Doing.OWN_WORK: 17, Doing.INPUT: 10, Doing.CALL: 4}
    assert activity.snapshot().seconds == 31


def test_what_it_is_doing_now() -> None:
    """The oldest of what counts is named, with its call and since when it goes on."""
    clock = Clock()
    activity = Activity(clock)
    activity.begin(Doing.QUOTA, "GET lists/b")
    first = activity.begin(Doing.CALL, "GET lists/c")
    clock.sleep(3)
    activity.begin(Doing.CALL, "GET lists/d")
    clock.sleep(4)
    now = activity.snapshot()
    assert (now.doing, now.detail, now.since) == (Doing.CALL, "GET lists/c", 7)
    activity.end(Doing.CALL, first)
    now = activity.snapshot()
    assert (now.doing, now.detail, now.since) == (Doing.CALL, "GET lists/d", 4)


@pytest.mark.parametrize(
    ("error", "doing"),
    [
        (ListBusyError("busy", call="x"), Doing.BUSY_LIST),
        (RateLimitedError("quota", call="x", reset_seconds=1), Doing.QUOTA),
        (ServerError("503", call="x"), Doing.RETRY),
    ],
    ids=["busy", "quota", "server"],
)
def test_a_call_with_a_retry(error: Exception, doing: Doing) -> None:
    """The wait before the next try counts by its reason; both tries count as calls, one of them as a retry."""
    clock = Clock()
    activity = Activity(clock)
    with CallActivity(activity, LOAD, "POST lists/contacts/data/load", splittable=True) as call:
        call.enter(Doing.CALL)
        clock.sleep(1)
        call.enter_wait(error)
        clock.sleep(10)
        assert activity.snapshot().doing is doing
        call.enter(Doing.CALL)
        clock.sleep(2)
    assert spent(activity) == {Doing.CALL: 3, doing: 10}
    assert activity.snapshot().endpoints == {LOAD: EndpointCalls(2, 3, 1)}


@pytest.mark.parametrize("splittable", [True, False])
def test_a_call_that_gets_no_answer(splittable: bool) -> None:  # noqa: FBT001 - a case
    """Its end is noted. It is a retry if the caller sends its rows again."""
    activity = Activity(Clock())
    call = CallActivity(activity, LOAD, "POST lists/contacts/data/load", splittable=splittable)
    call.enter(Doing.CALL)
    with pytest.raises(ApiTimeoutError), call:
        raise ApiTimeoutError("no response in time", call="x")
    assert activity.snapshot().doing is Doing.OWN_WORK
    assert activity.snapshot().endpoints == {LOAD: EndpointCalls(1, 0, int(splittable))}


def test_an_endpoint_has_no_names() -> None:
    """The calls of all Lists and Segments are counted together: there can be thousands of them."""
    assert endpoint_of("POST", ["lists", "a", "segments", "b", "data", "load"]) == (
        "POST lists/{list}/segments/{segment}/data/load"
    )
    assert endpoint_of("GET", ["lists", "lists", "fields"]) == "GET lists/{list}/fields"
    assert endpoint_of("GET", []) == "GET"

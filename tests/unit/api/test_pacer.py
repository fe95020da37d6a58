"""The pace of calls: below the quota, by our own count and by the headers. No wait is endless, long ones are logged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.pacer import Pacer
from tests.unit.clock import Clock

if TYPE_CHECKING:
    import pytest


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


@given(remaining=st.integers(-5, 3), reset=st.floats(0, 1e300), refused=st.booleans())
def test_no_header_makes_a_long_wait(remaining: int, reset: float, *, refused: bool) -> None:
    """Whatever a header says, the next call waits no longer than a window and a bit."""
    clock = Clock()
    pacer = Pacer(1000, clock=clock, sleep=clock.sleep)
    pacer.acquire()
    pacer.release(remaining, reset, refused=refused)
    assert pacer.acquire() <= min(reset, 60) + 1.1


def test_a_long_wait_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A wait of seconds is in the log with its reason and length; calls that wait for the same moment say it once."""
    caplog.set_level("INFO", "target-selligent")
    clock = Clock()
    pacer = Pacer(2, clock=clock, sleep=clock.sleep)
    for _ in range(3):
        pacer.acquire()
    assert [record.getMessage() for record in caplog.records] == [
        "2 calls were sent in the last minute, the maximum of requests_per_minute: the next call waits 61 s"
    ]
    caplog.clear()
    for _ in range(3):
        pacer.release(0, 30)
    pacer.acquire()
    assert [record.getMessage() for record in caplog.records] == [
        "the response headers say that the quota of this API key is used up: the next call waits 30 s"
    ]


def test_a_short_wait_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    """A wait of a second or two is not in the log."""
    caplog.set_level("INFO", "target-selligent")
    clock = Clock()
    pacer = Pacer(100, clock=clock, sleep=clock.sleep)
    pacer.acquire()
    pacer.release(0, 2)
    assert math.isclose(pacer.acquire(), 2.05)
    assert not caplog.records

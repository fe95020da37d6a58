"""The uplink as a model: fast lines are never limited, slow ones get bodies that arrive in time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.uplink import BUFFERED_BYTES, Uplink

_sizes = st.integers(1, 100_000_000)


def send(uplink: Uplink, size: int, rate: float) -> float:
    """Send a body over a line of so many bytes a second; return the seconds until it arrived or was cut off."""
    seconds = size / rate
    if seconds > uplink.limit.seconds:
        uplink.record_upload_timeout(min(size, int(rate * uplink.limit.seconds) + BUFFERED_BYTES), uplink.limit.seconds)
        return uplink.limit.seconds
    uplink.record_upload(size, max(0, size - BUFFERED_BYTES) / rate)
    return seconds


@given(st.lists(st.tuples(_sizes, st.floats(0, 10)), max_size=30))
def test_a_fast_line_is_never_limited(bodies: list[tuple[int, float]]) -> None:
    """As long as every body leaves in the planned time, nothing is limited, however the times vary."""
    uplink = Uplink()
    for size, seconds in bodies:
        uplink.record_upload(size, seconds)
    assert uplink.max_bytes is None


@given(st.floats(30_000, 1_000_000))
def test_a_slow_line_gets_bodies_that_arrive(rate: float) -> None:
    """After one body that is cut off, all arrive in time, and are not much smaller than they may be."""
    uplink = Uplink()
    assert send(uplink, 20_000_000, rate) == uplink.limit.seconds
    for _ in range(20):
        assert send(uplink, uplink.max_bytes or 0, rate) < uplink.limit.seconds
    assert 8 <= (uplink.max_bytes or 0) / rate <= 13


def test_a_body_that_took_long_limits_the_next() -> None:
    """A body that arrived, but later than planned, makes those after it smaller before one is cut off."""
    uplink = Uplink()
    uplink.record_upload(14_000_000, 14)
    assert 9_500_000 <= (uplink.max_bytes or 0) <= 10_000_000


def test_one_stall_is_forgotten() -> None:
    """A fast line that stood still for one body is as fast as before after a few more."""
    uplink = Uplink()
    uplink.record_upload_timeout(200_000, 15)
    sent = 0
    while (uplink.max_bytes or 0) < 20_000_000:
        send(uplink, uplink.max_bytes or 0, 100_000_000)
        sent += 1
    assert sent <= 12


@given(_sizes, st.floats(0.001, 15))
def test_a_limit_never_falls_to_nothing(sent: int, seconds: float) -> None:
    """However little left, a limit stays large enough to be measured, and so to rise again."""
    uplink = Uplink()
    uplink.record_upload_timeout(sent, seconds)
    assert (uplink.max_bytes or 0) >= 2 * BUFFERED_BYTES

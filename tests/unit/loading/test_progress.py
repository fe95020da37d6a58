"""How far a run is, in words."""

from __future__ import annotations

from typing import Any

import pytest

from target_selligent.api import Doing, EndpointCalls
from target_selligent.loading.progress import Progress, Rate, format_seconds


def progress(**figures: Any) -> Progress:
    """Return the figures of a run that has just begun, with changes."""
    nothing: dict[str, Any] = {
        "seconds": 0.0,
        "read": 0,
        "acknowledged": 0,
        "rejected": 0,
        "state_age": None,
        "doing": Doing.OWN_WORK,
        "doing_seconds": 0.0,
        "detail": "",
        "spent": dict.fromkeys(Doing, 0.0),
        "endpoints": {},
        "batches": {},
    }
    return Progress(**{**nothing, **figures})


def test_the_words() -> None:
    """All figures, the most important first; calls and retries of all endpoints together."""
    run = progress(
        read=12_000,
        acknowledged=10_000,
        rejected=3,
        state_age=65.4,
        endpoints={"GET a": EndpointCalls(2, 1, 0), "POST b": EndpointCalls(1500, 100, 4)},
    )
    words = "12,000 read|10,000 acknowledged|3 rejected|2,500 rows/s|last STATE 1 min 5 s ago|1,502 calls|4 retries"
    assert list(run.parts(2500.4)) == words.split("|")
    assert list(progress().parts(0))[-3:] == ["no STATE yet", "0 calls", "0 retries"]


@pytest.mark.parametrize(
    ("doing", "words"),
    [
        (Doing.CALL, "waits for Selligent (12 s)"),
        (Doing.QUOTA, "waits for the quota (12 s)"),
        (Doing.BUSY_LIST, "waits for another operation on the List (12 s)"),
        (Doing.RETRY, "waits for the next try (12 s)"),
        (Doing.INPUT, "waits for the tap (12 s)"),
        (Doing.OWN_WORK, None),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_it_waits_for(doing: Doing, words: str | None) -> None:
    """A wait of some seconds is named; one of a moment is not, for each call is one."""
    parts = list(progress(doing=doing, doing_seconds=12).parts(0))
    assert [part for part in parts if "waits" in part] == ([words] if words else [])
    assert not any("waits" in part for part in progress(doing=doing, doing_seconds=1.9).parts(0))


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    """A run that stops to get on shows it, however fast it was before."""
    rate = Rate()
    assert rate.note(progress(seconds=0)) == 0
    assert rate.note(progress(seconds=10, acknowledged=1000)) == 100
    for second in range(11, 60):
        newest = rate.note(progress(seconds=second, acknowledged=1000))
    assert newest == 0
    assert rate.note(progress(seconds=60, acknowledged=4000)) == 100


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3725, "62 min 5 s")], ids=str
)
def test_durations(seconds: float, text: str) -> None:
    """Minutes and seconds."""
    assert format_seconds(seconds) == text

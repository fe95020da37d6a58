"""Why a run waits: said when it is so, and not more than once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.api import Doing
from target_selligent.loading.waits import Waits

from .test_progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable


def sentences(waited: Callable[[int], float], doing: Doing, seconds: int = 200) -> dict[int, str]:
    """Return what is said of a run, by second; its waits are given as a function of the seconds since its start."""
    waits, said = Waits(), {}
    for second in range(seconds):
        spent = {**dict.fromkeys(Doing, 0.0), doing: waited(second)}
        if sentence := waits.note(progress(seconds=second, spent=spent)):
            said[second] = sentence
    return said


@pytest.mark.parametrize(
    ("doing", "words"),
    [
        (Doing.QUOTA, "for the quota of the API key"),
        (Doing.BUSY_LIST, "for a List that is busy"),
        (Doing.RETRY, "for the next try"),
        (Doing.INPUT, "for the tap"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_run_that_only_waits(doing: Doing, words: str) -> None:
    """It is said after half a minute and then once a minute, with how long it waited within the last minute."""
    said = sentences(lambda second: second, doing)
    assert list(said) == [30, 90, 150]
    assert said[30].startswith("In the last minute, the run waited 30 s " + words)
    assert "waited 1 min 0 s" in said[90]


def test_short_waits_are_not_worth_a_sentence() -> None:
    """A run that waits less than half of the time is not told about; nor are calls that are answered."""
    assert sentences(lambda second: second * 0.49, Doing.QUOTA) == {}
    assert sentences(lambda second: second, Doing.CALL) == {}
    assert sentences(lambda second: min(second, 20), Doing.INPUT) == {}


def test_a_wait_that_is_over() -> None:
    """Only the last minute counts."""
    assert list(sentences(lambda second: min(second, 50), Doing.INPUT)) == [30]


def test_a_call_without_an_answer() -> None:
    """A single call that takes long is named."""
    waits = Waits()
    call = "POST lists/contacts/data/load"
    assert waits.note(progress(seconds=40, doing=Doing.CALL, doing_seconds=29.9, detail=call)) is None
    said = waits.note(progress(seconds=41, doing=Doing.CALL, doing_seconds=31, detail=call))
    assert said == "POST lists/contacts/data/load: no answer for 31 s so far"

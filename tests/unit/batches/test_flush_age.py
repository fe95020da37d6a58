"""The age limit: the setting, unless flushes for age take too much of the time."""

from __future__ import annotations

from target_selligent.batches.flush_age import FlushAge


def test_one_slow_load_changes_nothing() -> None:
    """A load that Selligent answers after minutes, even the first one, does not change the limit."""
    age = FlushAge(30)
    for seconds in (600, 0.1, 0.1, 0.1, 0.1, 600, 0.1):
        age.note_flush(1)
        age.note_load(seconds)
        assert age.seconds == 30


def test_flushes_take_a_fifth_of_the_time() -> None:
    """A flush of many Segments raises the limit, and a quick flush lowers it again."""
    age = FlushAge(30)
    age.note_flush(100)
    for _ in range(100):
        age.note_load(1)
    assert age.seconds == 400
    age.note_flush(3)
    assert age.seconds == 30

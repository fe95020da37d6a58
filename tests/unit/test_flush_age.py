"""The age at which rows are loaded: what the settings say, unless loading for age takes too much of the time."""

from __future__ import annotations

from target_selligent.flush_age import FlushAge


def test_one_load_that_takes_long_changes_nothing() -> None:
    """A load that Selligent answers after minutes, even the first one, leaves the age as it is."""
    age = FlushAge(30)
    for seconds in (600, 0.1, 0.1, 0.1, 0.1, 600, 0.1):
        age.note_flush(1)
        age.note_load(seconds)
        assert age.seconds == 30


def test_loads_take_a_fifth_of_the_time() -> None:
    """Where many Segments are loaded for their age, it is done less often, and more often again when it is quick."""
    age = FlushAge(30)
    age.note_flush(100)
    for _ in range(100):
        age.note_load(1)
    assert age.seconds == 400
    age.note_flush(3)
    assert age.seconds == 30

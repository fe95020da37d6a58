"""How far a run is, as it is shown."""

from __future__ import annotations

import logging

import pytest

from target_selligent.api import Doing
from target_selligent.display import Display, LogLines, WaitLines, fit
from tests.unit.loading.test_progress import progress


def test_a_line_of_the_log_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """The first after ten seconds; a short run logs none."""
    caplog.set_level(logging.INFO)
    display = Display([LogLines()])
    for second in range(35):
        display.show(progress(seconds=second, read=second))
    display.close()
    display.show(progress(seconds=60, read=60))
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == ["10 read", "20 read", "30 read"]


def test_why_a_run_waits_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Beside how far it is, in one line."""
    caplog.set_level(logging.INFO)
    spent = {**dict.fromkeys(Doing, 0.0), Doing.INPUT: 60.0}
    Display([WaitLines()]).show(progress(seconds=60, spent=spent))
    (line,) = caplog.records
    assert "the run waited 1 min 0 s for the tap" in line.getMessage()


@pytest.mark.parametrize(
    ("columns", "line"),
    [(80, "one, two, three"), (16, "one, two, three"), (15, "one, two"), (9, "one, two"), (8, "one"), (3, "…")],
)
def test_a_line_is_shorter_than_the_terminal(columns: int, line: str) -> None:
    """What finds no room is left out: a longer line would take two, and the first would stay."""
    assert fit(["one", "two", "three"], columns) == line

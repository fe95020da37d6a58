"""What looks at a run: it passes on the figures, ends with the last ones, and never ends the run."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, NoReturn

from target_selligent.loading import monitor as monitors
from target_selligent.loading.monitor import Monitor

from .test_progress import progress

if TYPE_CHECKING:
    import pytest

    from target_selligent.loading.progress import Progress


def test_it_passes_on_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures come while the run goes on, then the last ones, then none."""
    monkeypatch.setattr(monitors, "_SECONDS", 0.001)
    figures = iter(range(1_000_000))
    seen: list[Progress] = []
    some_came = threading.Event()

    def receive(newest: Progress) -> None:
        seen.append(newest)
        if len(seen) == 3:
            some_came.set()

    monitor = Monitor(lambda: progress(read=next(figures)), [receive])
    monitor.start()
    monitor.start()
    assert some_came.wait(60)
    monitor.end()
    count = len(seen)
    monitor.end()
    assert [one.read for one in seen] == list(range(count))
    assert next(figures) == count


def test_a_run_that_nobody_looks_at_has_no_thread() -> None:
    """A Python program that asks for no progress pays nothing for it."""
    before = threading.active_count()
    monitor = Monitor(progress, [])
    monitor.start()
    assert threading.active_count() == before


def test_a_receiver_that_fails_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """The others go on, and the run as well; the log says so once, without what the error says."""
    seen: list[Progress] = []

    def fail(_: Progress) -> NoReturn:
        raise ValueError("secret")

    monitor = Monitor(progress, [fail, seen.append])
    with caplog.at_level(logging.WARNING):
        monitor.end()
    assert len(seen) == 1
    assert [record.getMessage() for record in caplog.records] == ["The progress is not shown any more: ValueError"]

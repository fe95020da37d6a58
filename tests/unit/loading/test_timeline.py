"""Samples of how far a run was."""

from __future__ import annotations

from itertools import pairwise

from target_selligent.loading.timeline import Timeline
from target_selligent.reports import Sample

from .test_progress import progress


def test_a_short_run_keeps_every_sample() -> None:
    """Once each, although the last look at a run may be repeated."""
    timeline = Timeline()
    assert timeline.samples == []
    for second in (1, 2, 2):
        timeline.note(progress(seconds=second, read=second * 10, acknowledged=second, rejected=1))
    assert timeline.samples == [Sample(1, 10, 1, 1), Sample(2, 20, 2, 1)]


def test_a_long_run_keeps_few() -> None:
    """They cover the whole run, about equally far apart, and the newest one is the last."""
    timeline = Timeline()
    for second in range(1, 100_001):
        timeline.note(progress(seconds=second, read=second))
    samples = timeline.samples
    assert 200 < len(samples) <= 601
    assert samples[-1].seconds == 100_000
    steps = [after.seconds - before.seconds for before, after in pairwise(samples[:-1])]
    assert max(steps) <= 2.5 * min(steps)
    assert samples[0].seconds <= max(steps)

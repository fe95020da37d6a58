"""How far a run was over time: few samples, however long it takes. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.reports import Sample

if TYPE_CHECKING:
    from target_selligent.loading.progress import Progress

_MAX_SAMPLES = 600


class Timeline:
    """Keeps samples of how far a run was, about equally far apart, and the newest one."""

    def __init__(self) -> None:
        self._kept: list[Sample] = []
        self._newest: Sample | None = None
        self._seconds_apart = 0.0

    def note(self, progress: Progress) -> None:
        """Note how far the run is."""
        sample = Sample(round(progress.seconds, 3), progress.read, progress.acknowledged, progress.rejected)
        self._newest = sample
        if self._kept and sample.seconds <= self._kept[-1].seconds + self._seconds_apart:
            return
        self._kept.append(sample)
        if len(self._kept) >= _MAX_SAMPLES:
            self._kept = self._kept[::2]
            self._seconds_apart = 2 * sample.seconds / _MAX_SAMPLES

    @property
    def samples(self) -> list[Sample]:
        """The samples; the last one is the newest."""
        newest = [] if self._newest is None or self._newest in self._kept[-1:] else [self._newest]
        return [*self._kept, *newest]

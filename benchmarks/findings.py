"""What measurements are boiled down to: ratios, and whether each is where it should be. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Measurement


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure and the figure to reach.

    Args:
        what: What is compared with what.
        value: The figure.
        unit: Its unit; `x` for a ratio.
        at_most: What it should not pass, if there is such a thing.
        at_least: What it should come up to, if there is such a thing.
        spread: Smallest and largest value of the rounds.
        note: How it was come by, where that is not obvious.
    """

    what: str
    value: float
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the figure is where it should be; None if nothing is asked of it."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians of one run.

    Args:
        run: Its name.
        wall: Seconds.
        cpu: Seconds of CPU.
        peak_mb: Peak memory in MB.
        list_loads: Calls that load a List.
        segment_loads: Calls that load a Segment.
        other_calls: Other calls.
    """

    run: str
    wall: float
    cpu: float
    peak_mb: float
    list_loads: int
    segment_loads: int
    other_calls: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Figures to be shown as bars, one below the other.

    Args:
        title: What is compared.
        values: The figures by label.
        ours: The label of the bar that stands for this target, or for this target at its best.
        unit: Their unit; `x` for ratios.
    """

    title: str
    values: Mapping[str, float]
    ours: str
    unit: str = "x"


@dataclass(frozen=True, slots=True)
class Results:
    """What a scenario found.

    Args:
        findings: Its figures.
        timings: The runs behind them.
        notes: What was left out, and why.
        bars: What of it the chart shows.
    """

    findings: tuple[Finding, ...] = ()
    timings: tuple[Timing, ...] = ()
    notes: tuple[str, ...] = ()
    bars: tuple[Bars, ...] = ()

    def __add__(self, other: Results) -> Results:
        """Return both together."""
        return Results(
            self.findings + other.findings,
            self.timings + other.timings,
            tuple(dict.fromkeys(self.notes + other.notes)),
            self.bars + other.bars,
        )


def wall(measurement: Measurement) -> float:
    """Return the seconds that passed."""
    return measurement.wall


def cpu(measurement: Measurement) -> float:
    """Return the seconds of CPU."""
    return measurement.cpu


def peak(measurement: Measurement) -> float:
    """Return the peak memory in MB."""
    return measurement.peak_mb


def compare(
    measured: Sequence[Measurement],
    reference: Sequence[Measurement],
    of: Callable[[Measurement], float] = wall,
    factor: float = 1,
) -> tuple[float, tuple[float, float]]:
    """Compare two runs round by round, so that what slows the machine down for a while cancels out.

    Args:
        measured: Measurements of one.
        reference: Those of the other, of the same rounds.
        of: What is compared.
        factor: Times which the ratio is taken.

    Returns:
        The median ratio; the smallest and the largest.
    """
    ratios = [factor * of(one) / of(other) for one, other in zip(measured, reference, strict=True)]
    return median(ratios), (min(ratios), max(ratios))


def timing(run: str, measurements: Sequence[Measurement]) -> Timing:
    """Return a run's medians."""
    last = measurements[-1].counts
    return Timing(
        run,
        median(map(wall, measurements)),
        median(map(cpu, measurements)),
        median(map(peak, measurements)),
        last.list_loads,
        last.segment_loads,
        last.other,
    )

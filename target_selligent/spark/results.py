"""What the tasks of a write have done, and the summary of all of them. Pure; no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_selligent.errors import NothingLoadedError, TooManyRejectsError
from target_selligent.loading import RunReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_selligent.loading import Counts
    from target_selligent.rejects import RejectionKind
    from target_selligent.settings import Limit


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one task has done. It is sent to the driver.

    Args:
        partition: The number of its partition.
        lists: The counts of its List.
        segments: The counts of each Segment, by List and Segment.
        kinds: The number of rejected rows of each kind.
        rejected: Number of rows that were rejected. A row that several Segments refused counts once.
        nothing_loaded: Why none of its rows could be loaded; None if some were, or if it had none.
        rejects_path: Its rejects file; None if it has rejected nothing, or if there is no such file.
    """

    partition: int
    lists: Sequence[tuple[str, Counts]] = ()
    segments: Sequence[tuple[tuple[str, str], Counts]] = ()
    kinds: Mapping[RejectionKind, int] = field(default_factory=dict)
    rejected: int = 0
    nothing_loaded: str | None = None
    rejects_path: str | None = None

    @property
    def read(self) -> int:
        """Number of rows that came from Spark."""
        return sum(counts.read for _, counts in self.lists)


def summarize(results: Sequence[TaskResult]) -> Iterator[str]:
    """Yield the summary of all tasks: as that of one run, with the rejects files.

    Args:
        results: What the tasks have done.
    """
    kinds: Counter[RejectionKind] = Counter()
    report = RunReport(lambda: kinds)
    for result in results:
        kinds.update(result.kinds)
        for name, counts in result.lists:
            report.add_list(name, counts)
        for (list_api_name, segment), counts in result.segments:
            report.add_segment(list_api_name, segment, counts)
    yield from report.lines()
    yield from report.warnings()
    for result in results:
        if result.rejects_path is not None:
            yield f"rejects of partition {result.partition}: {result.rejects_path}"


def check_results(results: Sequence[TaskResult], max_rejects: Limit | None) -> None:
    """Check all tasks together, as the end of a run checks its records.

    Args:
        results: What the tasks have done.
        max_rejects: How many rows may be rejected.

    Raises:
        TooManyRejectsError: If more rows were rejected.
        NothingLoadedError: If all rows were rejected, and `max_rejects` does not say that they may be.
    """
    read, rejected = sum(result.read for result in results), sum(result.rejected for result in results)
    if max_rejects is not None:
        most = max_rejects.count if max_rejects.count is not None else (max_rejects.share or 0) * read
        if rejected > most:
            raise TooManyRejectsError(
                f"{rejected:,} of {read:,} records were rejected, more than max_rejects allows: the others are loaded; "
                "see the log of the driver and rejects_path for the reasons"
            )
        return
    reasons = [result.nothing_loaded for result in results if result.read]
    if reasons and None not in reasons:
        raise NothingLoadedError(f"no row could be loaded: {reasons[0]}")

"""Watches a run: how far it is while it goes on, and its report at the end."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from target_selligent import __version__
from target_selligent.api import Activity, Doing
from target_selligent.errors import TargetSelligentError
from target_selligent.loading.monitor import Monitor
from target_selligent.loading.progress import Progress
from target_selligent.loading.timeline import Timeline
from target_selligent.rejects import how_to_mend
from target_selligent.reports import (
    Alert,
    CountsOf,
    EndpointTimes,
    IgnoredStream,
    Reason,
    ReportFile,
    RunSummary,
    StreamBatches,
    TimeSpent,
)
from target_selligent.settings import DEFINITIONS, Limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.loading.report import RunReport
    from target_selligent.rejects import Rejects
    from target_selligent.reports import Verdict
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_STOPPED = "it was stopped before all records had come: run it again; with a tap, that starts from the last STATE"


class RunWatch:
    """Watches one run. Any thread may use it.

    Args:
        settings: The settings of the run.
        report: Its counts.
        rejects: Its rejected records.
        count_read: Returns how many records have come.
        on_progress: Called about once a second with how far the run is; None for nobody.

    Attributes:
        activity: Adds up what the run spends its time on.
        completed: Whether everything is loaded, so that every record is acknowledged.

    Raises:
        DestinationError: If the report cannot be written to `report_path`.
    """

    def __init__(
        self,
        settings: Settings,
        report: RunReport,
        rejects: Rejects,
        count_read: Callable[[], int],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._settings, self._report, self._rejects = settings, report, rejects
        self._count_read = count_read
        self._file = ReportFile(settings.report_path) if settings.report_path else None
        self._alert = Alert(settings.alert_url, settings.alert_on) if settings.alert_url else None
        self._timeline = Timeline()
        receivers = [*([self._timeline.note] if self._file else []), *([on_progress] if on_progress else [])]
        self._monitor = Monitor(self.look, receivers)
        self._last_state_at: float | None = None
        self._concluded = threading.Lock()
        """The first thread that concludes the run acquires it and never releases it."""
        self.activity = Activity()
        self.completed = False

    def start(self) -> None:
        """Begin to look at the run once a second. A second call does nothing."""
        self._monitor.start()

    def note_state(self) -> None:
        """Note that a STATE was printed."""
        self._last_state_at = time.monotonic()

    def look(self) -> Progress:
        """Return how far the run is."""
        activity, read = self.activity.snapshot(), self._count_read()
        return Progress(
            seconds=activity.seconds,
            read=read,
            # What leaves at the end of a run is acknowledged with the run.
            acknowledged=read if self.completed else self._report.acknowledged,
            rejected=self._rejects.total,
            state_age=None if self._last_state_at is None else time.monotonic() - self._last_state_at,
            doing=activity.doing,
            doing_seconds=activity.since,
            detail=activity.detail,
            spent=activity.spent,
            endpoints=activity.endpoints,
            batches=self._report.batches,
        )

    def end(self) -> None:
        """Pass on how far the run has come, and look at it no more."""
        self._monitor.end()

    def conclude(self, error: BaseException | None, *, complete: bool) -> None:
        """Write the report of the run that has ended, and send the alert. A second call does nothing.

        No exception is raised: neither of them may end a run.

        Args:
            error: What ended the run; None if nothing did.
            complete: Whether all its records had come.
        """
        if (self._file is None and self._alert is None) or not self._concluded.acquire(blocking=False):
            return
        progress = self.look()
        self._timeline.note(progress)
        summary = self._summarize(progress, error, complete=complete)
        if self._file is not None:
            try:
                self._file.write(summary)
            except OSError as problem:
                logger.warning("The report (report_path) cannot be written: %s", problem.strerror)
        if self._alert is not None:
            self._alert.send(summary)

    def _summarize(self, progress: Progress, error: BaseException | None, *, complete: bool) -> RunSummary:
        ended_at = datetime.now(timezone.utc)
        verdict: Verdict = "rejects" if progress.rejected else "succeeded"
        reason = None
        if error is not None:
            verdict, reason = "failed", describe_error(error)
        elif not complete:
            verdict, reason = "stopped", _STOPPED
        return RunSummary(
            target_version=__version__,
            run_id=self._rejects.run_id,
            verdict=verdict,
            reason=reason,
            started_at=(ended_at - timedelta(seconds=progress.seconds)).isoformat(timespec="seconds"),
            ended_at=ended_at.isoformat(timespec="seconds"),
            seconds=round(progress.seconds, 3),
            read=progress.read,
            acknowledged=progress.acknowledged,
            rejected=progress.rejected,
            rows_per_second=round(progress.acknowledged / progress.seconds, 1) if progress.seconds else 0.0,
            calls=progress.calls,
            retries=progress.retries,
            seconds_since_state=None if progress.state_age is None else round(progress.state_age, 3),
            time=_time_spent(progress),
            lists=[CountsOf(name, None, asdict(counts)) for name, counts in self._report.lists],
            segments=[CountsOf(*place, asdict(counts)) for place, counts in self._report.segments],
            ignored_streams=[IgnoredStream(*ignored) for ignored in self._report.ignored_streams],
            reasons=[
                Reason(kind.stream, kind.field, kind.code, count, example, how_to_mend(kind.code))
                for kind, count, example in self._rejects.reasons()
            ],
            batches=[
                StreamBatches(stream, times.batches, round(times.seconds, 3))
                for stream, times in progress.batches.items()
            ],
            endpoints=[
                EndpointTimes(name, calls.calls, round(calls.seconds, 3), calls.retries)
                for name, calls in progress.endpoints.items()
            ],
            samples=self._timeline.samples,
            settings=_describe_settings(self._settings),
        )


def describe_error(error: BaseException) -> str:
    """Return what ended a run, as one line without values of records.

    Args:
        error: What ended it. Of an error that is not ours, only the kind is known to be free of values.
    """
    if isinstance(error, TargetSelligentError):
        return " ".join(str(error).split())
    return f"{type(error).__name__}: see the log"


def _time_spent(progress: Progress) -> TimeSpent:
    spent = {doing: round(seconds, 3) for doing, seconds in progress.spent.items()}
    return TimeSpent(
        calls=spent[Doing.CALL],
        quota=spent[Doing.QUOTA],
        busy_lists=spent[Doing.BUSY_LIST],
        retries=spent[Doing.RETRY],
        tap=spent[Doing.INPUT],
        own_work=spent[Doing.OWN_WORK],
    )


def _describe_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that are no secrets, as values that JSON knows."""
    names = [slot.name for slot in fields(settings) if not DEFINITIONS[slot.name].secret]
    return {name: _plain(getattr(settings, name)) for name in names}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Limit):
        return value.count if value.count is not None else f"{value.share:.4%}"
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value

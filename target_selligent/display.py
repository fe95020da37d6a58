"""Shows how far a run is: one live line on a terminal, or a line of the log every ten seconds. Never both.

Metric points of the SDK go to the log with the latter, because a program reads it then.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Protocol

from target_selligent.failure import LOG_CONFIG
from target_selligent.loading import Rate, Waits
from target_selligent.metric_points import MetricPoints

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from target_selligent.loading import Progress

logger = logging.getLogger("target-selligent")

_LOG_SECONDS = 10.0
_SEPARATOR = ", "
_USUAL_COLUMNS = 80


class _View(Protocol):
    """A way to show how far a run is."""

    def show(self, progress: Progress) -> None:
        """Show it."""

    def close(self) -> None:
        """Show nothing any more."""


class Display:
    """Shows how far a run is, from its first figures until it is closed. Any thread may use it.

    Args:
        views: The ways to show it.
    """

    def __init__(self, views: Iterable[_View]) -> None:
        self._views = list(views)
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def for_this_process(cls) -> Display:
        """Return a live line if the log goes to a terminal; otherwise lines and metric points in the log."""
        if not logger.isEnabledFor(logging.INFO):
            return cls([])
        if LOG_CONFIG not in os.environ and sys.stderr is not None and sys.stderr.isatty():
            return cls([LiveLine(sys.stderr), WaitLines()])
        return cls([LogLines(), WaitLines(), MetricPoints()])

    def show(self, progress: Progress) -> None:
        """Show how far the run is."""
        with self._lock:
            if not self._closed:
                for view in self._views:
                    view.show(progress)

    def close(self) -> None:
        """Show nothing any more: a live line is removed. A second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for view in self._views:
                    view.close()


class LogLines:
    """Logs how far a run is, every ten seconds."""

    def __init__(self) -> None:
        self._rate = Rate()
        self._logged_at = 0.0

    def show(self, progress: Progress) -> None:
        """Log how far the run is, if the last line is old enough."""
        rate = self._rate.note(progress)
        if progress.seconds >= self._logged_at + _LOG_SECONDS:
            self._logged_at = progress.seconds
            logger.info("%s", _SEPARATOR.join(progress.parts(rate)))

    def close(self) -> None:
        """Do nothing: the summary follows."""


class WaitLines:
    """Logs why the run waits, at most once a minute."""

    def __init__(self) -> None:
        self._waits = Waits()

    def show(self, progress: Progress) -> None:
        """Log why the run waits, if it does."""
        if reason := self._waits.note(progress):
            logger.info("%s", reason)

    def close(self) -> None:
        """Do nothing: there is nothing to finish."""


class LiveLine:
    """Shows how far a run is in the last line of a terminal. Lines of the log appear above it.

    Args:
        terminal: The terminal, which is the standard error output.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._rate = Rate()
        self._opened = ExitStack()
        self._line: Any = None

    def show(self, progress: Progress) -> None:
        """Show how far the run is, as far as the width of the terminal allows."""
        if self._line is None:
            self._line = self._open()
        text = fit(progress.parts(self._rate.note(progress)), _columns_of(self._terminal))
        self._line.set_description_str(text)

    def close(self) -> None:
        """Remove the line."""
        # The terminal may be gone.
        with suppress(OSError, ValueError):
            self._opened.close()

    def _open(self) -> Any:  # noqa: ANN401 - the library has no types
        # Imported here, because most runs need it not.
        from tqdm import tqdm  # noqa: PLC0415
        from tqdm.contrib.logging import logging_redirect_tqdm  # noqa: PLC0415

        class Line(tqdm):  # type: ignore[misc]
            """A bar without a thread that watches it, and without a lock between processes."""

            monitor_interval = 0

        Line.set_lock(threading.RLock())
        self._opened.enter_context(logging_redirect_tqdm(tqdm_class=Line))
        # Some terminals do not know their size, so that nothing would be shown. `fit` minds the width.
        line = Line(bar_format="{desc}", file=self._terminal, leave=False, nrows=2, ncols=_USUAL_COLUMNS)
        return self._opened.enter_context(line)


def fit(parts: Iterable[str], columns: int) -> str:
    """Join parts to a line that is shorter than a number of columns. Those that find no room are left out.

    Args:
        parts: The parts, the most important first.
        columns: Width of the terminal.
    """
    line = ""
    for part in parts:
        longer = f"{line}{_SEPARATOR}{part}" if line else part
        if len(longer) < columns:
            line = longer
    return line or "…"[: columns - 1]


def _columns_of(terminal: TextIO) -> int:
    try:
        return os.get_terminal_size(terminal.fileno()).columns or _USUAL_COLUMNS
    except (OSError, ValueError):
        return _USUAL_COLUMNS

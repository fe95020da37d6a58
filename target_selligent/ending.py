"""Ends a run: prints the summary once, and ends the process if the end takes too long."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LAST_MESSAGES_SECONDS = 4
"""Longest time for the last messages. The reader of the log may have stopped reading, so that writing blocks."""


class Ending:
    """The end of a run. May be used from any thread.

    Args:
        freeze: Called before the process ends, so that no STATE is printed in part.
        print_summary: Prints the summary.
    """

    def __init__(self, freeze: Callable[[], None], print_summary: Callable[[], None]) -> None:
        self._freeze = freeze
        self._print_summary = print_summary
        self._printed = threading.Lock()
        """The first thread that prints the summary acquires it and never releases it."""

    def print_summary_once(self) -> None:
        """Print the summary, unless it has been printed."""
        if self._printed.acquire(blocking=False):
            self._print_summary()

    def end_process_after(
        self, seconds: float, exit_code: int, print_reason: Callable[[], None], write_report: Callable[[], None]
    ) -> None:
        """End the process after some time, whatever it is doing then. Unfinished batches stay unacknowledged.

        Args:
            seconds: The time.
            exit_code: Exit code of the process.
            print_reason: Called after the summary. Summary and reason together have four seconds.
            write_report: Called meanwhile, in another thread. It has the same four seconds.
        """

        def end() -> None:
            _start_timer(_LAST_MESSAGES_SECONDS, lambda: os._exit(exit_code))
            self._freeze()
            # The reader of the log may have stopped reading, so that the summary blocks.
            report = threading.Thread(target=write_report, daemon=True)
            report.start()
            self.print_summary_once()
            print_reason()
            report.join()
            os._exit(exit_code)

        _start_timer(seconds, end)


def _start_timer(seconds: float, call: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()

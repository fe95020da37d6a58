"""How a run ends: its summary is printed once, and an ending that takes too long is cut short."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LAST_SECONDS = 4
"""How long what is said last may take: who reads the log may have stopped reading."""


class Ending:
    """The end of a run; may be used from any thread.

    Args:
        freeze: Called before the process is ended, so that nothing is left half-printed.
        summary: Prints the summary.
    """

    def __init__(self, freeze: Callable[[], None], summary: Callable[[], None]) -> None:
        self._freeze = freeze
        self._summary = summary
        # Acquired once and never released.
        self._begun = threading.Lock()

    def print_summary_once(self) -> None:
        """Print the summary, unless it is printed already."""
        if self._begun.acquire(blocking=False):
            self._summary()

    def end_process_after(self, seconds: float, code: int, last_words: Callable[[], None]) -> None:
        """End the process when a time is over, whatever it is doing then; what is unfinished stays unacknowledged.

        Args:
            seconds: The time.
            code: Exit code.
            last_words: Called after the summary. Both together are given four seconds.
        """

        def end() -> None:
            _start_timer(_LAST_SECONDS, lambda: os._exit(code))
            self._freeze()
            self.print_summary_once()
            last_words()
            os._exit(code)

        _start_timer(seconds, end)


def _start_timer(seconds: float, call: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()

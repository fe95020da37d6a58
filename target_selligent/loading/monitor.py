"""Looks at a run once a second, in a thread of its own, and passes on how far it is."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_selligent.loading.progress import Progress

logger = logging.getLogger("target-selligent")

_SECONDS = 1.0


class Monitor:
    """Passes on how far a run is, about once a second and at the end.

    Args:
        look: Returns how far the run is.
        receivers: Called with it, from the thread of the monitor; at the end from the thread that ends the run. Never
            from two threads at once. A receiver that raises an exception is not called again: it never ends the run.
    """

    def __init__(self, look: Callable[[], Progress], receivers: Sequence[Callable[[Progress], None]]) -> None:
        self._look = look
        self._receivers = list(receivers)
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the thread, if anybody wants to know. A second call does nothing."""
        if self._thread is None and self._receivers and not self._ended.is_set():
            self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Pass on the last figures, and none after them. A second call does nothing."""
        if not self._ended.is_set():
            self._ended.set()
            self._pass_on()

    def _run(self) -> None:
        while not self._ended.wait(_SECONDS):
            self._pass_on(unless_ended=True)

    def _pass_on(self, *, unless_ended: bool = False) -> None:
        with self._lock:
            if unless_ended and self._ended.is_set():
                return
            progress = self._look()
            for receive in list(self._receivers):
                try:
                    receive(progress)
                except Exception as error:  # noqa: BLE001 - what only shows the run must not end it
                    self._receivers.remove(receive)
                    logger.warning("The progress is not shown any more: %s", type(error).__name__)

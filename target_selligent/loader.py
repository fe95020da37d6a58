"""The lanes: one thread a List, which delivers its batches in order, one call at a time.

The vendor allows one bulk operation per List at a time, so there is nothing to gain from more calls to the same List;
Lists run side by side, and reading, validating and encoding go on while a load is in flight. A lane holds a fixed
number of batches; when it is full, `submit` waits, and with it stdin.
"""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from target_selligent.delivery import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batch import Batch
    from target_selligent.client import SelligentClient
    from target_selligent.destination import ListDestination
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.settings import Settings

_WAITING_BATCHES = 2
_POLL_SECONDS = 0.2


class Loader:
    """Delivers batches in the background.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Takes the records that Selligent refuses.
        report: Takes the counts.
        on_acknowledged: Called with a batch's ticket when each of its records is loaded or rejected on the record.
    """

    def __init__(
        self,
        client: SelligentClient,
        settings: Settings,
        rejects: Rejects,
        report: RunReport,
        on_acknowledged: Callable[[int], None],
    ) -> None:
        self._parts = (client, settings, rejects, report)
        self._on_acknowledged = on_acknowledged
        self._lanes: dict[str, _Lane] = {}

    def submit(self, batch: Batch, destination: ListDestination) -> None:
        """Queue a batch behind those of the same List, waiting while its lane is full.

        Raises:
            Exception: What ended the lane, if it has ended; the batch stays unacknowledged.
        """
        lane = self._lanes.get(destination.api_name)
        if lane is None:
            client, settings, rejects, report = self._parts
            delivery = Delivery(client, destination, settings, rejects, report, self._on_acknowledged)
            lane = _Lane(delivery, destination.api_name)
            self._lanes[destination.api_name] = lane
        lane.put(batch)

    def finish(self) -> None:
        """Wait until everything submitted is delivered.

        Raises:
            Exception: What ended a lane early, after the other lanes are done.
        """
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()
        for lane in lanes:
            lane.join()
        for lane in lanes:
            if lane.failure is not None:
                raise lane.failure


def exit_after(seconds: float, code: int, freeze: Callable[[], None]) -> None:
    """End the process when a time is over, whatever it is doing then; what is unfinished stays unacknowledged.

    Args:
        seconds: The time.
        code: Exit code.
        freeze: Called before, to leave nothing half-printed.
    """

    def end() -> None:
        freeze()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


class _Lane:
    """The queue of one List and the thread that works it off."""

    def __init__(self, delivery: Delivery, name: str) -> None:
        self._delivery = delivery
        self._queue: queue.Queue[Batch | None] = queue.Queue(_WAITING_BATCHES)
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"lane {name}", daemon=True)
        self._thread.start()

    def put(self, batch: Batch) -> None:
        if not self._put(batch) and self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self._put(None)

    def join(self) -> None:
        self._thread.join()

    def _put(self, item: Batch | None) -> bool:
        """Wait for a free place; False if the lane ended before there was one."""
        while self.failure is None:
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def _run(self) -> None:
        try:
            while True:
                try:
                    batch = self._queue.get(timeout=self._delivery.seconds_until_due())
                except queue.Empty:
                    self._delivery.load_due_segments()
                    continue
                if batch is None:
                    self._delivery.load_all_segments()
                    return
                self._delivery.deliver(batch)
        except Exception as failure:  # noqa: BLE001 - handed to whoever submits or finishes
            self.failure = failure

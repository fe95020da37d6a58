"""The lanes: one thread a List, which delivers its batches in order, one call at a time.

The vendor allows one bulk operation per List at a time, so by default there is nothing to gain from more calls to it;
Lists run side by side, and reading, validating and encoding go on while a load is in flight. A lane holds a fixed
number of batches, and a single one if it is large; when it is full, `submit` waits, and with it stdin.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.delivery import Delivery, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batch import Batch, Key
    from target_selligent.client import SelligentClient
    from target_selligent.destination import ListDestination
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.settings import Settings

_WAITING_BATCHES = 2
_HELD_BYTES = 64 << 20
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
            lane = _Lane(delivery, destination.api_name, settings.max_parallel_requests_per_list)
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


@dataclass(frozen=True, slots=True)
class _Flight:
    """A batch whose List load is under way."""

    prepared: Prepared
    keys: set[Key]
    refused: Future[set[int]]


class _Lane:
    """The queue of one List and the thread that works it off, with workers beside it if loads may overlap."""

    def __init__(self, delivery: Delivery, name: str, parallel: int) -> None:
        self._delivery = delivery
        self._parallel = parallel
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._room = threading.Condition()
        self._held_bytes = 0
        self._flights: deque[_Flight] = deque()
        self._departures: queue.SimpleQueue[_Flight] = queue.SimpleQueue()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"lane {name}", daemon=True)
        self._thread.start()
        for number in range(parallel if parallel > 1 else 0):
            threading.Thread(target=self._work, name=f"lane {name} {number}", daemon=True).start()

    def put(self, batch: Batch) -> None:
        """Queue a batch once there is room for it, and raise what ended the lane if it has ended."""
        size = batch.held_bytes
        with self._room:
            while self.failure is None and not self._has_room(size):
                self._room.wait()
            if self.failure is not None:
                raise self.failure
            self._held_bytes += size
            self._queue.put(batch)

    def close(self) -> None:
        self._queue.put(None)

    def join(self) -> None:
        self._thread.join()

    def _has_room(self, size: int) -> bool:
        return not self._held_bytes or (
            self._queue.qsize() < _WAITING_BATCHES and self._held_bytes + size <= _HELD_BYTES
        )

    def _run(self) -> None:
        try:
            while (batch := self._next()) is not None:
                with self._room:
                    self._room.notify()
                if self._parallel == 1:
                    prepared = self._delivery.prepare(batch)
                    self._settle(prepared, self._delivery.load(prepared))
                else:
                    self._depart(batch)
            while self._flights:
                self._land()
            self._delivery.load_all_segments()
        except Exception as failure:  # noqa: BLE001 - handed to whoever submits or finishes
            with self._room:
                self.failure = failure
                self._room.notify()

    def _settle(self, prepared: Prepared, refused: set[int]) -> None:
        with self._room:
            self._held_bytes -= prepared.batch.held_bytes
            self._room.notify()
        self._delivery.settle(prepared, refused)

    def _next(self) -> Batch | None:
        """Wait for a batch, doing meanwhile what is due."""
        while True:
            wait = _POLL_SECONDS if self._flights else self._delivery.seconds_until_due()
            try:
                return self._queue.get(timeout=wait)
            except queue.Empty:
                while self._flights and self._flights[0].refused.done():
                    self._land()
                self._delivery.load_due_segments()

    def _depart(self, batch: Batch) -> None:
        """Start a load as soon as a worker is free and no load under way shares a key with it."""
        keys = set(batch.keys)
        while len(self._flights) >= self._parallel or any(not keys.isdisjoint(other.keys) for other in self._flights):
            self._land()
        flight = _Flight(self._delivery.prepare(batch), keys, Future())
        self._flights.append(flight)
        self._departures.put(flight)

    def _land(self) -> None:
        """Wait for the oldest load and settle its batch."""
        flight = self._flights.popleft()
        self._settle(flight.prepared, flight.refused.result())

    def _work(self) -> None:
        while self.failure is None:
            flight = self._departures.get()
            try:
                flight.refused.set_result(self._delivery.load(flight.prepared))
            except Exception as failure:  # noqa: BLE001 - raised again where the flight lands
                flight.refused.set_exception(failure)

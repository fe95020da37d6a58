"""The lanes: one thread a List, which delivers its batches in order, one call at a time.

The vendor allows one bulk operation per List at a time, so by default there is nothing to gain from more calls to it;
Lists run side by side, and reading, validating and encoding go on while loads are in flight. What waits for its load is
bounded for all lanes together: a List that is busy holds up the others only when its batches fill that bound. Then
`submit` waits, and with it stdin.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.delivery import Delivery, Prepared
from target_selligent.same_key import order_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from target_selligent.batch import Batch
    from target_selligent.client import SelligentClient
    from target_selligent.destination import ListDestination
    from target_selligent.rejects import Rejects
    from target_selligent.report import RunReport
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_MAX_BYTES = 64 << 20
"""Most bytes of batches that wait or are being loaded, for all Lists together; a larger batch is held alone."""
_BATCH_BYTES = 2000
"""About what a batch takes besides its rows."""
_WAITING_BATCHES = 2
"""Most batches that wait where a run has one List only: more would take memory and gain nothing."""
_POLL_SECONDS = 0.2


class Loader:
    """Delivers batches in the background.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Takes the records that Selligent refuses.
        report: Takes the counts.
        on_acknowledged: Called with a batch's ticket when each of its records is loaded or rejected on the record.
        on_loaded: Called with the stream of a batch when rows of it are loaded.
        on_failed: Called once, from the lane's thread, with what ended the first lane that failed.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        client: SelligentClient,
        settings: Settings,
        rejects: Rejects,
        report: RunReport,
        on_acknowledged: Callable[[int], None],
        on_loaded: Callable[[str], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        self._parts = (client, settings, rejects, report)
        self._on_acknowledged = on_acknowledged
        self._on_loaded = on_loaded
        self._parallel = settings.max_parallel_requests_per_list
        self._backlog = _Backlog(None if settings.has_several_lists else _WAITING_BATCHES, on_failed)
        self._lanes: dict[str, _Lane] = {}

    def submit(self, batch: Batch, destination: ListDestination) -> None:
        """Queue a batch behind those of the same List, waiting while all lanes together hold too much.

        Once a lane has failed this does not wait any more, and batches for that lane stay unacknowledged: `check` says
        so to whoever reads.
        """
        lane = self._lanes.get(destination.api_name)
        if lane is None:
            client, settings, rejects, report = self._parts
            delivery = Delivery(client, destination, settings, rejects, report, self._on_acknowledged, self._on_loaded)
            lane = self._lanes[destination.api_name] = _Lane(
                delivery, destination.api_name, self._parallel, self._backlog
            )
        lane.put(batch)

    def check(self) -> None:
        """Raise what ended a lane, if one has failed; it never waits.

        Raises:
            Exception: What ended the first lane that failed.
        """
        if self._backlog.failure is not None:
            raise self._backlog.failure

    def finish(self) -> None:
        """Wait until everything submitted is delivered, in the lanes that have not failed.

        Raises:
            Exception: What ended the first lane that failed, after the other lanes are done.
        """
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()
        for lane in lanes:
            lane.join()
        self.check()


class _Backlog:
    """What all lanes together hold, and whether one of them has failed.

    Args:
        max_waiting: Most batches that wait in one lane; None for no limit but that of bytes.
        on_failed: Called with the first failure.
    """

    def __init__(self, max_waiting: int | None, on_failed: Callable[[Exception], None]) -> None:
        self._max_waiting = max_waiting
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._bytes = 0
        self.failure: Exception | None = None

    def add(self, batch: Batch, waiting: Callable[[], int]) -> None:
        """Count a batch in, once there is room for it or a lane has failed.

        Args:
            batch: The batch.
            waiting: Returns how many batches wait in its lane.
        """
        size = batch.held_bytes + _BATCH_BYTES
        with self._changed:
            while self._bytes and self.failure is None and not self._has_room(size, waiting()):
                self._changed.wait()
            self._bytes += size

    def start(self) -> None:
        """Note that a batch waits no longer."""
        with self._changed:
            self._changed.notify()

    def remove(self, batch: Batch) -> None:
        """Count a batch out."""
        with self._changed:
            self._bytes -= batch.held_bytes + _BATCH_BYTES
            self._changed.notify()

    def fail(self, lane: str, failure: Exception) -> None:
        """Note that a lane has failed; all failures but the first are logged, since that one ends the run."""
        with self._changed:
            first = self.failure is None
            if first:
                self.failure = failure
            self._changed.notify()
        if first:
            self._on_failed(failure)
        else:
            logger.error("List %s: loading has failed too: %s", lane, failure)

    def _has_room(self, size: int, waiting: int) -> bool:
        return self._bytes + size <= _MAX_BYTES and (self._max_waiting is None or waiting < self._max_waiting)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A batch whose List load is under way."""

    prepared: Prepared
    keys: set[Hashable]
    refused: Future[set[int]]


class _Lane:
    """The queue of one List and the thread that works it off, with workers beside it if loads may overlap."""

    def __init__(self, delivery: Delivery, name: str, parallel: int, backlog: _Backlog) -> None:
        self._delivery = delivery
        self._name = name
        self._parallel = parallel
        self._backlog = backlog
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._flights: deque[_Flight] = deque()
        self._departures: queue.SimpleQueue[_Flight] = queue.SimpleQueue()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name=f"lane {name}", daemon=True)
        self._thread.start()
        for number in range(parallel if parallel > 1 else 0):
            threading.Thread(target=self._work, name=f"lane {name} {number}", daemon=True).start()

    def put(self, batch: Batch) -> None:
        """Queue a batch once there is room for it."""
        self._backlog.add(batch, self._queue.qsize)
        self._queue.put(batch)

    def close(self) -> None:
        self._queue.put(None)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            while (batch := self._next()) is not None:
                self._backlog.start()
                if self._parallel == 1:
                    prepared = self._delivery.prepare(batch)
                    self._settle(prepared, self._delivery.load(prepared))
                else:
                    self._depart(batch)
            while self._flights:
                self._land()
            self._delivery.load_all_segments()
        except Exception as failure:  # noqa: BLE001 - handed to whoever checks or finishes
            self._failed = True
            self._backlog.fail(self._name, failure)

    def _settle(self, prepared: Prepared, refused: set[int]) -> None:
        self._backlog.remove(prepared.batch)
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
        """Start a load as soon as a worker is free and no load under way could write the same record."""
        keys = set(order_keys(batch.source.key_types, batch.keys))
        while len(self._flights) >= self._parallel or any(
            other.prepared.batch.source.key_fields != batch.source.key_fields or not keys.isdisjoint(other.keys)
            for other in self._flights
        ):
            self._land()
        flight = _Flight(self._delivery.prepare(batch), keys, Future())
        self._flights.append(flight)
        self._departures.put(flight)

    def _land(self) -> None:
        """Wait for the oldest load and settle its batch."""
        flight = self._flights.popleft()
        self._settle(flight.prepared, flight.refused.result())

    def _work(self) -> None:
        while not self._failed:
            flight = self._departures.get()
            try:
                flight.refused.set_result(self._delivery.load(flight.prepared))
            except Exception as failure:  # noqa: BLE001 - raised again where the flight lands
                flight.refused.set_exception(failure)

"""The workers: one thread a List, which delivers its batches in order, one call at a time.

The vendor allows one bulk operation per List at a time, so by default there is nothing to gain from more calls to it;
Lists run side by side, and reading, validating and encoding go on while loads are in load. What waits for its load is
bounded for all workers together: a List that is busy holds up the others only when its batches fill that bound. Then
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


class ListWorkers:
    """Delivers batches in the background.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Takes the records that Selligent refuses.
        report: Takes the counts.
        on_acknowledged: Called with a batch's ticket when each of its records is loaded or rejected on the record.
        on_loaded: Called with the stream of a batch when rows of it are loaded.
        on_failed: Called once, from the worker's thread, with what ended the first worker that failed.
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
        self._workers: dict[str, _ListWorker] = {}

    def submit(self, batch: Batch, destination: ListDestination) -> None:
        """Queue a batch behind those of the same List, waiting while all workers together hold too much.

        Once a worker has failed this does not wait any more, and batches for that worker stay unacknowledged: `check` says
        so to whoever reads.
        """
        worker = self._workers.get(destination.api_name)
        if worker is None:
            client, settings, rejects, report = self._parts
            delivery = Delivery(client, destination, settings, rejects, report, self._on_acknowledged, self._on_loaded)
            worker = self._workers[destination.api_name] = _ListWorker(
                delivery, destination.api_name, self._parallel, self._backlog
            )
        worker.put(batch)

    def check(self) -> None:
        """Raise what ended a worker, if one has failed; it never waits.

        Raises:
            Exception: What ended the first worker that failed.
        """
        if self._backlog.failure is not None:
            raise self._backlog.failure

    def finish(self) -> None:
        """Wait until everything submitted is delivered, in the workers that have not failed.

        Raises:
            Exception: What ended the first worker that failed, after the other workers are done.
        """
        workers = list(self._workers.values())
        for worker in workers:
            worker.close()
        for worker in workers:
            worker.join()
        self.check()


class _Backlog:
    """What all workers together hold, and whether one of them has failed.

    Args:
        max_waiting: Most batches that wait in one worker; None for no limit but that of bytes.
        on_failed: Called with the first failure.
    """

    def __init__(self, max_waiting: int | None, on_failed: Callable[[Exception], None]) -> None:
        self._max_waiting = max_waiting
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._bytes = 0
        self.failure: Exception | None = None

    def add(self, batch: Batch, waiting: Callable[[], int]) -> None:
        """Count a batch in, once there is room for it or a worker has failed.

        Args:
            batch: The batch.
            waiting: Returns how many batches wait in its worker.
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

    def fail(self, worker: str, failure: Exception) -> None:
        """Note that a worker has failed; all failures but the first are logged, since that one ends the run."""
        with self._changed:
            first = self.failure is None
            if first:
                self.failure = failure
            self._changed.notify()
        if first:
            self._on_failed(failure)
        else:
            logger.error("List %s: loading has failed too: %s", worker, failure)

    def _has_room(self, size: int, waiting: int) -> bool:
        return self._bytes + size <= _MAX_BYTES and (self._max_waiting is None or waiting < self._max_waiting)


@dataclass(frozen=True, slots=True)
class _InFlightLoad:
    """A batch whose List load is under way."""

    prepared: Prepared
    keys: set[Hashable]
    refused: Future[set[int]]


class _ListWorker:
    """The queue of one List and the thread that works it off, with workers beside it if loads may overlap."""

    def __init__(self, delivery: Delivery, name: str, parallel: int, backlog: _Backlog) -> None:
        self._delivery = delivery
        self._name = name
        self._parallel = parallel
        self._backlog = backlog
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._in_flight: deque[_InFlightLoad] = deque()
        self._to_load: queue.SimpleQueue[_InFlightLoad] = queue.SimpleQueue()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name=f"list worker {name}", daemon=True)
        self._thread.start()
        for number in range(parallel if parallel > 1 else 0):
            threading.Thread(target=self._work, name=f"list worker {name} {number}", daemon=True).start()

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
                    self._finish_batch(prepared, self._delivery.load(prepared))
                else:
                    self._start_load(batch)
            while self._in_flight:
                self._finish_oldest()
            self._delivery.load_all_segments()
        except Exception as failure:  # noqa: BLE001 - handed to whoever checks or finishes
            self._failed = True
            self._backlog.fail(self._name, failure)

    def _finish_batch(self, prepared: Prepared, refused: set[int]) -> None:
        self._backlog.remove(prepared.batch)
        self._delivery.finish_batch(prepared, refused)

    def _next(self) -> Batch | None:
        """Wait for a batch, doing meanwhile what is due."""
        while True:
            wait = _POLL_SECONDS if self._in_flight else self._delivery.seconds_until_due()
            try:
                return self._queue.get(timeout=wait)
            except queue.Empty:
                while self._in_flight and self._in_flight[0].refused.done():
                    self._finish_oldest()
                self._delivery.load_due_segments()

    def _start_load(self, batch: Batch) -> None:
        """Start a load as soon as a worker is free and no load under way could write the same record."""
        keys = set(order_keys(batch.source.key_types, batch.keys))
        while len(self._in_flight) >= self._parallel or any(
            other.prepared.batch.source.key_fields != batch.source.key_fields or not keys.isdisjoint(other.keys)
            for other in self._in_flight
        ):
            self._finish_oldest()
        load = _InFlightLoad(self._delivery.prepare(batch), keys, Future())
        self._in_flight.append(load)
        self._to_load.put(load)

    def _finish_oldest(self) -> None:
        """Wait for the oldest load and settle its batch."""
        load = self._in_flight.popleft()
        self._finish_batch(load.prepared, load.refused.result())

    def _work(self) -> None:
        while not self._failed:
            load = self._to_load.get()
            try:
                load.refused.set_result(self._delivery.load(load.prepared))
            except Exception as failure:  # noqa: BLE001 - raised again where the load lands
                load.refused.set_exception(failure)

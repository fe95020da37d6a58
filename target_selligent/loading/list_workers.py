"""One thread for each List. It loads the List's batches in order.

The vendor allows one bulk operation per List at a time (docs/selligent-api.md), so by default a thread makes one call
at a time. Different Lists are loaded side by side. The target reads and encodes further records meanwhile.

One limit holds for all batches that wait or are being loaded, of all Lists together. A slow List delays the others only
when its batches reach this limit. Then `submit` waits, and the target stops reading its input.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_selligent.batches import normalize_for_order
from target_selligent.loading.delivery import Delivery, PreparedBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from target_selligent.api import SelligentClient
    from target_selligent.batches import Batch
    from target_selligent.loading.batch_size import BatchSizes
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.report import RunReport
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_MAX_BYTES = 64 << 20
"""Maximum size of all unfinished batches, for all Lists together. A single batch may be larger."""
_MAX_BYTES_OF_ONE_LIST = 24 << 20
"""Maximum size of them in a run with one List, if several wait."""
_BATCH_BYTES = 2000
"""Approximate memory of a batch without its rows."""
_MAX_WAITING_BATCHES = 3
"""Maximum number of waiting batches in a run with one List: enough to fill a load that has grown. More batches would
only cost memory."""
_POLL_SECONDS = 0.2


class ListWorkers:
    """Loads batches in background threads, one thread for each List.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Receives the records that Selligent refuses.
        report: Receives the counts.
        on_acknowledged: Called with the ticket of a batch, once each of its records is loaded or rejected.
        on_loaded: Called with the stream of a batch, once Selligent has loaded rows of it.
        on_failed: Called once, in the thread of the first list worker that fails, with the error.
        on_rejected: Called with the ticket of a batch and the index of a record of it that is rejected, if it is given.
        batch_sizes: How many rows the loads of each List have; None if loads are not joined.
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
        on_rejected: Callable[[int, int], None] | None = None,
        batch_sizes: BatchSizes | None = None,
    ) -> None:
        self._batch_sizes = batch_sizes
        self._client = client
        self._settings = settings
        self._rejects = rejects
        self._report = report
        self._on_acknowledged = on_acknowledged
        self._on_loaded = on_loaded
        self._on_rejected = on_rejected
        self._backlog = _Backlog(None if settings.has_several_lists else _MAX_WAITING_BATCHES, on_failed)
        self._workers: dict[str, _ListWorker] = {}

    def submit(self, batch: Batch, destination: ListDestination) -> None:
        """Queue a batch behind the other batches of its List. Wait while the unfinished batches are at their limit.

        After a list worker has failed, this method does not wait. Batches of the failed List stay unacknowledged;
        `check` raises the error.
        """
        worker = self._workers.get(destination.api_name)
        if worker is None:
            worker = self._workers[destination.api_name] = self._create_worker(destination)
        worker.put(batch)

    def check(self) -> None:
        """Raise the error of the first list worker that failed, if one has failed. This never waits.

        Raises:
            Exception: The error of the first list worker that failed.
        """
        if self._backlog.failure is not None:
            raise self._backlog.failure

    def finish(self) -> None:
        """Wait until all submitted batches are loaded, except those of Lists whose worker has failed.

        Raises:
            Exception: The error of the first list worker that failed, raised after all others have finished.
        """
        workers = list(self._workers.values())
        for worker in workers:
            worker.close()
        for worker in workers:
            worker.join()
        self.check()

    def _create_worker(self, destination: ListDestination) -> _ListWorker:
        delivery = Delivery(
            self._client,
            destination,
            self._settings,
            self._rejects,
            self._report,
            self._on_acknowledged,
            self._on_loaded,
            self._on_rejected,
            None if self._batch_sizes is None else self._batch_sizes.of_list(destination.api_name),
        )
        return _ListWorker(delivery, destination.api_name, self._settings.max_parallel_requests_per_list, self._backlog)


class _Backlog:
    """Counts the bytes of all unfinished batches, and keeps the first failure of a list worker.

    Args:
        max_waiting: Maximum number of batches that wait for one list worker. None means that only bytes are limited.
        on_failed: Called with the first failure.
    """

    def __init__(self, max_waiting: int | None, on_failed: Callable[[Exception], None]) -> None:
        self._max_waiting = max_waiting
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._bytes = 0
        self.failure: Exception | None = None

    def add(self, batch: Batch, count_waiting: Callable[[], int]) -> None:
        """Count a batch, once there is room for it or a list worker has failed.

        Args:
            batch: The batch.
            count_waiting: Returns how many batches wait for the same list worker.
        """
        size = batch.size_bytes + _BATCH_BYTES
        with self._changed:
            while self._bytes and self.failure is None and not self._has_room(size, count_waiting()):
                self._changed.wait()
            self._bytes += size

    def note_started(self) -> None:
        """Note that a list worker has started a batch, so that one batch fewer waits."""
        with self._changed:
            self._changed.notify()

    def remove(self, batch: Batch) -> None:
        """Stop counting a finished batch."""
        with self._changed:
            self._bytes -= batch.size_bytes + _BATCH_BYTES
            self._changed.notify()

    def note_failure(self, list_api_name: str, failure: Exception) -> None:
        """Note that a list worker has failed. The first failure ends the run; later failures are logged."""
        with self._changed:
            is_first = self.failure is None
            if is_first:
                self.failure = failure
            self._changed.notify()
        if is_first:
            self._on_failed(failure)
        else:
            logger.error("List %s: loading has failed too: %s", list_api_name, failure)

    def _has_room(self, size: int, waiting: int) -> bool:
        if self._max_waiting is None or not waiting:
            return self._bytes + size <= _MAX_BYTES
        return waiting < self._max_waiting and self._bytes + size <= _MAX_BYTES_OF_ONE_LIST


@dataclass(frozen=True, slots=True)
class _InFlightLoad:
    """A batch whose List load has been started.

    Args:
        prepared: The batch.
        keys: The keys of its rows, for comparison with other loads.
        refused: Will hold the indexes of the rows that Selligent refused.
    """

    prepared: PreparedBatch
    keys: set[Hashable]
    refused: Future[set[int]]


class _ListWorker:
    """The queue of one List and the thread that loads its batches.

    If `max_parallel_requests_per_list` is above 1, further threads make the List loads, side by side.
    """

    def __init__(self, delivery: Delivery, list_api_name: str, max_parallel: int, backlog: _Backlog) -> None:
        self._delivery = delivery
        self._list_api_name = list_api_name
        self._max_parallel = max_parallel
        self._backlog = backlog
        self._queue: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        # At most one batch that was taken from the queue and does not fit into the load before it.
        self._taken: list[Batch | None] = []
        self._in_flight: deque[_InFlightLoad] = deque()
        self._to_load: queue.SimpleQueue[_InFlightLoad] = queue.SimpleQueue()
        self._failed = False
        self._size_was_logged = False
        self._thread = threading.Thread(target=self._run, name=f"list worker {list_api_name}", daemon=True)
        self._thread.start()
        for number in range(max_parallel if max_parallel > 1 else 0):
            name = f"list worker {list_api_name}, load {number}"
            threading.Thread(target=self._run_loads, name=name, daemon=True).start()

    def put(self, batch: Batch) -> None:
        """Queue a batch once there is room for it."""
        self._backlog.add(batch, lambda: self._queue.qsize() + len(self._taken))
        self._queue.put(batch)

    def close(self) -> None:
        """Note that no further batch will come."""
        self._queue.put(None)

    def join(self) -> None:
        """Wait until all batches are loaded or the worker has failed."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                if self._max_parallel == 1:
                    self._load_together([batch, *self._take_joinable(batch)])
                else:
                    self._backlog.note_started()
                    self._start_load(batch)
            while self._in_flight:
                self._finish_oldest()
            self._delivery.load_all_segments()
        except Exception as failure:  # noqa: BLE001 - `check` and `finish` raise it
            self._failed = True
            self._backlog.note_failure(self._list_api_name, failure)

    def _take_joinable(self, first: Batch) -> list[Batch]:
        """Take the batches from the queue that may be loaded together with the one before them."""
        joined: list[Batch] = []
        while not self._taken and not self._queue.empty():
            batch = self._queue.get()
            if batch is None or not self._delivery.may_join([first, *joined], batch):
                self._taken.append(batch)
            else:
                joined.append(batch)
        self._backlog.note_started()
        return joined

    def _load_together(self, batches: Sequence[Batch]) -> None:
        """Load batches in one load. If one of them cannot be prepared, load those before it."""
        prepared: list[PreparedBatch] = []
        failure: Exception | None = None
        for batch in batches:
            try:
                prepared.append(self._delivery.prepare(batch))
            except Exception as error:
                if not prepared:
                    raise
                failure = error
                break
        for one, refused in zip(prepared, self._delivery.load_together(prepared), strict=True):
            self._finish_batch(one, refused)
        if failure is not None:
            raise failure

    def _finish_batch(self, prepared: PreparedBatch, refused: set[int]) -> None:
        self._backlog.remove(prepared.batch)
        self._note_size()
        self._delivery.finish_batch(prepared, refused)

    def _note_size(self) -> None:
        """Log once how many rows loads have when they stop growing, and note it for the summary."""
        size = self._delivery.batch_size
        if size is None or size.grown_to is None:
            return
        self._delivery.report.note_batch_size(self._list_api_name, size.grown_to)
        if size.was_found and not self._size_was_logged:
            self._size_was_logged = True
            logger.info("List %s: loads have up to %s rows from now on", self._list_api_name, f"{size.rows:,}")

    def _next_batch(self) -> Batch | None:
        """Wait for a batch. Meanwhile finish completed loads and load Segments whose rows are old enough.

        Returns:
            The batch; None after the last one.
        """
        if self._taken:
            return self._taken.pop()
        while True:
            wait = _POLL_SECONDS if self._in_flight else self._delivery.seconds_until_due()
            try:
                return self._queue.get(timeout=wait)
            except queue.Empty:
                while self._in_flight and self._in_flight[0].refused.done():
                    self._finish_oldest()
                self._delivery.load_due_segments()

    def _start_load(self, batch: Batch) -> None:
        """Start a load, once a thread is free and no load under way could write the same record."""
        keys = set(normalize_for_order(batch.route.key_types, batch.keys))
        while len(self._in_flight) >= self._max_parallel or any(
            other.prepared.batch.route.key_fields != batch.route.key_fields or not keys.isdisjoint(other.keys)
            for other in self._in_flight
        ):
            self._finish_oldest()
        load = _InFlightLoad(self._delivery.prepare(batch), keys, Future())
        self._in_flight.append(load)
        self._to_load.put(load)

    def _finish_oldest(self) -> None:
        """Wait for the oldest load and finish its batch."""
        load = self._in_flight.popleft()
        self._finish_batch(load.prepared, load.refused.result())

    def _run_loads(self) -> None:
        while not self._failed:
            load = self._to_load.get()
            try:
                load.refused.set_result(self._delivery.load(load.prepared))
            except Exception as failure:  # noqa: BLE001 - `_finish_oldest` raises it
                load.refused.set_exception(failure)

"""Metric points of the SDK for calls and batches, in the log. Programs such as Meltano read them there.

There is one point for each endpoint and each stream, once a minute and at the end, not one for each call: a point costs
a line of the log.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk.metrics import DEFAULT_LOG_INTERVAL, Metric, Point, Tag, get_metrics_logger, log

if TYPE_CHECKING:
    from target_selligent.loading import Progress


class MetricPoints:
    """Logs the calls and batches since the last points.

    A counter says how many there were. A timer says how many seconds one of them took on average.
    """

    def __init__(self) -> None:
        self._logger = get_metrics_logger()
        self._logged_at = 0.0
        self._newest: Progress | None = None
        self._logged: dict[tuple[Metric, str], tuple[int, float]] = {}

    def show(self, progress: Progress) -> None:
        """Log points, if the last ones are old enough."""
        self._newest = progress
        if progress.seconds >= self._logged_at + DEFAULT_LOG_INTERVAL:
            self._log_points(progress)

    def close(self) -> None:
        """Log the last points."""
        if self._newest is not None:
            self._log_points(self._newest)

    def _log_points(self, progress: Progress) -> None:
        self._logged_at = progress.seconds
        for endpoint, calls in progress.endpoints.items():
            totals = calls.calls, calls.seconds
            self._log_new(Metric.HTTP_REQUEST_COUNT, Metric.HTTP_REQUEST_DURATION, Tag.ENDPOINT, endpoint, totals)
        for stream, times in progress.batches.items():
            totals = times.batches, times.seconds
            self._log_new(Metric.BATCH_COUNT, Metric.BATCH_PROCESSING_TIME, Tag.STREAM, stream, totals)

    def _log_new(self, counter: Metric, timer: Metric, tag: Tag, name: str, totals: tuple[int, float]) -> None:
        """Log what is new since the last points of a name."""
        logged_count, logged_seconds = self._logged.get((counter, name), (0, 0.0))
        count, seconds = totals
        if count == logged_count:
            return
        self._logged[counter, name] = totals
        tags: dict[str, Any] = {tag: name, Tag.PID: os.getpid()}
        log(self._logger, Point("counter", counter, count - logged_count, tags))
        log(self._logger, Point("timer", timer, (seconds - logged_seconds) / (count - logged_count), tags))

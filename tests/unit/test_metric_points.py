"""Points of the SDK's metrics for calls and batches."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from target_selligent.api import EndpointCalls
from target_selligent.loading.report import BatchTimes
from target_selligent.metric_points import MetricPoints
from tests.unit.loading.test_progress import progress

if TYPE_CHECKING:
    import pytest

LOAD = "POST lists/{list}/data/load"


def points(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the points that were logged, and forget them."""
    logged = [json.loads(record.getMessage().removeprefix("METRIC: ")) for record in caplog.records]
    caplog.clear()
    return logged


def test_points_once_a_minute_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """A counter has what is new since the last point, a timer the mean; what has nothing new has no point."""
    caplog.set_level(logging.INFO)
    metrics = MetricPoints()
    metrics.show(progress(seconds=59, endpoints={LOAD: EndpointCalls(1, 3.0)}))
    assert points(caplog) == []
    metrics.show(
        progress(
            seconds=60,
            endpoints={"GET lists": EndpointCalls(1, 0.5), LOAD: EndpointCalls(4, 8.0)},
            batches={"customers": BatchTimes(2, 9.0)},
        )
    )
    first = points(caplog)
    assert [(point["type"], point["metric"], point["value"]) for point in first] == [
        ("counter", "http_request_count", 1),
        ("timer", "http_request_duration", 0.5),
        ("counter", "http_request_count", 4),
        ("timer", "http_request_duration", 2.0),
        ("counter", "batch_count", 2),
        ("timer", "batch_processing_time", 4.5),
    ]
    assert first[2]["tags"]["endpoint"] == LOAD
    assert first[4]["tags"]["stream"] == "customers"
    metrics.show(progress(seconds=70, endpoints={"GET lists": EndpointCalls(1, 0.5), LOAD: EndpointCalls(6, 18.0)}))
    metrics.close()
    assert [(point["metric"], point["value"]) for point in points(caplog)] == [
        ("http_request_count", 2),
        ("http_request_duration", 5.0),
    ]


def test_a_run_that_showed_nothing_has_no_points(caplog: pytest.LogCaptureFixture) -> None:
    """For example one whose first line is wrong."""
    caplog.set_level(logging.INFO)
    MetricPoints().close()
    assert points(caplog) == []

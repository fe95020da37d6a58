"""What is said of a run after its end: a report as JSON and as a page. It holds no values of records and no secrets."""

from __future__ import annotations

from target_selligent.reports.alert import Alert
from target_selligent.reports.file import ReportFile
from target_selligent.reports.summary import (
    CountsOf,
    EndpointTimes,
    IgnoredStream,
    Reason,
    RunSummary,
    Sample,
    StreamBatches,
    TimeSpent,
    Verdict,
)

__all__ = [
    "Alert",
    "CountsOf",
    "EndpointTimes",
    "IgnoredStream",
    "Reason",
    "ReportFile",
    "RunSummary",
    "Sample",
    "StreamBatches",
    "TimeSpent",
    "Verdict",
]

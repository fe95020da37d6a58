"""A report with all that it can hold."""

from __future__ import annotations

from typing import Any

from target_selligent.reports.summary import (
    CountsOf,
    EndpointTimes,
    IgnoredStream,
    Reason,
    RunSummary,
    Sample,
    StreamBatches,
    TimeSpent,
)

COUNTS = {
    "read": 0,
    "sent": 0,
    "inserted": 0,
    "updated": 0,
    "duplicates": 0,
    "not_found": 0,
    "refused": 0,
    "rejected_before_sending": 0,
    "deleted": 0,
    "removed": 0,
}


def summary(**changes: Any) -> RunSummary:
    """Return the report of a run of two minutes that rejected some records, with changes."""
    values: dict[str, Any] = {
        "target_version": "0.1.0",
        "run_id": "0b8f6a3e-5f0c-4a53-9f55-2f6a6f3f0c11",
        "verdict": "rejects",
        "reason": None,
        "started_at": "2026-11-29T02:00:00+00:00",
        "ended_at": "2026-11-29T02:02:05+00:00",
        "seconds": 125.4,
        "read": 1_200_000,
        "acknowledged": 1_200_000,
        "rejected": 1204,
        "rows_per_second": 9569.4,
        "calls": 514,
        "retries": 3,
        "seconds_since_state": 0.2,
        "time": TimeSpent(calls=74.2, quota=20.5, busy_lists=12.0, retries=3.1, tap=9.6, own_work=6.0),
        "lists": [
            CountsOf("master_contacts", None, {**COUNTS, "read": 1_200_000, "sent": 1_199_000, "inserted": 900_000}),
            CountsOf("orders", None, {**COUNTS, "read": 20, "sent": 20, "updated": 20}),
        ],
        "segments": [
            CountsOf("master_contacts", name, {**COUNTS, "read": 300_000, "sent": 300_000, "inserted": 2_000})
            for name in ("vip", "standard", "winback_of_the_last_quarter")
        ],
        "ignored_streams": [IgnoredStream("public-logs", 17)],
        "reasons": [
            Reason("customers", "EMAIL", "schema", 1200, "text does not match the pattern", "Correct the value."),
            Reason("customers", None, "DUPLICATE", 4, "Selligent refused it: [...] is not allowed", "See Selligent."),
        ],
        "batches": [StreamBatches("customers", 480, 72.0)],
        "endpoints": [
            EndpointTimes("GET lists/{list}", 1, 0.1, 0),
            EndpointTimes("POST lists/{list}/data/load", 483, 61.2, 3),
            EndpointTimes("POST lists/{list}/segments/{segment}/data/load", 30, 12.9, 0),
        ],
        "samples": [
            Sample(n * 2.5, min(1_200_000, n * 30_000), max(0, (n - 4) * 26_000), n * 24) for n in range(1, 51)
        ],
        "settings": {"base_url": "https://customer.slgnt.eu", "batch_size_rows": 2500, "field_mapping": {"a": "B"}},
    }
    return RunSummary(**{**values, **changes})

"""What can be switched: at start, from Python, and while it runs over `PATCH /_emulator/options`."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class EmulatorOptions:
    """Everything about an emulator that can be chosen.

    Attributes:
        organizations: The organizations that exist; any other is answered 403.
        api_key: The key's public part.
        api_secret: The key's secret part.
        db: The SQLite file; None keeps everything in memory. Cannot change while it runs.
        denied: operationIds (`List_CreateList`, `Data_LoadData`, ...) answered 401, as if not granted.
        rate_limit: Calls per key and window.
        rate_window: The window's length in seconds.
        latency_ms: Wait before each answer, in milliseconds.
        bulk_latency_ms: Further wait of a bulk operation, during which it holds its List.
        body_limit: Bytes above which a body is answered 413; None for no limit.
        upload_seconds: Time in which a body must have arrived; the connection is reset then. None for no limit, though
            the vendor's default is 15.
        body_reset: Reset the connection of a body above `body_limit`, without an answer, instead.
        max_rows: Rows above which a bulk body is answered 413; None for no limit.
        parallel_bulk: Let bulk operations on one List run side by side instead of answering 429.
        missing_status: Status for what is not there: 404, 400 or 200, all with result_code NotFound.
        unseen_calls: How many data calls a new List or Segment answers with NotFound first.
        record_index_base: Number of the first row in `invalid_records`, 0 or 1.
        invalid_rows: What an answer tells of invalid rows: `listed` in `invalid_records`; `counted` only; or they make
            the `whole` load ValidationFailed, and nothing is written.
        case_insensitive_keys: Compare text in keys as SQL Server does by default: without case and without trailing
            blanks. If false, every character counts.
        unique_index_required_above_rows: Refuse larger loads whose keyFields have no unique index; None for never.
        journal_size: How many requests and how many writes are remembered.
        faults: Fault rules to start with, as in `POST /_emulator/faults`.
    """

    organizations: list[str] = field(default_factory=lambda: ["my_org"])
    api_key: str = "demo-key"
    api_secret: str = field(default="demo-secret", repr=False)
    db: str | None = None
    denied: list[str] = field(default_factory=list)
    rate_limit: int = 2500
    rate_window: float = 60.0
    latency_ms: float = 0.0
    bulk_latency_ms: float = 0.0
    body_limit: int | None = None
    upload_seconds: float | None = None
    body_reset: bool = False
    max_rows: int | None = None
    parallel_bulk: bool = False
    missing_status: int = 404
    unseen_calls: int = 0
    record_index_base: int = 0
    invalid_rows: str = "listed"
    case_insensitive_keys: bool = True
    unique_index_required_above_rows: int | None = None
    journal_size: int = 200_000
    faults: list[dict[str, Any]] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return what is wrong with the values; empty when all is well."""
        checks = {
            "organizations must not be empty": bool(self.organizations),
            "rate_limit must be at least 1": self.rate_limit >= 1,
            "rate_window must be above 0": self.rate_window > 0,
            "latency_ms and bulk_latency_ms must not be negative": min(self.latency_ms, self.bulk_latency_ms) >= 0,
            "upload_seconds must be above 0": self.upload_seconds is None or self.upload_seconds > 0,
            "missing_status must be 404, 400 or 200": self.missing_status in (404, 400, 200),
            "unseen_calls must not be negative": self.unseen_calls >= 0,
            "record_index_base must be 0 or 1": self.record_index_base in (0, 1),
            "invalid_rows must be listed, counted or whole": self.invalid_rows in ("listed", "counted", "whole"),
            "journal_size must be at least 1": self.journal_size >= 1,
        }
        return [problem for problem, holds in checks.items() if not holds]

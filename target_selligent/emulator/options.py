"""The options of an emulator: given at the start, or changed later with `PATCH /_emulator/options`."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class EmulatorOptions:
    """All options of an emulator.

    Attributes:
        organizations: The organizations that exist. Calls of any other get status 403.
        api_key: The key.
        api_secret: The secret of the key.
        db: The SQLite file; None keeps all data in memory. It cannot be changed later.
        denied: operationIds (`List_CreateList`, `Data_LoadData`, ...) that get status 401, as if not granted.
        rate_limit: Calls per window.
        rate_window: Length of a window in seconds.
        latency_ms: Milliseconds to wait before each response.
        bulk_latency_ms: Further milliseconds for a bulk operation, which reserves its List for that time.
        latency_per_row: Further milliseconds for each row of a List load.
        body_limit: A body of more bytes gets status 413; None for no limit.
        upload_seconds: The connection is reset if the body has not arrived after this time. None for no limit; the
            vendor's default is 15 (docs/selligent-api.md).
        body_reset: Reset the connection instead if a body is above `body_limit`.
        max_rows: A bulk body of more rows gets status 413; None for no limit.
        parallel_bulk: Allow several bulk operations on one List at a time, instead of status 429 for all but one.
        missing_status: Status for what does not exist: 404, 400 or 200, each with result_code NotFound.
        unseen_calls: To how many data calls a new List or Segment answers NotFound.
        record_index_base: Number of the first row in `invalid_records`, 0 or 1.
        invalid_rows: How a response reports invalid rows: `listed` in `invalid_records`; only `counted`; or the `whole`
            load is refused with ValidationFailed, and nothing is written.
        case_insensitive_keys: Ignore case and trailing blanks when keys are compared, as SQL Server does by default. If
            false, every character counts.
        segment_load_inserts: Let a Segment load create the records whose keys the List does not have. Whether Selligent
            does so is not documented.
        unique_index_required_above_rows: Refuse a load of more rows if its keyFields have no unique index; None: never.
        journal_size: How many requests and how many writes the journal keeps.
        faults: Fault rules for the start, as in `POST /_emulator/faults`.
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
    latency_per_row: float = 0.0
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
    segment_load_inserts: bool = False
    unique_index_required_above_rows: int | None = None
    journal_size: int = 200_000
    faults: list[dict[str, Any]] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return one message for each invalid value."""
        checks = {
            "organizations must not be empty": bool(self.organizations),
            "rate_limit must be at least 1": self.rate_limit >= 1,
            "rate_window must be above 0": self.rate_window > 0,
            "latency_ms and bulk_latency_ms must not be negative": min(self.latency_ms, self.bulk_latency_ms) >= 0,
            "latency_per_row must not be negative": self.latency_per_row >= 0,
            "upload_seconds must be above 0": self.upload_seconds is None or self.upload_seconds > 0,
            "missing_status must be 404, 400 or 200": self.missing_status in (404, 400, 200),
            "unseen_calls must not be negative": self.unseen_calls >= 0,
            "record_index_base must be 0 or 1": self.record_index_base in (0, 1),
            "invalid_rows must be listed, counted or whole": self.invalid_rows in ("listed", "counted", "whole"),
            "journal_size must be at least 1": self.journal_size >= 1,
        }
        return [problem for problem, holds in checks.items() if not holds]

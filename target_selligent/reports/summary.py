"""What the report of a run holds. The JSON file has the same names; docs/report.md explains them. Pure; no I/O."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

VERSION = 1
"""Version of the form of the JSON file. It grows if a name is gone or means another thing, not for a new name."""

Verdict = Literal["succeeded", "rejects", "failed", "stopped"]


class Sample(msgspec.Struct, frozen=True):
    """How far a run was at one moment.

    Args:
        seconds: Seconds since the start of the run.
        read: Records that had come.
        acknowledged: Records that were loaded, or rejected and recorded.
        rejected: Records that were rejected.
    """

    seconds: float
    read: int
    acknowledged: int
    rejected: int


class TimeSpent(msgspec.Struct, frozen=True):
    """What a run spent its time on, in seconds. If it did several things at once, the first of them counts.

    Args:
        calls: Calls were under way.
        quota: Calls waited for the quota of the API key.
        busy_lists: Calls waited for other bulk operations on their List.
        retries: Calls had failed and waited for their next try.
        tap: The tap sent nothing, and nothing else was under way.
        own_work: None of these: the target read, checked and encoded records.
    """

    calls: float
    quota: float
    busy_lists: float
    retries: float
    tap: float
    own_work: float


class EndpointTimes(msgspec.Struct, frozen=True):
    """The calls of one endpoint.

    Args:
        endpoint: Method and path, without the names of Lists and Segments.
        calls: How many requests were sent.
        seconds: How long they took together.
        retries: How many of them failed and were sent again.
    """

    endpoint: str
    calls: int
    seconds: float
    retries: int


class StreamBatches(msgspec.Struct, frozen=True):
    """The batches of one stream.

    Args:
        stream: The stream.
        batches: How many were loaded into their List.
        seconds: How long that took together.
    """

    stream: str
    batches: int
    seconds: float


class CountsOf(msgspec.Struct, frozen=True):
    """What became of the records of one List or Segment.

    Args:
        list: The List.
        segment: The Segment; null for the List itself.
        counts: Name of a count to the number.
    """

    list: str
    segment: str | None
    counts: dict[str, int]


class IgnoredStream(msgspec.Struct, frozen=True):
    """A stream that is not loaded, because it has no entry in `streams`.

    Args:
        stream: The stream.
        read: How many records of it came.
    """

    stream: str
    read: int


class Reason(msgspec.Struct, frozen=True):
    """Records that were rejected for the same reason.

    Args:
        stream: Their stream.
        field: The column or field at fault; null if it is not a single one.
        code: The kind of fault.
        rejected: How many times it was a reason. A record can have several.
        example: What was said of the first one, without values of the record.
        how_to_mend: What to do.
    """

    stream: str
    field: str | None
    code: str
    rejected: int
    example: str
    how_to_mend: str


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended.

    Args:
        version: Version of this form.
        target_version: Version of the target.
        run_id: The run, as in the rejects file.
        verdict: `succeeded`; `rejects`, if it succeeded and rejected records; `failed`; or `stopped`, by a signal or a
            program.
        reason: Why it has failed or was stopped; null if it was neither.
        started_at: When it started, in UTC.
        ended_at: When it ended.
        seconds: How long it took.
        read: Records that came.
        acknowledged: Records that are loaded, or rejected and recorded.
        rejected: Records that are rejected.
        rows_per_second: Records that were acknowledged in a second, on average.
        calls: Requests that were sent.
        retries: How many of them failed and were sent again.
        seconds_since_state: Seconds from the last STATE to the end; null if there was none.
        time: What the time was spent on.
        lists: What became of the records, by List.
        segments: What became of the records, by Segment.
        ignored_streams: Streams that are not loaded.
        reasons: The rejected records, by reason, the most frequent first.
        batches: The batches, by stream.
        endpoints: The calls, by endpoint.
        samples: How far the run was over time.
        settings: The settings, without secrets.
    """

    version: int = VERSION
    target_version: str
    run_id: str
    verdict: Verdict
    reason: str | None
    started_at: str
    ended_at: str
    seconds: float
    read: int
    acknowledged: int
    rejected: int
    rows_per_second: float
    calls: int
    retries: int
    seconds_since_state: float | None
    time: TimeSpent
    lists: list[CountsOf]
    segments: list[CountsOf]
    ignored_streams: list[IgnoredStream]
    reasons: list[Reason]
    batches: list[StreamBatches]
    endpoints: list[EndpointTimes]
    samples: list[Sample]
    settings: dict[str, Any]

    def to_json(self) -> bytes:
        """Return the report as JSON text."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

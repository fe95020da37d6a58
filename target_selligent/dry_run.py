"""A dry run: it reads, checks and maps everything, prints what a run would do, and writes nothing."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import click

from target_selligent.limited_input import LimitedInput
from target_selligent.planning_target import PlanningTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_selligent.loading import Counts, PlannedRow

_SIGNALLED = 128
"""A shell adds it to the number of the signal that ended a process, for the exit code."""
_MINUTE = 60
_LONG_SECONDS = 120
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number", Decimal: "number", type(None): "null"}


class DryRun(PlanningTarget):
    """The target as a dry run."""

    @classmethod
    def run_to_its_end(
        cls,
        config: Any,  # noqa: ANN401 - the SDK's private type
        file_input: IO[bytes] | None,
        *,
        limit: int | None,
        show_values: bool,
    ) -> None:
        """Read the input, print what a run would do on standard error, and end the process if it would fail.

        Args:
            config: The config of the SDK's command line.
            file_input: The messages; None for standard input.
            limit: After how many records to stop; None for no limit.
            show_values: Whether the values of the first rows are printed.

        Raises:
            SystemExit: With 1 if a run would fail; with 128 plus the number of the signal, if a signal ended it.
        """
        dry_run = cls(
            config=config.config if config is not None else None,
            parse_env_config=config is not None and config.parse_env,
        )
        source: Any = file_input
        if limit is not None:
            source = LimitedInput(file_input or dry_run.message_reader.default_input, limit)
            dry_run.batches.allow = source.take
        dry_run.listen(source)
        if dry_run.message_reader.stop_signal is not None:
            sys.exit(_SIGNALLED + dry_run.message_reader.stop_signal)
        for line in dry_run.describe(show_values=show_values):
            click.echo(line, err=True)
        if dry_run.plan.problems:
            sys.exit(1)

    def describe(self, *, show_values: bool) -> Iterator[str]:
        """Yield what a run would do, in lines.

        Args:
            show_values: Whether the values of the first rows are in it.
        """
        plan, report = self.plan, self.run.report
        yield "Dry run: nothing was written. A run would do this:"
        for creation in plan.creations:
            yield f"Create {creation}"
        for list_api_name, segment, counts in report.counts():
            place = f"List {list_api_name}" if segment is None else f"Segment {segment} of List {list_api_name}"
            yield f"{place}: {_describe_counts(counts)}"
        for row in plan.first_rows.values():
            yield f"First row of stream {row.stream}, for List {row.list_api_name}: {_describe_row(row, show_values)}"
        for sentence in report.warnings():
            yield f"Not loaded: {sentence}"
        for problem in plan.problems:
            yield f"Problem: {problem.message}"
        yield self._describe_calls()
        yield (
            f"The run would fail: {len(plan.problems):,} problems" if plan.problems else "The run would find no problem"
        )

    def _describe_calls(self) -> str:
        transport = self.plan.transport
        if transport is None or not transport.read_calls:
            return "Calls: none"
        writes = sum(transport.writes.calls.values())
        latency = transport.read_seconds / transport.read_calls
        calls = transport.read_calls + writes
        seconds = max(calls * latency, calls / self.settings.requests_per_minute * _MINUTE if calls > 1 else 0)
        duration = f"{seconds / _MINUTE:,.0f} minutes" if seconds >= _LONG_SECONDS else f"{seconds:,.1f} s"
        return (
            f"Calls: {transport.read_calls:,} to read and {writes:,} to write: with {latency:.3f} s a call, as "
            f"measured with the reads, about {duration}; large loads take longer"
        )


def _describe_counts(counts: Counts) -> str:
    parts = {
        "read": counts.read,
        "to load": counts.sent - counts.removed,
        "duplicates": counts.duplicates,
        "to remove": counts.removed,
        "rejected": counts.rejected_before_sending,
        "deleted at the source": counts.deleted,
        "unchanged": counts.unchanged,
        "new": counts.new,
        "changed": counts.changed,
    }
    return ", ".join(f"{count:,} {what}" for what, count in parts.items() if count or what in {"read", "to load"})


def _describe_row(row: PlannedRow, show_values: bool) -> str:  # noqa: FBT001
    """Return the fields of a row, with their values or with the kinds of their values."""
    if show_values:
        return json.dumps(dict(zip(row.fields, row.values, strict=True)), ensure_ascii=False, default=_to_json)
    return ", ".join(
        f"{name} ({_KINDS.get(type(value), 'JSON')})" for name, value in zip(row.fields, row.values, strict=True)
    )


def _to_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else str(value)

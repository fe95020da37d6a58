"""One running emulator: its options, data, journal, quota and fault rules, and which Lists are busy."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from target_selligent.emulator.faults import FaultRule, FaultRules, QuotaWindow
from target_selligent.emulator.journal import Journal, Write
from target_selligent.emulator.options import EmulatorOptions
from target_selligent.emulator.refusals import ListBusyRefusal, UnauthorizedRefusal, ValidationRefusal
from target_selligent.emulator.tenant import BulkOutcome, ListEntry, Problem, Records, RowRefusal, SegmentEntry, Store

_OPTIONS = TypeAdapter(EmulatorOptions)


@dataclass
class CallContext:
    """What the middleware and the routes exchange about one call.

    Attributes:
        rows: How many rows a bulk body has; None for other calls.
        delay: By how many seconds a fault makes a bulk operation longer.
        refusals: The rows that a fault refuses, by their index in the body.
        outcome: The outcome for the journal, as in `RequestEntry`.
    """

    rows: int | None = None
    delay: float = 0.0
    refusals: dict[int, RowRefusal] = field(default_factory=dict)
    outcome: str = "answered"

    def refuse_rows(self, rule: FaultRule) -> None:
        """Note the rows that a fault rule refuses."""
        refusal = RowRefusal(rule.field_name, Problem(rule.validation_code, rule.message))
        self.refusals = dict.fromkeys(rule.rows, refusal)


def _parse_fault_rule(number: int, rule: Any) -> FaultRule:  # noqa: ANN401 - JSON
    try:
        return FaultRule.model_validate(rule)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors())
        raise ValueError(f"fault rule {number} cannot be followed: {problems}") from None


class Emulator:
    """All that one emulator knows, behind the routes.

    Args:
        options: The options in force. `change_options` changes this object in place.

    Attributes:
        is_stopped: Whether the emulator has ended.

    Raises:
        ValueError: An option or a fault rule is not valid.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        if problems := options.problems():
            raise ValueError("; ".join(problems))
        rules = [_parse_fault_rule(number, rule) for number, rule in enumerate(options.faults, 1)]
        self.options = options
        self.store = Store(options.db, lambda: self.options.missing_status)
        self.records = Records(self.store)
        self.journal = Journal(options.journal_size)
        self.quota_window = QuotaWindow()
        self.faults = FaultRules()
        self.operation_ids: set[str | None] = set()
        self._end_of_waits = asyncio.Event()
        self.is_stopped = False
        self._reserved_lists: set[int] = set()
        self._marked_busy: dict[tuple[str, str], int | None] = {}
        self._hidden_calls: dict[tuple[str, int], int] = {}
        self._indexes: set[tuple[int, frozenset[str]]] = set()
        for rule in rules:
            self.faults.add(rule)

    def reset(self) -> None:
        """Drop all data, logs, fault rules and busy marks. The options stay."""
        self.store.clear()
        self.journal.clear()
        self.clear_faults()
        self.quota_window.restart()
        self._marked_busy.clear()
        self._hidden_calls.clear()
        self._indexes.clear()

    def change_options(self, changes: dict[str, Any]) -> None:
        """Change some options: all of the named ones, or none.

        Raises:
            ValueError: An option is unknown, is fixed after the start, or has a value that is not valid.
        """
        current = dataclasses.asdict(self.options)
        unknown = changes.keys() - (current.keys() - {"db", "journal_size", "faults"})
        if unknown:
            raise ValueError(f"cannot be changed here: {', '.join(sorted(unknown))}")
        try:
            changed = _OPTIONS.validate_python({**current, **changes}, strict=False)
        except ValidationError as error:
            raise ValueError(str(error)) from None
        if problems := changed.problems():
            raise ValueError("; ".join(problems))
        self.check_denied(changed.denied)
        for name in changes:
            setattr(self.options, name, getattr(changed, name))

    def clear_faults(self) -> None:
        """Drop every fault rule, and end all waits that go on."""
        self.faults.clear()
        self.interrupt()

    def check_denied(self, denied: list[str]) -> None:
        """Check that each denied endpoint exists. A misspelt one would be granted without a notice.

        Raises:
            ValueError: An endpoint does not exist.
        """
        if unknown := set(denied) - self.operation_ids:
            raise ValueError(f"denied: no endpoint is called {', '.join(sorted(unknown))}")

    def check_granted(self, operation_id: str | None) -> None:
        """Check that the key was granted an endpoint.

        Raises:
            UnauthorizedRefusal: The key was not granted it.
        """
        if operation_id in self.options.denied:
            raise UnauthorizedRefusal("This endpoint is not granted to the key")

    async def pause(self, seconds: float) -> None:
        """Wait for some seconds, or until `interrupt` or `stop` is called."""
        if seconds > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._end_of_waits.wait(), seconds)

    def interrupt(self) -> None:
        """End all waits that go on: latency, delays and hangs."""
        self._end_of_waits.set()
        if not self.is_stopped:
            self._end_of_waits = asyncio.Event()

    def stop(self) -> None:
        """End all waits that go on, and all later ones at once."""
        self.is_stopped = True
        self.interrupt()

    # Busy Lists

    def mark_busy(self, organization: str, list_api_name: str, calls: int | None) -> None:
        """Refuse the next `calls` bulk operations on a List as busy. None refuses all until `clear_busy`."""
        self._marked_busy[organization, list_api_name.casefold()] = calls

    def clear_busy(self, organization: str, list_api_name: str) -> None:
        """End what `mark_busy` began."""
        self._marked_busy.pop((organization, list_api_name.casefold()), None)

    @contextlib.asynccontextmanager
    async def bulk_operation(self, entry: ListEntry, call: CallContext, rows: int = 0) -> AsyncIterator[None]:
        """Reserve a List for one bulk operation, and wait as long as the latency and the call's delay say.

        Args:
            entry: The List.
            call: The call.
            rows: How many rows it loads into the List.

        Raises:
            ListBusyRefusal: The List is reserved for another operation, or marked as busy.
        """
        self._refuse_if_marked_busy(entry)
        parallel = self.options.parallel_bulk
        if entry.id in self._reserved_lists and not parallel:
            raise ListBusyRefusal
        if not parallel:
            self._reserved_lists.add(entry.id)
        try:
            latency_ms = self.options.bulk_latency_ms + rows * self.options.latency_per_row
            await self.pause(latency_ms / 1000 + call.delay)
            yield
        finally:
            if not parallel:
                self._reserved_lists.discard(entry.id)

    def _refuse_if_marked_busy(self, entry: ListEntry) -> None:
        name = entry.organization, entry.api_name.casefold()
        if name not in self._marked_busy:
            return
        left = self._marked_busy[name]
        if left is not None:
            self._marked_busy[name] = left - 1
            if left <= 1:
                del self._marked_busy[name]
        raise ListBusyRefusal

    # New Lists and Segments, which may be hidden for some calls

    def hide_new(self, created: ListEntry | SegmentEntry) -> None:
        """Hide a new List or Segment from its first data calls, as the option `unseen_calls` says."""
        if self.options.unseen_calls:
            self._hidden_calls[type(created).__name__, created.id] = self.options.unseen_calls

    def check_visible(self, target: ListEntry | SegmentEntry) -> None:
        """Count a data call on a List or Segment that may still be hidden.

        Raises:
            NotFoundRefusal: It is still hidden.
        """
        key = type(target).__name__, target.id
        left = self._hidden_calls.get(key, 0)
        if left:
            self._hidden_calls[key] = left - 1
            raise self.store.not_found("The list" if isinstance(target, ListEntry) else "The segment")

    # Unique indexes

    def add_index(self, entry: ListEntry, fields: list[str]) -> None:
        """Note that a List has a unique index on some fields."""
        self._indexes.add((entry.id, frozenset(name.casefold() for name in fields)))

    def check_index(self, entry: ListEntry, key_fields: str, rows: int) -> None:
        """Check that a large load has a unique index, if the option demands one.

        Raises:
            ValidationRefusal: The load is large, and no unique index covers its key fields.
        """
        limit = self.options.unique_index_required_above_rows
        if limit is None or rows <= limit:
            return
        names = frozenset(key_fields.casefold().split(","))
        if names != {"id"} and (entry.id, names) not in self._indexes:
            raise ValidationRefusal(f"More than {limit} rows need a unique index that covers the key fields")

    def log_bulk_operation(
        self, operation: str, entry: ListEntry, segment: SegmentEntry | None, outcome: BulkOutcome
    ) -> None:
        """Write a bulk operation into the journal, and count its rows."""
        rows, counters = outcome.rows, self.journal.counters
        if operation == "list_load":
            counters.loads += 1
            counters.rows += rows.total
        elif operation == "segment_load":
            counters.segment_loads += 1
            counters.segment_rows += rows.total
        positions = [rows.columns.index(key) for key in rows.keys]
        self.journal.add_write(
            Write(
                operation,
                entry.organization,
                entry.api_name,
                segment.api_name if segment else None,
                fields=[field.name for field in rows.columns],
                key_fields=[key.name for key in rows.keys],
                rows=outcome.written,
                keys=[[row[position] for position in positions] for row in outcome.written],
            )
        )

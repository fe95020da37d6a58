"""One running emulator: its options, data, journal, quota and faults, and which Lists are at work."""

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
    """What the layers of one request tell each other.

    Attributes:
        rows: Rows in a bulk body.
        delay: Seconds that a bulk operation works longer.
        refusals: Rows that a fault refuses.
        outcome: As in the journal.
    """

    rows: int | None = None
    delay: float = 0.0
    refusals: dict[int, RowRefusal] = field(default_factory=dict)
    outcome: str = "answered"

    def refuse_rows(self, rule: FaultRule) -> None:
        """Refuse the rows that a rule names."""
        refusal = RowRefusal(rule.field_name, Problem(rule.validation_code, rule.message))
        self.refusals = dict.fromkeys(rule.rows, refusal)


def _fault_rule(number: int, rule: Any) -> FaultRule:  # noqa: ANN401 - JSON
    try:
        return FaultRule.model_validate(rule)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors())
        raise ValueError(f"fault rule {number} cannot be followed: {problems}") from None


class Emulator:
    """The state behind the routes.

    Args:
        options: What is switched; changed in place by `change_options`.

    Raises:
        ValueError: An option or a fault rule is not valid.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        if problems := options.problems():
            raise ValueError("; ".join(problems))
        rules = [_fault_rule(number, rule) for number, rule in enumerate(options.faults, 1)]
        self.options = options
        self.store = Store(options.db, lambda: self.options.missing_status)
        self.records = Records(self.store)
        self.journal = Journal(options.journal_size)
        self.quota_window = QuotaWindow()
        self.faults = FaultRules()
        self.operation_ids: set[str | None] = set()
        self._interrupt = asyncio.Event()
        self._stopped = False
        self._working_lists: set[int] = set()
        self._marked_busy: dict[tuple[str, str], int | None] = {}
        self._hidden_calls: dict[tuple[str, int], int] = {}
        self._indexes: set[tuple[int, frozenset[str]]] = set()
        for rule in rules:
            self.faults.add(rule)

    def reset(self) -> None:
        """Drop all data, logs, faults and holds; options stay."""
        self.store.clear()
        self.journal.clear()
        self.clear_faults()
        self.quota_window.restart()
        self._marked_busy.clear()
        self._hidden_calls.clear()
        self._indexes.clear()

    def change_options(self, changes: dict[str, Any]) -> None:
        """Change some options.

        Raises:
            ValueError: One is unknown, cannot change while it runs, or has a value it does not take.
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
        """Drop every fault rule, and end what they hold up."""
        self.faults.clear()
        self.interrupt()

    def check_denied(self, denied: list[str]) -> None:
        """Refuse to deny an endpoint that is not there: it would be granted without a word.

        Raises:
            ValueError: One is not.
        """
        if unknown := set(denied) - self.operation_ids:
            raise ValueError(f"denied: no endpoint is called {', '.join(sorted(unknown))}")

    def check_granted(self, operation_id: str | None) -> None:
        """Refuse an endpoint that the key was not granted.

        Raises:
            UnauthorizedRefusal: It was not.
        """
        if operation_id in self.options.denied:
            raise UnauthorizedRefusal("This endpoint is not granted to the key")

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond `interrupt` or `stop`."""
        if seconds > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._interrupt.wait(), seconds)

    def interrupt(self) -> None:
        """End every wait that goes on: latency, delays, hangs."""
        self._interrupt.set()
        if not self._stopped:
            self._interrupt = asyncio.Event()

    def stop(self) -> None:
        """End every wait, also those to come."""
        self._stopped = True
        self.interrupt()

    # Lists at work

    def mark_busy(self, organization: str, list_api_name: str, calls: int | None) -> None:
        """Let bulk operations find a List busy: so many, or until `release`."""
        self._marked_busy[organization, list_api_name.casefold()] = calls

    def clear_busy(self, organization: str, list_api_name: str) -> None:
        """End a hold."""
        self._marked_busy.pop((organization, list_api_name.casefold()), None)

    @contextlib.asynccontextmanager
    async def bulk_operation(self, entry: ListEntry, call: CallContext) -> AsyncIterator[None]:
        """Have a List to oneself for a bulk operation, as long as its latency says.

        Raises:
            ListBusyRefusal: Another operation has it.
        """
        self._check_marked_busy(entry)
        parallel = self.options.parallel_bulk
        if entry.id in self._working_lists and not parallel:
            raise ListBusyRefusal
        if not parallel:
            self._working_lists.add(entry.id)
        try:
            await self.pause(self.options.bulk_latency_ms / 1000 + call.delay)
            yield
        finally:
            if not parallel:
                self._working_lists.discard(entry.id)

    def _check_marked_busy(self, entry: ListEntry) -> None:
        name = entry.organization, entry.api_name.casefold()
        if name not in self._marked_busy:
            return
        left = self._marked_busy[name]
        if left is not None:
            self._marked_busy[name] = left - 1
            if left <= 1:
                del self._marked_busy[name]
        raise ListBusyRefusal

    # What is new may not be seen at once

    def hide_new(self, thing: ListEntry | SegmentEntry) -> None:
        """Hide something new from its first data calls, if the option says so."""
        if self.options.unseen_calls:
            self._hidden_calls[type(thing).__name__, thing.id] = self.options.unseen_calls

    def check_visible(self, thing: ListEntry | SegmentEntry) -> None:
        """Count a data call on something new.

        Raises:
            NotFoundRefusal: It is not to be seen yet.
        """
        key = type(thing).__name__, thing.id
        left = self._hidden_calls.get(key, 0)
        if left:
            self._hidden_calls[key] = left - 1
            raise self.store.not_found("The list" if isinstance(thing, ListEntry) else "The segment")

    # Unique indexes

    def add_index(self, entry: ListEntry, fields: list[str]) -> None:
        """Say that a List has a unique index on some fields."""
        self._indexes.add((entry.id, frozenset(name.casefold() for name in fields)))

    def check_index(self, entry: ListEntry, key_fields: str, rows: int) -> None:
        """Refuse a large load without an index.

        Raises:
            ValidationRefusal: It is large, and no unique index covers its key fields.
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
        """Write a bulk operation into the journal."""
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

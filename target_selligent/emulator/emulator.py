"""One running emulator: its options, data, journal, quota and faults, and which Lists are at work."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from target_selligent.emulator.faults.quota import RateWindow
from target_selligent.emulator.faults.rules import FaultRule, Faults
from target_selligent.emulator.journal import Journal, Written
from target_selligent.emulator.options import EmulatorOptions
from target_selligent.emulator.refusals import BusyError, UnauthorizedError, ValidationFailedError
from target_selligent.emulator.tenant.bulk_calls import Refusal
from target_selligent.emulator.tenant.records import Outcome, Records
from target_selligent.emulator.tenant.store import ListEntry, SegmentEntry, Store
from target_selligent.emulator.tenant.values import Problem

_OPTIONS = TypeAdapter(EmulatorOptions)


@dataclass
class Call:
    """What the layers of one request tell each other.

    Attributes:
        rows: Rows in a bulk body.
        delay: Seconds that a bulk operation works longer.
        refusals: Rows that a fault refuses.
        outcome: As in the journal.
    """

    rows: int | None = None
    delay: float = 0.0
    refusals: dict[int, Refusal] = field(default_factory=dict)
    outcome: str = "answered"

    def refuse_rows(self, rule: FaultRule) -> None:
        """Refuse the rows that a rule names."""
        refusal = Refusal(rule.field_name, Problem(rule.validation_code, rule.message))
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
        self.rate = RateWindow()
        self.faults = Faults()
        self.operation_ids: set[str | None] = set()
        self._interrupt = asyncio.Event()
        self._stopped = False
        self._at_work: set[int] = set()
        self._held: dict[tuple[str, str], int | None] = {}
        self._unseen: dict[tuple[str, int], int] = {}
        self._indexes: set[tuple[int, frozenset[str]]] = set()
        for rule in rules:
            self.faults.add(rule)

    def reset(self) -> None:
        """Drop all data, logs, faults and holds; options stay."""
        self.store.clear()
        self.journal.clear()
        self.clear_faults()
        self.rate.restart()
        self._held.clear()
        self._unseen.clear()
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
            UnauthorizedError: It was not.
        """
        if operation_id in self.options.denied:
            raise UnauthorizedError("This endpoint is not granted to the key")

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

    def hold(self, organization: str, list_api_name: str, calls: int | None) -> None:
        """Let bulk operations find a List busy: so many, or until `release`."""
        self._held[organization, list_api_name.casefold()] = calls

    def release(self, organization: str, list_api_name: str) -> None:
        """End a hold."""
        self._held.pop((organization, list_api_name.casefold()), None)

    @contextlib.asynccontextmanager
    async def bulk(self, entry: ListEntry, call: Call) -> AsyncIterator[None]:
        """Have a List to oneself for a bulk operation, as long as its latency says.

        Raises:
            BusyError: Another operation has it.
        """
        self._check_hold(entry)
        parallel = self.options.parallel_bulk
        if entry.id in self._at_work and not parallel:
            raise BusyError
        if not parallel:
            self._at_work.add(entry.id)
        try:
            await self.pause(self.options.bulk_latency_ms / 1000 + call.delay)
            yield
        finally:
            if not parallel:
                self._at_work.discard(entry.id)

    def _check_hold(self, entry: ListEntry) -> None:
        name = entry.organization, entry.api_name.casefold()
        if name not in self._held:
            return
        left = self._held[name]
        if left is not None:
            self._held[name] = left - 1
            if left <= 1:
                del self._held[name]
        raise BusyError

    # What is new may not be seen at once

    def note_created(self, thing: ListEntry | SegmentEntry) -> None:
        """Hide something new from its first data calls, if the option says so."""
        if self.options.unseen_calls:
            self._unseen[type(thing).__name__, thing.id] = self.options.unseen_calls

    def check_seen(self, thing: ListEntry | SegmentEntry) -> None:
        """Count a data call on something new.

        Raises:
            NotFoundError: It is not to be seen yet.
        """
        key = type(thing).__name__, thing.id
        left = self._unseen.get(key, 0)
        if left:
            self._unseen[key] = left - 1
            raise self.store.missing("The list" if isinstance(thing, ListEntry) else "The segment")

    # Unique indexes

    def add_index(self, entry: ListEntry, fields: list[str]) -> None:
        """Say that a List has a unique index on some fields."""
        self._indexes.add((entry.id, frozenset(name.casefold() for name in fields)))

    def check_index(self, entry: ListEntry, key_fields: str, rows: int) -> None:
        """Refuse a large load without an index.

        Raises:
            ValidationFailedError: It is large, and no unique index covers its key fields.
        """
        limit = self.options.unique_index_required_above_rows
        if limit is None or rows <= limit:
            return
        names = frozenset(key_fields.casefold().split(","))
        if names != {"id"} and (entry.id, names) not in self._indexes:
            raise ValidationFailedError(f"More than {limit} rows need a unique index that covers the key fields")

    def note_bulk(self, operation: str, entry: ListEntry, segment: SegmentEntry | None, outcome: Outcome) -> None:
        """Write a bulk operation into the journal."""
        rows, counters = outcome.rows, self.journal.counters
        if operation == "list_load":
            counters.loads += 1
            counters.rows += rows.total
        elif operation == "segment_load":
            counters.segment_loads += 1
            counters.segment_rows += rows.total
        positions = [rows.columns.index(key) for key in rows.keys]
        self.journal.note_write(
            Written(
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

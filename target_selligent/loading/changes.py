"""Chooses the rows that are sent: those that Selligent has acknowledged before, as they are now, are left out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from operator import add, ne
from typing import TYPE_CHECKING

from target_selligent.batches import encode_rows_apart, segment_tuple
from target_selligent.errors import DestinationError, InputError
from target_selligent.loading.report import Counts
from target_selligent.records import is_metadata_column
from target_selligent.snapshot import ListHasher, Snapshot, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches import Batch, Route, Rows
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.report import RunReport
    from target_selligent.records import Key, Segments, StreamFields
    from target_selligent.settings import Settings

_MAX_CHECKED = 100_000


@dataclass(slots=True)
class _ListState:
    """What is known of one List.

    Args:
        route: The route of its first stream.
        hasher: Hashes its keys and rows.
        is_new: Whether nothing that the snapshot knew of it counts.
    """

    route: Route
    hasher: ListHasher
    is_new: bool


class Changes:
    """The changes of a run: which rows are sent, and what the snapshot learns of them.

    Without `changes_only`, its methods do nothing.

    Args:
        settings: The settings of the run.
        report: Receives the counts.
        writes: Whether the run loads anything. If not, the snapshot stays as it is.

    Raises:
        DestinationError: If the snapshot's file cannot be opened, or if another run uses it.
    """

    def __init__(self, settings: Settings, report: RunReport, *, writes: bool = True) -> None:
        self._settings = settings
        self._report = report
        self._lists: dict[str, _ListState] = {}
        self._snapshot: Snapshot | None = None
        if any(one.changes_only for one in settings.all_streams):
            path, days = settings.snapshot_path or "", settings.snapshot_max_age_days
            self._snapshot = Snapshot(path, settings.base_url, settings.organization, days, writes=writes)

    def open_stream(self, route: Route, destination: ListDestination, fields: StreamFields) -> ChangedRows | None:
        """Return what chooses the rows of a stream; None if all are sent.

        Args:
            route: The route of the stream.
            destination: Its List.
            fields: Its columns, with the fields of the List.

        Raises:
            InputError: If another stream loads the List by other key fields.
        """
        if self._snapshot is None or not self._settings.for_stream(route.stream).changes_only:
            return None
        name = route.list_api_name.casefold()
        known = self._lists.get(name)
        if known is not None and _names(known.route) != _names(route):
            raise InputError(
                f"changes_only needs the same key fields for all streams of List {route.list_api_name}: stream "
                f"{known.route.stream} has {', '.join(known.route.key_fields)}, stream {route.stream} has "
                f"{', '.join(route.key_fields)}. Set key_fields, or set changes_only to false"
            )
        if known is None or (destination.was_changed and not known.is_new):
            salt = self._snapshot.open_list(name, route.key_fields, renew=destination.was_changed)
            if known is None:
                known = self._lists[name] = _ListState(route, ListHasher(salt), destination.was_changed)
            else:
                known.hasher, known.is_new = ListHasher(salt), True
        return ChangedRows(self._snapshot, known, route, destination, self._report, _find_ignored(fields))

    def note_sent(self, batch: Batch) -> None:
        """Note a batch before it is sent, or waits for other Lists.

        Args:
            batch: The batch.
        """
        if self._snapshot is not None and batch.fingerprints:
            self._snapshot.note_sent(batch.ticket, batch.fingerprints)
            batch.fingerprints = []

    def note_rejected(self, ticket: int, index: int) -> None:
        """Note that a row was rejected, or one of its memberships: see `Snapshot.note_rejected`."""
        if self._snapshot is not None:
            self._snapshot.note_rejected(ticket, index)

    def acknowledge(self, ticket: int) -> None:
        """Note that the rows of a batch are loaded: see `Snapshot.acknowledge`."""
        if self._snapshot is not None:
            self._snapshot.acknowledge(ticket)

    def forget(self, route: Route, keys: Sequence[Key]) -> None:
        """Forget records before they leave a Segment or the List, so that they are sent if they come back.

        Args:
            route: A route to their List.
            keys: Their keys.
        """
        known = self._lists.get(route.list_api_name.casefold())
        if self._snapshot is not None and known is not None:
            self._snapshot.forget(known.hasher.hash_keys(route, keys))

    def finish(self) -> None:
        """Merge what this run has sent: see `Snapshot.finish`."""
        if self._snapshot is not None:
            self._snapshot.finish()

    def close(self) -> None:
        """Close the snapshot, so that another run can use it."""
        if self._snapshot is not None:
            self._snapshot.close()


class ChangedRows:
    """Chooses the rows of one stream that are sent.

    Args:
        snapshot: What Selligent has acknowledged before.
        state: What is known of the List.
        route: The route of the stream.
        destination: The List.
        report: Receives the counts.
        ignored: Names of fields that differ in each run. They are sent, but make no difference.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        snapshot: Snapshot,
        state: _ListState,
        route: Route,
        destination: ListDestination,
        report: RunReport,
        ignored: frozenset[str],
    ) -> None:
        self._ignored = ignored
        self._snapshot, self._state = snapshot, state
        self._route, self._destination, self._report = route, destination, report
        self._existing: dict[str, bool] = {}
        self._checked: dict[Segments, bool] = {}

    def select(
        self, field_names: tuple[str, ...], rows: Rows, rows_json: Sequence[bytes]
    ) -> tuple[Rows, Sequence[bytes]]:
        """Return the rows that are sent, with their fingerprints, and each of them as JSON.

        Once a row of a key is sent, later rows of the key are sent, too: only their order decides what the List holds.

        Args:
            field_names: The names of the fields, in row order.
            rows: The rows.
            rows_json: Each row as JSON.
        """
        hashed_names, hashed_json = field_names, rows_json
        if not self._ignored.isdisjoint(field_names):
            hashed_names, hashed_json = self._without_ignored(field_names, rows)
        hasher = self._state.hasher
        keys = hasher.hash_keys(self._route, rows.keys)
        named = rows.segments or [()] * len(rows)
        hash_of = {one: hasher.hash_segments(one) for one in set(named)}
        fingerprints = list(map(add, hasher.hash_rows(hashed_names, hashed_json), map(hash_of.__getitem__, named)))
        chosen, new = self._choose(keys, fingerprints, named)
        unchanged = len(rows) - len(chosen)
        self._report.add_list(
            self._route.list_api_name,
            Counts(read=unchanged, unchanged=unchanged, new=new, changed=len(chosen) - new),
        )
        self._report.add_acknowledged(unchanged)
        if unchanged:
            rows, rows_json = rows.select(chosen), [rows_json[index] for index in chosen]
        rows.fingerprints = [(keys[index], fingerprints[index]) for index in chosen]
        return rows, rows_json

    def _choose(
        self, keys: Sequence[int], fingerprints: Sequence[bytes], named: Sequence[Segments]
    ) -> tuple[Sequence[int], int]:
        """Return the indexes of the rows that are sent, and how many of their keys are not known."""
        known = self._snapshot.find(keys)
        stored = list(map(known.get, keys))
        suspects: Sequence[int] = range(len(keys))
        if known and len(set(keys)) == len(keys) and all(map(self._are_there, set(named))):
            suspects = list(compress(suspects, map(ne, stored, fingerprints)))
        chosen, sent, new = [], set(), 0
        for index in suspects:
            before, key = stored[index], keys[index]
            if before and holds(before, fingerprints[index]) and key not in sent and self._are_there(named[index]):
                continue
            chosen.append(index)
            sent.add(key)
            new += before is None
        self._snapshot.forget_in_run([key for key in sent if key in known])
        return chosen, new

    def _without_ignored(self, field_names: tuple[str, ...], rows: Rows) -> tuple[tuple[str, ...], list[bytes]]:
        """Return fields and rows as JSON without the fields that differ in each run."""
        kept = [name not in self._ignored for name in field_names]
        values = [tuple(compress(row, kept)) for row in rows.values]
        return tuple(compress(field_names, kept)), encode_rows_apart(values)

    def forget(self, key: Key) -> None:
        """Forget the key of a rejected record: later records of the key are sent, and so can be replayed after it."""
        # A key that is not valid Unicode is in no List.
        with suppress(UnicodeEncodeError):
            self._snapshot.forget_in_run(self._state.hasher.hash_keys(self._route, [key]))

    def _are_there(self, named: Segments) -> bool:
        """Return whether all Segments exist. If not, their rows are sent, so that they are created, or missed."""
        known = self._checked.get(named)
        if known is None:
            if len(self._checked) >= _MAX_CHECKED:
                self._checked.clear()
            known = self._checked[named] = all(map(self._is_there, segment_tuple(named)))
        return known

    def _is_there(self, segment: str) -> bool:
        known = self._existing.get(segment)
        if known is None:
            # One that is not static is an error of the load.
            with suppress(DestinationError):
                known = self._destination.find_segment_name(segment) is not None
            known = self._existing[segment] = bool(known)
        return known


def _find_ignored(fields: StreamFields) -> frozenset[str]:
    """Return the names of fields that differ in each run: columns of taps and the SDK, and some static fields."""
    added = [
        column.field.name
        for column in fields.columns
        if is_metadata_column(column.column_name) and column.column_name not in fields.key_columns
    ]
    return frozenset([*added, *(static.field.name for static in fields.static if static.varies_by_run)])


def _names(route: Route) -> list[str]:
    return sorted(name.casefold() for name in route.key_fields)

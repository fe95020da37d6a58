"""Loads and deletes by key: records of Lists, and members of Segments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.tenant.bulk_calls import BulkCall, CheckedRows, check_bulk_call
from target_selligent.emulator.tenant.database import pk_range, record_pk, transaction
from target_selligent.emulator.tenant.fields import OPTIONS, Field
from target_selligent.emulator.tenant.key_sets import KeySet, key_sets_of
from target_selligent.emulator.tenant.store import ListEntry, SegmentEntry, Store, require_static
from target_selligent.emulator.tenant.values import Problem


@dataclass
class BulkOutcome:
    """The result of a bulk call.

    Attributes:
        rows: The checked rows of the call, with counts of invalid rows.
        inserted: How many records or members are new.
        updated: How many records were changed; for a Segment load, how many rows were members already.
        deleted: How many records or members were deleted.
        duplicates: How many rows were not used because of another row or record with the same key.
        not_found: How many rows had a key that no record has.
        written: The rows that changed something, in order.
    """

    rows: CheckedRows
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    duplicates: int = 0
    not_found: int = 0
    written: list[list[Any]] = field(default_factory=list)

    def result_code(self) -> str:
        """Return the `result_code` of the whole call."""
        if not self.rows.failed:
            return "Succeeded"
        return "PartiallySucceeded" if self.rows.failed < self.rows.total else "Failed"


class Records:
    """Writes records and members.

    Args:
        store: Lists, fields and Segments.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection = store.connection

    def load(
        self, entry: ListEntry, call: BulkCall, option: str, new_segment: dict[str, Any] | None = None
    ) -> BulkOutcome:
        """Insert and update records by key.

        If several records have the key of a row, the row updates all of them. A record keeps its own spelling of the
        key. With OnlyInsert, a row whose key exists counts as a duplicate. With OnlyUpdate, a row whose key does not
        exist counts as not found. So does a row whose key has the record number, because a caller cannot choose it.

        Args:
            entry: The List.
            call: The call.
            option: InsertAndUpdate, OnlyInsert or OnlyUpdate.
            new_segment: Definition of a static Segment to create; the loaded records become its members.

        Raises:
            BadRequestRefusal: The call as a whole is refused, and nothing is changed.
        """
        fields = self._store.fields(entry)
        rows = check_bulk_call(call, fields, self._option_codes(entry, fields), writing=True)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        with transaction(self._connection):
            loaded = self._write(entry, call, outcome, option)
            if new_segment is not None:
                segment = self._store.create_segment(entry, new_segment)
                self._add_members(segment, loaded)
        return outcome

    def _write(self, entry: ListEntry, call: BulkCall, outcome: BulkOutcome, option: str) -> list[int]:
        rows, fields = outcome.rows, self._store.fields(entry)
        lookup = KeySet(self._store, entry, rows.keys, fold_case=call.fold_case)
        others = key_sets_of(self._store, entry)
        positions = [fields.index(column) for column in rows.columns]
        writable = [
            None if column in rows.keys else position for column, position in zip(rows.columns, positions, strict=True)
        ]
        can_insert = option != "OnlyUpdate" and not any(key.is_system for key in rows.keys)
        missing = self._missing_required_field(fields, rows)
        last_id: int = self._connection.execute("SELECT last_id FROM lists WHERE id = ?", (entry.id,)).fetchone()[0]
        loaded: list[int] = []
        records: list[tuple[int, str]] = []
        keys: list[tuple[int, str, int]] = []
        ordered = list(rows.accepted.items())
        for place, (key, (index, row)) in enumerate(ordered):
            found = lookup.find(key)
            if found and option == "OnlyInsert":
                outcome.duplicates += 1
                continue
            if not found and can_insert and missing is not None:
                rows.refuse(index, missing[0], missing[1])
                if call.stop_on_error:
                    rows.failed += len(ordered) - place - 1
                    break
                continue
            if found:
                for pk in found:
                    self._update(pk, writable, row, others)
                outcome.updated += len(found)
                loaded += found
            elif can_insert:
                last_id += 1
                pk = record_pk(entry.id, last_id)
                values: list[Any] = [None] * len(fields)
                for position, value in zip(positions, row, strict=True):
                    values[position] = value
                records.append((pk, jsontext.encode(values).decode()))
                keys += [(one.id, one.key_of(pk, values), pk) for one in others]
                outcome.inserted += 1
                loaded.append(pk)
            else:
                outcome.not_found += 1
                continue
            outcome.written.append(row)
        # Each key occurs once in the call, so no row needs a record that the same call inserts.
        self._connection.executemany("INSERT INTO records VALUES (?, ?)", records)
        self._connection.executemany("INSERT INTO keys VALUES (?, ?, ?)", keys)
        self._connection.execute("UPDATE lists SET last_id = ? WHERE id = ?", (last_id, entry.id))
        return loaded

    def _update(self, pk: int, positions: Sequence[int | None], row: Sequence[Any], key_sets: Sequence[KeySet]) -> None:
        """Change a record to the values of a row. A value whose position is None, such as a key, is not written."""
        (data,) = self._connection.execute("SELECT data FROM records WHERE pk = ?", (pk,)).fetchone()
        values = jsontext.decode(data)
        before = [one.key_of(pk, values) for one in key_sets]
        for position, value in zip(positions, row, strict=True):
            if position is not None:
                values += [None] * (position + 1 - len(values))
                values[position] = value
        self._connection.execute("UPDATE records SET data = ? WHERE pk = ?", (jsontext.encode(values).decode(), pk))
        for one, old in zip(key_sets, before, strict=True):
            new = one.key_of(pk, values)
            if new != old:
                sql = "UPDATE keys SET key = ? WHERE key_set = ? AND key = ? AND pk = ?"
                self._connection.execute(sql, (new, one.id, old, pk))

    def delete(self, entry: ListEntry, call: BulkCall) -> BulkOutcome:
        """Delete records by key from the List and all of its Segments.

        Raises:
            BadRequestRefusal: The call as a whole is refused, and nothing is changed.
        """
        rows, found = self._matches(entry, call)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        key_sets = key_sets_of(self._store, entry)
        with transaction(self._connection) as connection:
            for row, pks in found:
                for pk in pks:
                    stored = connection.execute("SELECT data FROM records WHERE pk = ?", (pk,)).fetchone()
                    values = jsontext.decode(stored[0])
                    connection.executemany(
                        "DELETE FROM keys WHERE key_set = ? AND key = ? AND pk = ?",
                        [(one.id, one.key_of(pk, values), pk) for one in key_sets],
                    )
                    connection.execute("DELETE FROM members WHERE pk = ?", (pk,))
                    connection.execute("DELETE FROM records WHERE pk = ?", (pk,))
                self._count_deleted(outcome, row, len(pks))
        return outcome

    def load_segment(self, entry: ListEntry, segment: SegmentEntry, call: BulkCall) -> BulkOutcome:
        """Make existing records members of a Segment. A record that is a member already counts as updated.

        Raises:
            BadRequestRefusal: The call as a whole is refused, and nothing is changed.
        """
        require_static(segment)
        rows, found = self._matches(entry, call)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        with transaction(self._connection):
            for row, pks in found:
                if not pks:
                    outcome.not_found += 1
                    continue
                added = self._add_members(segment, pks)
                outcome.inserted += added
                outcome.updated += len(pks) - added
                outcome.written.append(row)
        return outcome

    def delete_members(self, entry: ListEntry, segment: SegmentEntry, call: BulkCall) -> BulkOutcome:
        """Remove records from a Segment. They stay in the List.

        Raises:
            BadRequestRefusal: The call as a whole is refused, and nothing is changed.
        """
        require_static(segment)
        rows, found = self._matches(entry, call)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        sql = "DELETE FROM members WHERE segment_id = ? AND pk = ?"
        with transaction(self._connection) as connection:
            for row, pks in found:
                count = connection.executemany(sql, [(segment.id, pk) for pk in pks]).rowcount if pks else 0
                self._count_deleted(outcome, row, count)
        return outcome

    def _count_deleted(self, outcome: BulkOutcome, row: list[Any], count: int) -> None:
        if count:
            outcome.deleted += count
            outcome.written.append(row)
        else:
            outcome.not_found += 1

    def _matches(self, entry: ListEntry, call: BulkCall) -> tuple[CheckedRows, list[tuple[list[Any], list[int]]]]:
        rows = check_bulk_call(call, self._store.fields(entry), {}, writing=False)
        with transaction(self._connection):
            lookup = KeySet(self._store, entry, rows.keys, fold_case=call.fold_case)
        return rows, [(row, lookup.find(key)) for key, (_, row) in rows.accepted.items()]

    def _add_members(self, segment: SegmentEntry, pks: Sequence[int]) -> int:
        sql = "INSERT OR IGNORE INTO members VALUES (?, ?)"
        return self._connection.executemany(sql, [(segment.id, pk) for pk in pks]).rowcount if pks else 0

    def _missing_required_field(self, fields: Sequence[Field], rows: CheckedRows) -> tuple[str, Problem] | None:
        """Return a field that must not be null but is not in the rows, with its problem; None if there is none."""
        for one in fields:
            if not (one.allow_null or one.is_system or one.is_computed or one in rows.columns):
                return one.name, Problem("Unknown", f"Field {one.name} does not take null")
        return None

    def _option_codes(self, entry: ListEntry, fields: Sequence[Field]) -> dict[str, set[Any]]:
        """Return the codes of each option list that the fields use and that exists."""
        codes: dict[str, set[Any]] = {}
        for one in fields:
            if one.content not in OPTIONS or one.optionlist is None:
                continue
            options = self._store.find_list(entry.organization, one.optionlist)
            if options is None or options.type != "Optionlist":
                continue
            position = [field.name for field in self._store.fields(options)].index("CODE")
            sql = "SELECT data FROM records WHERE pk BETWEEN ? AND ?"
            rows = self._connection.execute(sql, pk_range(options.id))
            codes[one.optionlist.casefold()] = {jsontext.decode(data)[position] for (data,) in rows}
        return codes

"""Records of Lists and members of Segments: loads and deletes by key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.tenant.bulk_calls import BulkCall, CheckedRows, check_bulk_call, encode_key
from target_selligent.emulator.tenant.database import pk_range, record_id, record_pk, transaction
from target_selligent.emulator.tenant.fields import OPTIONS, Field
from target_selligent.emulator.tenant.store import ListEntry, SegmentEntry, Store, require_static
from target_selligent.emulator.tenant.values import Problem, comparable_form

_FIND_KEY_SET = "SELECT id FROM key_sets WHERE list_id = ? AND spec = ?"


@dataclass
class BulkOutcome:
    """What a bulk call did.

    Attributes:
        written: The rows that took effect, in order.
    """

    rows: CheckedRows
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    duplicates: int = 0
    not_found: int = 0
    written: list[list[Any]] = field(default_factory=list)

    def result_code(self) -> str:
        """Return the code for all rows together."""
        if not self.rows.failed:
            return "Succeeded"
        return "PartiallySucceeded" if self.rows.failed < self.rows.total else "Failed"


class KeySet:
    """A List's records by the values of some fields, kept in step with every write.

    Args:
        store: Where it lies.
        entry: The List.
        keys: The fields, in order.
        fold_case: Compare text without case and trailing blanks.
    """

    def __init__(self, store: Store, entry: ListEntry, keys: Sequence[Field], *, fold_case: bool) -> None:
        self._connection = store.connection
        self._entry = entry
        self._fold_case = fold_case
        self._by_id = len(keys) == 1 and keys[0].is_system
        fields = store.fields(entry)
        self._parts = [(fields.index(key), key.data_type) for key in keys]
        spec = _spec(keys, fold_case=fold_case)
        row = self._connection.execute(_FIND_KEY_SET, (entry.id, spec)).fetchone()
        if row:
            self.id: int = row[0]
        elif not self._by_id:
            self._build(spec)

    def find(self, key: str) -> list[int]:
        """Return the `pk`s of the records with a key."""
        if self._by_id:
            pk = record_pk(self._entry.id, jsontext.decode(key)[0])
            return [found for (found,) in self._connection.execute("SELECT pk FROM records WHERE pk = ?", (pk,))]
        sql = "SELECT pk FROM keys WHERE key_set = ? AND key = ?"
        return [found for (found,) in self._connection.execute(sql, (self.id, key))]

    def find_values(self, values: Sequence[Any]) -> list[int]:
        """Return the `pk`s of the records with a key, given value by value in comparable form."""
        return self.find(encode_key(values, fold_case=self._fold_case))

    def key_of(self, pk: int, values: Sequence[Any]) -> str:
        """Return the key of a record."""
        parts = [
            comparable_form(kind, values[position] if position < len(values) else None) if position else record_id(pk)
            for position, kind in self._parts
        ]
        return encode_key(parts, fold_case=self._fold_case)

    def _build(self, spec: str) -> None:
        sql = "INSERT INTO key_sets (list_id, spec) VALUES (?, ?)"
        self.id = self._connection.execute(sql, (self._entry.id, spec)).lastrowid or 0
        rows = self._connection.execute(
            "SELECT pk, data FROM records WHERE pk BETWEEN ? AND ?", pk_range(self._entry.id)
        )
        self._connection.executemany(
            "INSERT INTO keys VALUES (?, ?, ?)",
            [(self.id, self.key_of(pk, jsontext.decode(data)), pk) for pk, data in rows],
        )


def existing_key_set(store: Store, entry: ListEntry, keys: Sequence[Field]) -> KeySet | None:
    """Return the records by some fields if a call has used these as its key before; None if none has."""
    for fold_case in (True, False):
        spec = _spec(keys, fold_case=fold_case)
        if store.connection.execute(_FIND_KEY_SET, (entry.id, spec)).fetchone() is not None:
            return KeySet(store, entry, keys, fold_case=fold_case)
    return None


def _spec(keys: Sequence[Field], *, fold_case: bool) -> str:
    return ("~" if fold_case else "=") + ",".join(key.name for key in keys)


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

        A key that several records have updates them all; each keeps its own spelling of the key. With OnlyInsert, a key
        that exists counts as duplicate; with OnlyUpdate, one that does not counts as not found, as it does with a key
        that holds the record number, which cannot be chosen.

        Args:
            entry: The List.
            call: The call.
            option: InsertAndUpdate, OnlyInsert or OnlyUpdate.
            new_segment: Definition of a static Segment to make and to put the loaded records in.

        Raises:
            BadRequestRefusal: The call as a whole cannot be done; then nothing is.
        """
        fields = self._store.fields(entry)
        rows = check_bulk_call(call, fields, self._option_codes(entry, fields), writing=True)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        with transaction(self._connection):
            touched = self._write(entry, call, outcome, option)
            if new_segment is not None:
                segment = self._store.create_segment(entry, new_segment)
                self._add(segment, touched)
        return outcome

    def _write(self, entry: ListEntry, call: BulkCall, outcome: BulkOutcome, option: str) -> list[int]:
        rows, fields = outcome.rows, self._store.fields(entry)
        lookup = KeySet(self._store, entry, rows.keys, fold_case=call.fold_case)
        others = self._key_sets(entry)
        positions = [fields.index(column) for column in rows.columns]
        changed = [
            None if column in rows.keys else position for column, position in zip(rows.columns, positions, strict=True)
        ]
        can_insert = option != "OnlyUpdate" and not any(key.is_system for key in rows.keys)
        lacking = self._missing_required_field(fields, rows)
        last_id: int = self._connection.execute("SELECT last_id FROM lists WHERE id = ?", (entry.id,)).fetchone()[0]
        touched: list[int] = []
        records: list[tuple[int, str]] = []
        keys: list[tuple[int, str, int]] = []
        ordered = list(rows.accepted.items())
        for place, (key, (index, row)) in enumerate(ordered):
            found = lookup.find(key)
            if found and option == "OnlyInsert":
                outcome.duplicates += 1
                continue
            if not found and can_insert and lacking is not None:
                rows.refuse(index, lacking[0], lacking[1])
                if call.stop_on_error:
                    rows.failed += len(ordered) - place - 1
                    break
                continue
            if found:
                for pk in found:
                    self._update(pk, changed, row, others)
                outcome.updated += len(found)
                touched += found
            elif can_insert:
                last_id += 1
                pk = record_pk(entry.id, last_id)
                values: list[Any] = [None] * len(fields)
                for position, value in zip(positions, row, strict=True):
                    values[position] = value
                records.append((pk, jsontext.encode(values).decode()))
                keys += [(one.id, one.key_of(pk, values), pk) for one in others]
                outcome.inserted += 1
                touched.append(pk)
            else:
                outcome.not_found += 1
                continue
            outcome.written.append(row)
        # Keys are unique within the call, so no row looks for a record that the same call inserts.
        self._connection.executemany("INSERT INTO records VALUES (?, ?)", records)
        self._connection.executemany("INSERT INTO keys VALUES (?, ?, ?)", keys)
        self._connection.execute("UPDATE lists SET last_id = ? WHERE id = ?", (last_id, entry.id))
        return touched

    def _update(self, pk: int, positions: Sequence[int | None], row: Sequence[Any], key_sets: Sequence[KeySet]) -> None:
        """Write a row's values over those of a record; a value without a position is left out."""
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
        """Delete records by key, from the List and so from its Segments.

        Raises:
            BadRequestRefusal: The call as a whole cannot be done; then nothing is.
        """
        rows, found = self._matches(entry, call)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        key_sets = self._key_sets(entry)
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
        """Make existing records members; one that is a member already counts as updated.

        Raises:
            BadRequestRefusal: The call as a whole cannot be done; then nothing is.
        """
        require_static(segment)
        rows, found = self._matches(entry, call)
        outcome = BulkOutcome(rows, duplicates=rows.duplicates)
        with transaction(self._connection):
            for row, pks in found:
                if not pks:
                    outcome.not_found += 1
                    continue
                added = self._add(segment, pks)
                outcome.inserted += added
                outcome.updated += len(pks) - added
                outcome.written.append(row)
        return outcome

    def delete_members(self, entry: ListEntry, segment: SegmentEntry, call: BulkCall) -> BulkOutcome:
        """Take records out of a Segment; they stay in the List.

        Raises:
            BadRequestRefusal: The call as a whole cannot be done; then nothing is.
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

    def _add(self, segment: SegmentEntry, pks: Sequence[int]) -> int:
        sql = "INSERT OR IGNORE INTO members VALUES (?, ?)"
        return self._connection.executemany(sql, [(segment.id, pk) for pk in pks]).rowcount if pks else 0

    def _key_sets(self, entry: ListEntry) -> list[KeySet]:
        by_name = {one.name: one for one in self._store.fields(entry)}
        rows = self._connection.execute("SELECT spec FROM key_sets WHERE list_id = ?", (entry.id,)).fetchall()
        return [
            KeySet(self._store, entry, [by_name[name] for name in spec[1:].split(",")], fold_case=spec[0] == "~")
            for (spec,) in rows
        ]

    def _missing_required_field(self, fields: Sequence[Field], rows: CheckedRows) -> tuple[str, Problem] | None:
        """Return the field without which no record can be inserted, if the rows do not hold it."""
        for one in fields:
            if not (one.allow_null or one.is_system or one.is_computed or one in rows.columns):
                return one.name, Problem("Unknown", f"Field {one.name} does not take null")
        return None

    def _option_codes(self, entry: ListEntry, fields: Sequence[Field]) -> dict[str, set[Any]]:
        """Return the codes of the option lists that exist."""
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

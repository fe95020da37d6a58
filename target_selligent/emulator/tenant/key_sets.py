"""Key sets: indexes of a List's records by key. The first call with certain key fields creates one."""

from collections.abc import Sequence
from typing import Any

from target_selligent.emulator import jsontext
from target_selligent.emulator.tenant.bulk_calls import encode_key
from target_selligent.emulator.tenant.database import pk_range, record_id, record_pk
from target_selligent.emulator.tenant.fields import Field
from target_selligent.emulator.tenant.store import ListEntry, Store
from target_selligent.emulator.tenant.values import comparable_form

_FIND_KEY_SET = "SELECT id FROM key_sets WHERE list_id = ? AND spec = ?"


class KeySet:
    """An index of a List's records by the values of some fields. Every write keeps it up to date.

    Args:
        store: The Lists.
        entry: The List.
        keys: The fields, in order.
        fold_case: Ignore case and trailing blanks of text.
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
        """Return the `pk`s of the records with a key whose values are in comparable form."""
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
    """Return the index over some fields, if an earlier call used these as its key; otherwise None."""
    for fold_case in (True, False):
        spec = _spec(keys, fold_case=fold_case)
        if store.connection.execute(_FIND_KEY_SET, (entry.id, spec)).fetchone() is not None:
            return KeySet(store, entry, keys, fold_case=fold_case)
    return None


def key_sets_of(store: Store, entry: ListEntry) -> list[KeySet]:
    """Return all key sets of a List."""
    by_name = {one.name: one for one in store.fields(entry)}
    rows = store.connection.execute("SELECT spec FROM key_sets WHERE list_id = ?", (entry.id,)).fetchall()
    return [
        KeySet(store, entry, [by_name[name] for name in spec[1:].split(",")], fold_case=spec[0] == "~")
        for (spec,) in rows
    ]


def _spec(keys: Sequence[Field], *, fold_case: bool) -> str:
    return ("~" if fold_case else "=") + ",".join(key.name for key in keys)

"""The keys of a List in little memory, and which of the keys that records have are among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.batches.run_store import create_temporary_database, disk_errors
from target_selligent.batches.same_key import normalize_within_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches.batch import Route
    from target_selligent.records import Key

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_FIND = "SELECT spelling FROM known WHERE form = ?"
_CACHE_KIB = 32 * 1024


class ListKeys:
    """The keys of a List. SQLite keeps them in a temporary file when its cache is full.

    Only one thread at a time may use it.

    Args:
        route: A route with the List and its key fields.
        ignore_case: Whether keys that differ in case or trailing blanks are the same.
    """

    def __init__(self, route: Route, *, ignore_case: bool) -> None:
        self._route = route
        self._ignore_case = ignore_case
        # The spelling is empty if it equals the form.
        self._database = create_temporary_database(
            self,
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE known (form TEXT, spelling BLOB, PRIMARY KEY (form, spelling)) WITHOUT ROWID",
        )

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add keys.

        Args:
            rows: The values of the key fields of some records. Those with a null are left out: no row can name them.
        """
        keys = [self._to_key(row) for row in rows if None not in row]
        forms = self._normalize(keys, ignore_case=self._ignore_case)
        # In order, because rows that are near to each other are stored faster.
        known = sorted((form, b"" if form == key else _encode(key)) for form, key in zip(forms, keys, strict=True))
        with disk_errors():
            self._database.executemany("INSERT OR IGNORE INTO known VALUES (?, ?)", known)

    def clear(self) -> None:
        """Forget all keys."""
        with disk_errors():
            self._database.execute("DELETE FROM known")

    def find(self, keys: Sequence[Key]) -> list[Key | None]:
        """Return for each key how the List spells it; None if the List does not have it.

        A key stays as it is if the List has it in this spelling, too.

        Args:
            keys: The keys of records.
        """
        forms = self._normalize(keys, ignore_case=self._ignore_case)
        with disk_errors():
            return [self._find(form, key) for form, key in zip(forms, keys, strict=True)]

    def _find(self, form: str, key: Key) -> Key | None:
        found = [spelling for (spelling,) in self._database.execute(_FIND, (form,))]
        if not found:
            return None
        if not self._ignore_case or (b"" if form == key else _encode(key)) in found:
            return key
        spellings = [self._to_key(_decode(spelling)) if spelling else form for spelling in found]
        exact, *of_list = self._normalize([key, *spellings], ignore_case=False)
        return key if exact in of_list else spellings[0]

    def _normalize(self, keys: Sequence[Key], *, ignore_case: bool) -> list[str]:
        return normalize_within_list(self._route, keys, ignore_case=ignore_case)

    def _to_key(self, value: Any) -> Key:  # noqa: ANN401 - JSON
        """Return the key that a row of the key fields, or the JSON of a key, stands for."""
        if len(self._route.key_fields) > 1:
            return tuple(value)
        return value[0] if isinstance(value, (list, tuple)) else value

"""Keys and records of a whole run in little memory. SQLite keeps them in a temporary file when its cache is full."""

from __future__ import annotations

import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from target_selligent.batches.body import decode_row, encode_row
from target_selligent.errors import RunStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from target_selligent.records import Key

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_TEMPORARY_FILE = ""
"""SQLite's name for a database in a temporary file that it deletes itself (https://www.sqlite.org/inmemorydb.html)."""


class LoadedKeys:
    """The keys that this run has loaded, normalized by `same_key.normalize_for_identity`.

    Only one thread at a time may use it.
    """

    def __init__(self) -> None:
        self._database = create_temporary_database(self, "CREATE TABLE loaded (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def __contains__(self, key: bytes) -> bool:
        with disk_errors():
            return self._database.execute("SELECT 1 FROM loaded WHERE key = ?", (key,)).fetchone() is not None

    def update(self, keys: Iterable[bytes]) -> None:
        """Add keys."""
        with disk_errors():
            self._database.executemany("INSERT OR IGNORE INTO loaded VALUES (?)", ((key,) for key in keys))


class FirstRows:
    """The rows of a batch to send with `ImportFirstMatch`: for each key, the first row that Selligent accepts.

    Two rows with the same key are never sent in one load: the load may be split, and the second half would overwrite
    the first (docs/selligent-api.md: `deduplication` works within one call). No row is sent after another one with
    its key was accepted. If Selligent refuses a row, the next row with its key is sent instead.

    Args:
        keys: The key of each row, normalized by `same_key.normalize_for_identity`.
        indexes: The indexes of the rows that may be sent, in order.
        loaded_keys: The keys that the run has loaded before.

    Attributes:
        indexes: The indexes of the rows to send first.
        next_with_same_key: The index of a row, mapped to the index of the next row with the same key.
    """

    def __init__(self, keys: Sequence[bytes], indexes: Iterable[int], loaded_keys: LoadedKeys) -> None:
        self.indexes: list[int] = []
        self.next_with_same_key: dict[int, int] = {}
        self._keys = keys
        self._loaded_keys = loaded_keys
        self._loaded_before = 0
        last_of: dict[bytes, int] = {}
        for index in indexes:
            key = keys[index]
            if key in last_of:
                self.next_with_same_key[last_of[key]] = index
            elif key in loaded_keys:
                self._loaded_before += 1
                continue
            else:
                self.indexes.append(index)
            last_of[key] = index

    def replacements_for(self, refused: AbstractSet[int]) -> list[int]:
        """Return the indexes of the rows to send instead of refused rows, in order."""
        return sorted(self.next_with_same_key[index] for index in refused & self.next_with_same_key.keys())

    def finish(self, refused: AbstractSet[int]) -> int:
        """Add the keys of accepted rows to the loaded keys, and return how many rows were not sent as duplicates.

        Args:
            refused: The indexes of all rows that Selligent refused.
        """
        sent = len(self.indexes) + len(self.replacements_for(refused))
        all_refused = {self._keys[index] for index in refused - self.next_with_same_key.keys()}
        self._loaded_keys.update(key for index in self.indexes if (key := self._keys[index]) not in all_refused)
        return self._loaded_before + len(self.indexes) + len(self.next_with_same_key) - sent


@dataclass(frozen=True, slots=True)
class SpooledRow:
    """A row in the spool, with what is needed to put it in a batch later.

    Args:
        loader_index: The index of the stream loader that will load it.
        number: The number of the record in its stream.
        key: The key of the row.
        fields: The names of the row's fields.
        row: The row as a JSON array.
        line: The RECORD message of the record, exactly as it came.
        segments: The Segments that the record names. After `SpooledRecords.read_all`, also those that earlier records
            with the same key name.
    """

    loader_index: int
    number: int
    key: Key
    fields: tuple[str, ...]
    row: bytes
    line: bytes
    segments: tuple[str, ...]


class SpooledRecords:
    """The last record of each key, and all Segments that records with this key name, until the end of the input.

    `OnlyInsert` with `ImportLastMatch` needs it. A load inserts the first record of a key that it gets, and later
    loads cannot change it. So nothing may be loaded before the last record of each key is known.
    """

    def __init__(self) -> None:
        self._database = create_temporary_database(
            self,
            "CREATE TABLE record (key BLOB PRIMARY KEY, sent_key BLOB, loader_index INTEGER, number INTEGER,"
            " fields BLOB, row BLOB, line BLOB)",
            "CREATE TABLE member (key BLOB, segment TEXT, PRIMARY KEY (key, segment)) WITHOUT ROWID",
        )

    def put(self, key: bytes, spooled: SpooledRow) -> bool:
        """Store a record in place of the earlier one with the same key.

        As with upserts, a column that the record lacks keeps the value of the earlier record.

        Args:
            key: Its key, normalized by `same_key.normalize_for_identity`.
            spooled: Its row.

        Returns:
            Whether there was an earlier record with the same key.
        """
        with disk_errors():
            found = self._database.execute("SELECT fields, row FROM record WHERE key = ?", (key,)).fetchone()
            fields, row = spooled.fields, spooled.row
            if found is not None:
                earlier = dict(zip(_decode(found[0]), decode_row(found[1]), strict=True))
                if kept := sorted(earlier.keys() - set(fields)):
                    fields = (*fields, *kept)
                    row = encode_row((*decode_row(row), *(earlier[name] for name in kept)))
            self._database.execute(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " sent_key = excluded.sent_key, loader_index = excluded.loader_index, number = excluded.number,"
                " fields = excluded.fields, row = excluded.row, line = excluded.line",
                (key, _encode(spooled.key), spooled.loader_index, spooled.number, _encode(fields), row, spooled.line),
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO member VALUES (?, ?)", [(key, segment) for segment in spooled.segments]
            )
        return found is not None

    def remove(self, key: bytes) -> bool:
        """Remove the record with a key, and the Segments of that key. Return whether there was a record."""
        with disk_errors():
            self._database.execute("DELETE FROM member WHERE key = ?", (key,))
            return self._database.execute("DELETE FROM record WHERE key = ?", (key,)).rowcount > 0

    def read_all(self) -> Iterator[SpooledRow]:
        """Yield the last record of each key, in the order of the first records of the keys."""
        with disk_errors():
            records = self._database.execute(
                "SELECT key, sent_key, loader_index, number, fields, row, line FROM record ORDER BY rowid"
            )
        while True:
            with disk_errors():
                record = records.fetchone()
                if record is None:
                    return
                key, sent_key, loader_index, number, fields, row, line = record
                members = self._database.execute("SELECT segment FROM member WHERE key = ?", (key,))
                segments = tuple(segment for (segment,) in members)
            yield SpooledRow(loader_index, number, _decode_key(sent_key), tuple(_decode(fields)), row, line, segments)


def _decode_key(key_json: bytes) -> Key:
    key = _decode(key_json)
    return tuple(key) if isinstance(key, list) else key


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn SQLite's errors into an error of one line. With a temporary file, only the disk can be the cause."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunStoppedError(
            f"the temporary file that holds the keys of the run cannot be used ({error}): "
            "free space for temporary files, or name a larger disk in the variable SQLITE_TMPDIR"
        ) from None


def create_temporary_database(owner: object, *statements: str) -> sqlite3.Connection:
    """Create a database that is closed, and so deleted, when its owner is deleted."""
    # The reading thread creates it, a loading thread uses it, and never both at once.
    with disk_errors():
        database = sqlite3.connect(_TEMPORARY_FILE, isolation_level=None, check_same_thread=False)
        weakref.finalize(owner, database.close)
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", *statements, "BEGIN"):
            database.execute(statement)
    return database

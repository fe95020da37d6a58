"""Keys of a whole run, in bounded memory: SQLite keeps them in a temporary file once they outgrow its cache."""

from __future__ import annotations

import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import RunStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_selligent.batch import Key

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_TEMPORARY = ""
"""SQLite's name for a database in a temporary file that it deletes itself (https://www.sqlite.org/inmemorydb.html)."""


class SeenKeys:
    """The keys that were loaded before, for `ImportFirstMatch` over many loads. Use it from one thread at a time."""

    def __init__(self) -> None:
        self._database = _open(self, "CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def __contains__(self, key: Key) -> bool:
        with _disk_errors():
            found = self._database.execute("SELECT 1 FROM seen WHERE key = ?", (_encode(key),))
            return found.fetchone() is not None

    def update(self, keys: Iterable[Key]) -> None:
        """Add keys."""
        with _disk_errors():
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((_encode(key),) for key in keys))


@dataclass(frozen=True, slots=True)
class HeldRow:
    """The row of a record that is held.

    Args:
        source: Number of the sink that will load it.
        number: The record's number in its stream.
        key: Its key.
        fields: Names of the row's fields.
        row: The row as JSON text.
        line: The record's RECORD message as it came.
        segments: Segments that it names; of one that is given back, also those of the records before it.
    """

    source: int
    number: int
    key: Key
    fields: tuple[str, ...]
    row: bytes
    line: bytes
    segments: tuple[str, ...]


class LastRecords:
    """The last record of each key and every Segment that its records named, held until the end of the input.

    `OnlyInsert` with `ImportLastMatch` needs it: a load inserts the first record it sees and would never take a later
    one, so nothing may be loaded before the last is known.
    """

    def __init__(self) -> None:
        self._database = _open(
            self,
            "CREATE TABLE last"
            " (key BLOB PRIMARY KEY, source INTEGER, number INTEGER, fields BLOB, row BLOB, line BLOB)",
            "CREATE TABLE named (key BLOB, segment TEXT, PRIMARY KEY (key, segment)) WITHOUT ROWID",
        )

    def put(self, list_api_name: str, held: HeldRow) -> bool:
        """Hold a record in the place of those with the same key.

        Args:
            list_api_name: Its List: the same key in another one is another record.
            held: Its row.

        Returns:
            Whether another record had the key.
        """
        key = _encode((list_api_name.casefold(), held.key))
        with _disk_errors():
            known = self._database.execute("SELECT 1 FROM last WHERE key = ?", (key,)).fetchone() is not None
            self._database.execute(
                "INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?, ?)",
                (key, held.source, held.number, _encode(held.fields), held.row, held.line),
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO named VALUES (?, ?)", [(key, segment) for segment in held.segments]
            )
        return known

    def remove(self, list_api_name: str, key: Key) -> bool:
        """Forget a key, with every Segment that its records named; say whether a record had it."""
        held = (_encode((list_api_name.casefold(), key)),)
        self._database.execute("DELETE FROM named WHERE key = ?", held)
        return self._database.execute("DELETE FROM last WHERE key = ?", held).rowcount > 0

    def take_all(self) -> Iterator[HeldRow]:
        """Yield the last record of each key, in the order of the records."""
        with _disk_errors():
            rows = self._database.execute(
                "SELECT key, source, number, fields, row, line FROM last ORDER BY source, number"
            )
        while True:
            with _disk_errors():
                found = rows.fetchone()
                if found is None:
                    return
                key, source, number, fields, row, line = found
                named = self._database.execute("SELECT segment FROM named WHERE key = ?", (key,))
                segments = tuple(segment for (segment,) in named)
            yield HeldRow(source, number, _key(_decode(key)[1]), tuple(_decode(fields)), row, line, segments)


def _key(decoded: Any) -> Key:  # noqa: ANN401 - JSON
    return tuple(decoded) if isinstance(decoded, list) else decoded


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn SQLite's errors into one line: all that can go wrong with a temporary file is the disk."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunStoppedError(
            f"the temporary file that holds the keys of the run cannot be used ({error}): "
            "free space for temporary files, or name a larger disk in the variable SQLITE_TMPDIR"
        ) from None


def _open(owner: object, *statements: str) -> sqlite3.Connection:
    """Open a database that is closed, and with it deleted, when its owner goes."""
    # Made in the thread that reads, used in the one that loads, never in both at once.
    with _disk_errors():
        database = sqlite3.connect(_TEMPORARY, isolation_level=None, check_same_thread=False)
        weakref.finalize(owner, database.close)
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", *statements, "BEGIN"):
            database.execute(statement)
    return database

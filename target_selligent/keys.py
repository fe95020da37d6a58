"""Keys of a whole run, in bounded memory: SQLite keeps them in a temporary file once they outgrow its cache."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_selligent.batch import Key

_encode = msgspec.json.Encoder().encode
_TEMPORARY = ""
"""SQLite's name for a database in a temporary file that it deletes itself (https://www.sqlite.org/inmemorydb.html)."""


class SeenKeys:
    """The keys that were loaded before, for `ImportFirstMatch` over many loads. Use it from one thread at a time."""

    def __init__(self) -> None:
        self._database = _open("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def __contains__(self, key: Key) -> bool:
        found = self._database.execute("SELECT 1 FROM seen WHERE key = ?", (_encode(key),))
        return found.fetchone() is not None

    def update(self, keys: Iterable[Key]) -> None:
        """Add keys."""
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((_encode(key),) for key in keys))


class LastRecords:
    """The last record of each key and every Segment that its records named, held until the end of the input.

    `OnlyInsert` with `ImportLastMatch` needs it: a load inserts the first record it sees and would never take a later
    one, so nothing may be loaded before the last is known.
    """

    def __init__(self) -> None:
        self._database = _open(
            "CREATE TABLE last (key BLOB PRIMARY KEY, source INTEGER, number INTEGER, record TEXT, line BLOB)",
            "CREATE TABLE named (key BLOB, segment TEXT, PRIMARY KEY (key, segment)) WITHOUT ROWID",
        )

    def put(  # noqa: PLR0913 - one argument a column
        self, key: Key, source: int, number: int, record: dict[str, Any], line: bytes, segments: Sequence[str]
    ) -> bool:
        """Hold a record in the place of those with the same key.

        Args:
            key: Its key.
            source: Who will load it; given back as it is.
            number: Its number in its stream.
            record: The record, after stream maps.
            line: Its RECORD message as it came.
            segments: Segments it names.

        Returns:
            Whether another record had the key.
        """
        encoded = _encode(key)
        known = self._database.execute("SELECT 1 FROM last WHERE key = ?", (encoded,)).fetchone() is not None
        self._database.execute(
            "INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?)",
            (encoded, source, number, json.dumps(record), line),
        )
        self._database.executemany(
            "INSERT OR IGNORE INTO named VALUES (?, ?)", [(encoded, segment) for segment in segments]
        )
        return known

    def take_all(self) -> Iterator[tuple[int, int, dict[str, Any], bytes, list[str]]]:
        """Yield source, number, record, line and Segments of each key, in the order of the records."""
        for key, source, number, record, line in self._database.execute(
            "SELECT key, source, number, record, line FROM last ORDER BY source, number"
        ):
            named = self._database.execute("SELECT segment FROM named WHERE key = ?", (key,))
            yield source, number, json.loads(record), line, [segment for (segment,) in named]


def _open(*statements: str) -> sqlite3.Connection:
    # Made in the thread that reads, used in the one that loads, never in both at once.
    database = sqlite3.connect(_TEMPORARY, isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", *statements, "BEGIN"):
        database.execute(statement)
    return database

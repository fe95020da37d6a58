"""Keys of a whole run, in bounded memory: SQLite keeps them in a temporary file once they outgrow its cache."""

from __future__ import annotations

import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.body import decode_row, encode_rows
from target_selligent.errors import RunStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from target_selligent.batch import Key

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_TEMPORARY = ""
"""SQLite's name for a database in a temporary file that it deletes itself (https://www.sqlite.org/inmemorydb.html)."""


class SeenKeys:
    """The keys that were loaded before in a run, as `same_key.run_keys` gives them. For one thread at a time."""

    def __init__(self) -> None:
        self._database = _open(self, "CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def __contains__(self, key: bytes) -> bool:
        with _disk_errors():
            return self._database.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone() is not None

    def update(self, keys: Iterable[bytes]) -> None:
        """Add keys."""
        with _disk_errors():
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((key,) for key in keys))


class FirstRows:
    """The rows of a batch that `ImportFirstMatch` lets through: of each key, the first one that Selligent accepts.

    No two rows of one key are ever sent in one load, which may be split, and none after one that was accepted. A row
    that Selligent refuses does not count: the next one of its key, if there is one, is sent in its place.

    Args:
        keys: Each row's key, as `same_key.run_keys` gives it.
        indexes: Rows of the batch that may be sent, in order.
        seen: Keys that were loaded before in the run.

    Attributes:
        indexes: Rows to send first.
        next_of: Row to the next one with the same key.
    """

    def __init__(self, keys: Sequence[bytes], indexes: Iterable[int], seen: SeenKeys) -> None:
        self.indexes: list[int] = []
        self.next_of: dict[int, int] = {}
        self._keys = keys
        self._seen = seen
        self._left_out = 0
        newest: dict[bytes, int] = {}
        for index in indexes:
            key = keys[index]
            if key in newest:
                self.next_of[newest[key]] = index
            elif key in seen:
                self._left_out += 1
                continue
            else:
                self.indexes.append(index)
            newest[key] = index

    def after(self, refused: AbstractSet[int]) -> list[int]:
        """Return the rows to send in the place of refused ones, in order."""
        return sorted(self.next_of[index] for index in refused & self.next_of.keys())

    def finish(self, refused: AbstractSet[int]) -> int:
        """Remember the keys of which a row was accepted; return how many rows were left out as duplicates.

        Args:
            refused: All rows that Selligent refused.
        """
        sent = len(self.indexes) + len(self.after(refused))
        all_refused = {self._keys[index] for index in refused - self.next_of.keys()}
        self._seen.update(key for index in self.indexes if (key := self._keys[index]) not in all_refused)
        return self._left_out + len(self.indexes) + len(self.next_of) - sent


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
            " (key BLOB PRIMARY KEY, sent BLOB, source INTEGER, number INTEGER, fields BLOB, row BLOB, line BLOB)",
            "CREATE TABLE named (key BLOB, segment TEXT, PRIMARY KEY (key, segment)) WITHOUT ROWID",
        )

    def put(self, key: bytes, held: HeldRow) -> bool:
        """Hold a record in the place of those with the same key.

        As with upserts, a column that the record lacks keeps the value of the one before it.

        Args:
            key: Its key, as `same_key.run_keys` gives it.
            held: Its row.

        Returns:
            Whether another record had the key.
        """
        with _disk_errors():
            known = self._database.execute("SELECT fields, row FROM last WHERE key = ?", (key,)).fetchone()
            fields, row = held.fields, held.row
            if known is not None:
                earlier = dict(zip(_decode(known[0]), decode_row(known[1]), strict=True))
                if kept := sorted(earlier.keys() - set(fields)):
                    fields = (*fields, *kept)
                    row = encode_rows([(*decode_row(row), *(earlier[name] for name in kept))])
            self._database.execute(
                "INSERT INTO last VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET sent = excluded.sent,"
                " source = excluded.source, number = excluded.number, fields = excluded.fields, row = excluded.row,"
                " line = excluded.line",
                (key, _encode(held.key), held.source, held.number, _encode(fields), row, held.line),
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO named VALUES (?, ?)", [(key, segment) for segment in held.segments]
            )
        return known is not None

    def remove(self, key: bytes) -> bool:
        """Forget a key, with every Segment that its records named; say whether a record had it."""
        with _disk_errors():
            self._database.execute("DELETE FROM named WHERE key = ?", (key,))
            return self._database.execute("DELETE FROM last WHERE key = ?", (key,)).rowcount > 0

    def take_all(self) -> Iterator[HeldRow]:
        """Yield the last record of each key, in the order of their first ones."""
        with _disk_errors():
            rows = self._database.execute(
                "SELECT key, sent, source, number, fields, row, line FROM last ORDER BY rowid"
            )
        while True:
            with _disk_errors():
                found = rows.fetchone()
                if found is None:
                    return
                key, sent, source, number, fields, row, line = found
                named = self._database.execute("SELECT segment FROM named WHERE key = ?", (key,))
                segments = tuple(segment for (segment,) in named)
            yield HeldRow(source, number, _key(_decode(sent)), tuple(_decode(fields)), row, line, segments)


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

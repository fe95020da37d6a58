"""The SQLite file: one connection, one schema, explicit transactions.

A record is one row with its values as a JSON array in the order of the List's fields, so that a List may have more
fields than SQLite has columns. Its number `pk` holds the List's id above and the record number below, so that a List's
records are one range of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_ID_BITS = 40

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT, organization TEXT NOT NULL, api_name TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL, type TEXT NOT NULL, details TEXT NOT NULL, last_id INTEGER NOT NULL DEFAULT 0,
    UNIQUE (organization, api_name));
CREATE TABLE IF NOT EXISTS fields (
    list_id INTEGER NOT NULL, position INTEGER NOT NULL, definition TEXT NOT NULL,
    PRIMARY KEY (list_id, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS relations (
    list_id INTEGER NOT NULL, scope TEXT NOT NULL COLLATE NOCASE, definition TEXT NOT NULL,
    PRIMARY KEY (list_id, scope));
CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL, api_name TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL, type TEXT NOT NULL, details TEXT NOT NULL, UNIQUE (list_id, api_name));
CREATE TABLE IF NOT EXISTS records (pk INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    segment_id INTEGER NOT NULL, pk INTEGER NOT NULL, PRIMARY KEY (segment_id, pk)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS members_by_record ON members (pk);
CREATE TABLE IF NOT EXISTS key_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, list_id INTEGER NOT NULL, spec TEXT NOT NULL, UNIQUE (list_id, spec));
CREATE TABLE IF NOT EXISTS keys (
    key_set INTEGER NOT NULL, key TEXT NOT NULL, pk INTEGER NOT NULL, PRIMARY KEY (key_set, key, pk)) WITHOUT ROWID;
"""

TABLES = ("lists", "fields", "relations", "segments", "records", "members", "key_sets", "keys")


def connect(path: str | None) -> sqlite3.Connection:
    """Open a database file for this process alone, or one in memory, with its tables.

    The connection may be handed to another thread, as long as one at a time uses it.

    Raises:
        ValueError: The file cannot be used.
    """
    try:
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1)
    except sqlite3.Error as error:
        raise ValueError(f"the database {path} cannot be opened: {error}") from None
    try:
        _prepare(connection)
    except (sqlite3.Error, ValueError) as error:
        connection.close()
        hint = " by another emulator" if "locked" in str(error) else ""
        raise ValueError(f"the database {path} cannot be used: {error}{hint}") from None
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    # Another emulator on the same file is refused at once, not at some later write.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    # What it holds is made again in seconds: speed before safety against a power cut.
    connection.execute("PRAGMA synchronous = OFF")
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found - {"sqlite_sequence"} - set(TABLES):
        raise ValueError("it holds tables that are not an emulator's")
    with transaction(connection, "EXCLUSIVE"):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        # Only a write shows that the file can be written.
        connection.execute("INSERT INTO lists VALUES (-1, '', '', '', '', '{}', 0)")
        connection.execute("DELETE FROM lists WHERE id = -1")


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "DEFERRED") -> Iterator[sqlite3.Connection]:
    """Commit what the block writes, or nothing of it."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def pk_range(list_id: int) -> tuple[int, int]:
    """Return the first and the last `pk` that records of a List can have."""
    return list_id << _ID_BITS, ((list_id + 1) << _ID_BITS) - 1


def record_pk(list_id: int, record_id: int) -> int:
    """Return the `pk` of a List's record; one that no record has if the number is out of range."""
    return list_id << _ID_BITS | record_id if 0 < record_id < 1 << _ID_BITS else -1


def record_id(pk: int) -> int:
    """Return the record number in a `pk`."""
    return pk & ((1 << _ID_BITS) - 1)

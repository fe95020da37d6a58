"""The SQLite database: one connection, one schema, explicit transactions.

Each record is one row of the table `records`. Its values are a JSON array in the order of the List's fields, because a
List may have more fields than a SQLite table may have columns. The upper bits of its primary key `pk` are the List's
id, the lower ones the record number. So the records of a List are one range of `pk`.
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
    """Open a database and create its tables. No other process can use its file at the same time.

    Several threads may use the connection, but only one at a time.

    Args:
        path: The file; None for a database in memory.

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
    # A second emulator on the same file fails at its start, not at a later write.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    # The data can be created again in seconds, so speed matters more than safety in a power failure.
    connection.execute("PRAGMA synchronous = OFF")
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found - {"sqlite_sequence"} - set(TABLES):
        raise ValueError("it holds tables that are not an emulator's")
    with transaction(connection, "EXCLUSIVE"):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        # Only a write shows whether the file is writable.
        connection.execute("INSERT INTO lists VALUES (-1, '', '', '', '', '{}', 0)")
        connection.execute("DELETE FROM lists WHERE id = -1")


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "DEFERRED") -> Iterator[sqlite3.Connection]:
    """Commit all that the block writes, or nothing if it raises an error."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def pk_range(list_id: int) -> tuple[int, int]:
    """Return the first and the last `pk` that a record of a List can have."""
    return list_id << _ID_BITS, ((list_id + 1) << _ID_BITS) - 1


def record_pk(list_id: int, record_id: int) -> int:
    """Return the `pk` of a record; -1, which no record has, if its number is out of range."""
    return list_id << _ID_BITS | record_id if 0 < record_id < 1 << _ID_BITS else -1


def record_id(pk: int) -> int:
    """Return the record number in a `pk`."""
    return pk & ((1 << _ID_BITS) - 1)

"""The snapshot's file: an SQLite database that only one process at a time uses. It holds hashes, and no values.

What a run sends is appended to the tables `batch` and `sent`, and merged into the table `entry` in the order of the
keys at the end. An index that grows in the order of the records would be many times slower. So the file survives a
kill at any moment: a row in `sent` whose batch is not acknowledged says that nothing is known of its key.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import contextmanager, suppress
from itertools import chain, count, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from target_selligent.errors import DestinationError, RunStoppedError
from target_selligent.snapshot.fingerprints import combine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger("target-selligent")

_APPLICATION_ID = 0x53_4C_47_54
_VERSION = 1
"""Increase it when the tables, or what is hashed, change. Files of other versions are not used."""
_CACHE_KIB = 32_768
_OWNER_ONLY = 0o600
_VACUUM_SHARE = 0.2
_SIDE_FILES = ("-wal", "-shm", "-journal")
_PLACE = (
    "CREATE TABLE place (base_url TEXT, organization TEXT, list TEXT, key_fields TEXT, salt BLOB,"
    " PRIMARY KEY (base_url, organization, list))"
)
_TABLES = (
    _PLACE,
    "CREATE TABLE entry (key INTEGER PRIMARY KEY, fingerprint BLOB, day INTEGER)",
    "CREATE TABLE batch (id INTEGER PRIMARY KEY, day INTEGER, acknowledged INTEGER)",
    "CREATE TABLE sent (position INTEGER PRIMARY KEY, batch INTEGER, key INTEGER, fingerprint BLOB)",
)
_MERGE_SINGLE_ROWS = (
    "INSERT OR REPLACE INTO entry SELECT key, fingerprint, day FROM"
    " (SELECT key, fingerprint, day, acknowledged, count(*) AS rows"
    " FROM sent JOIN batch ON batch.id = sent.batch GROUP BY key) WHERE rows = 1 AND acknowledged"
)
_SELECT_OTHER_ROWS = (
    "SELECT key, CASE WHEN acknowledged THEN fingerprint ELSE x'' END, day"
    " FROM sent JOIN batch ON batch.id = sent.batch"
    " WHERE NOT acknowledged OR key IN (SELECT key FROM sent GROUP BY key HAVING count(*) > 1) ORDER BY key, position"
)
_encode = msgspec.json.Encoder().encode


class BrokenSnapshotError(Exception):
    """Raised when the file is no database any more."""


class Place(NamedTuple):
    """A List as the destination of a pipeline. The address, the List and the key fields are in lower case.

    Args:
        base_url: The address of the tenant.
        organization: The tenant's organization.
        list_api_name: The List.
        key_fields: The fields that identify a record, with commas. A List has one place, and other key fields
            replace it.
    """

    base_url: str
    organization: str
    list_api_name: str
    key_fields: str


class SnapshotFile:
    """The file. Only one thread at a time may use it.

    Args:
        path: The file. It is created if it is missing.
        shown: Its path for messages, if it is a copy.

    Raises:
        DestinationError: If it cannot be opened, or if another run or another program uses it.
        BrokenSnapshotError: If it is broken.
    """

    def __init__(self, path: Path, shown: Path | None = None) -> None:
        self._path = path if shown is None else shown
        self._position = 0
        self._batch = 0
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        with self._errors():
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            with self._errors():
                is_empty = self._check_version()
                self._lock()
                if is_empty:
                    self._create_tables()
                (last,) = self._database.execute("SELECT max(id) FROM batch").fetchone()
                self._batch = last or 0
                self._is_empty = self._database.execute("SELECT 1 FROM entry LIMIT 1").fetchone() is None
        except BaseException:
            self._database.close()
            raise

    def find_salt(self, place: Place) -> bytes | None:
        """Return the salt of a List; None if the file knows nothing of it by these key fields."""
        with self._errors():
            found = self._database.execute(
                "SELECT salt FROM place WHERE base_url = ? AND organization = ? AND list = ? AND key_fields = ?", place
            ).fetchone()
        return None if found is None else bytes(found[0])

    def store_salt(self, place: Place, salt: bytes) -> None:
        """Give a List a new salt. Nothing that the file has about the List is found again."""
        with self._errors():
            self._database.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?)", (*place, salt))
            self._commit()

    def find(self, keys: Sequence[int], days: range) -> dict[int, bytes]:
        """Return what is stored for keys; empty for those that were sent on other days.

        Args:
            keys: The hashes of the keys.
            days: The days that count.
        """
        if self._is_empty:
            return {}
        with self._errors():
            return dict(
                self._database.execute(
                    "SELECT key, CASE WHEN day >= ? AND day < ? THEN fingerprint ELSE x'' END FROM entry"
                    " WHERE key IN (SELECT value FROM json_each(?))",
                    (days.start, days.stop, _encode(keys).decode()),
                )
            )

    def blank(self, keys: Iterable[int]) -> None:
        """Make the entries of keys match nothing, from now on. It is on the disk after the next method that writes."""
        with self._errors():
            self._database.executemany("UPDATE entry SET fingerprint = x'' WHERE key = ?", ((key,) for key in keys))

    def note_sent(self, fingerprints: Iterable[tuple[int, bytes]], day: int) -> tuple[int, int]:
        """Note rows that will be sent. Until they are acknowledged, nothing is known of their keys.

        Args:
            fingerprints: The hash of each key, and the fingerprint of its row.
            day: The current day.

        Returns:
            The number of the batch, and the position of its first row.
        """
        self._batch += 1
        first = self._position + 1
        with self._errors():
            self._database.execute("INSERT INTO batch VALUES (?, ?, 0)", (self._batch, day))
            self._database.executemany(
                f"INSERT INTO sent (batch, key, fingerprint) VALUES ({self._batch:d}, ?, ?)",  # noqa: S608 - a number
                fingerprints,
            )
            (last,) = self._database.execute("SELECT max(position) FROM sent").fetchone()
            self._position = last or 0
            self._commit()
        return self._batch, first

    def acknowledge(self, batch: int, rejected: Iterable[int]) -> None:
        """Note that Selligent has loaded the rows of a batch.

        Args:
            batch: The number of the batch.
            rejected: The positions of rows that were rejected.
        """
        with self._errors():
            self._database.executemany(
                "UPDATE sent SET fingerprint = x'' WHERE position = ?", ((position,) for position in rejected)
            )
            self._database.execute("UPDATE batch SET acknowledged = 1 WHERE id = ?", (batch,))
            self._commit()

    def merge(self, days: range) -> None:
        """Make entries of what was sent, and then delete entries of other days.

        Args:
            days: The days that count.
        """
        with self._errors():
            (sent,) = self._database.execute("SELECT count(*) FROM sent").fetchone()
            if not sent:
                return
            # In the order of the keys, so that each page of the table is written once.
            merged = self._database.execute(_MERGE_SINGLE_ROWS).rowcount
            if merged < sent:
                rows = self._database.execute(_SELECT_OTHER_ROWS)
                self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", _resolve(rows))
            self._database.execute(
                "DELETE FROM entry WHERE fingerprint = x'' OR day < ? OR day >= ?", (days.start, days.stop)
            )
            self._database.execute("DELETE FROM sent")
            self._database.execute("DELETE FROM batch")
            self._commit()
            self._position = 0
            self._is_empty = False

    def compact(self) -> None:
        """Give space that is no longer used back to the disk, if it is much."""
        with self._errors():
            (free,) = self._database.execute("PRAGMA freelist_count").fetchone()
            (pages,) = self._database.execute("PRAGMA page_count").fetchone()
            if free > _VACUUM_SHARE * pages:
                self._database.execute("COMMIT")
                self._database.execute("VACUUM")
                self._database.execute("BEGIN")

    def close(self) -> None:
        """Close the file, so that another run can use it."""
        with suppress(sqlite3.Error):
            self._database.rollback()
        with suppress(sqlite3.Error):
            self._database.close()

    def _lock(self) -> None:
        database = self._database
        # No file of shared memory is needed, so the database may also be on a network drive.
        for statement in (
            "PRAGMA locking_mode = EXCLUSIVE",
            "PRAGMA journal_mode = WAL",
            # Each commit is on the disk before a row is sent: what is stored must not outlive a power cut.
            "PRAGMA synchronous = FULL",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "BEGIN EXCLUSIVE",
        ):
            database.execute(statement)

    def _check_version(self) -> bool:
        """Check whose file it is, before anything of it is changed; return whether it is empty."""
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == 0 and tables == 0:
            return True
        if application != _APPLICATION_ID:
            raise DestinationError(
                f"snapshot_path {str(self._path)!r} is a database of another program: name a file of its own"
            )
        if version != _VERSION:
            raise BrokenSnapshotError("it is of another version of the target")
        return False

    def _create_tables(self) -> None:
        for statement in (f"PRAGMA application_id = {_APPLICATION_ID}", f"PRAGMA user_version = {_VERSION}", *_TABLES):
            self._database.execute(statement)
        self._commit()

    def _commit(self) -> None:
        self._database.execute("COMMIT")
        self._database.execute("BEGIN")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn SQLite's errors into errors of one line."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise _in_use(self._path) from None
            if "no such" in str(error):
                raise BrokenSnapshotError("its tables are not as they should be") from None
            raise RunStoppedError(
                f"snapshot_path {str(self._path)!r} cannot be used ({error}): free space on its disk, or name another "
                "file"
            ) from None
        except sqlite3.DatabaseError as error:
            raise BrokenSnapshotError(str(error)) from None


def copy_file(path: Path, folder: Path) -> Path:
    """Copy a file for a run that must not change it; return the copy. If there is no file, there is no copy.

    Args:
        path: The file.
        folder: Where the copy is made.

    Raises:
        DestinationError: If the file changes while it is copied, because another run uses it.
        OSError: If it cannot be read, if its folder is missing, or if there is no space for the copy.
    """
    path.parent.stat()
    # What a killed run has left is in a file beside it.
    names = [path.name, *(path.name + ending for ending in _SIDE_FILES)]
    found = [path.with_name(name) for name in names if path.with_name(name).exists()]
    before = [_state(one) for one in found]
    for one in found:
        with suppress(FileNotFoundError):
            shutil.copyfile(one, folder / one.name)
    if [_state(one) for one in found] != before:
        raise _in_use(path)
    return folder / path.name


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def _in_use(path: Path) -> DestinationError:
    return DestinationError(
        f"snapshot_path {str(path)!r} is in use by another run: wait until it has ended, or give each pipeline a file "
        "of its own"
    )


def set_aside(path: Path) -> Path:
    """Rename a broken file, so that nothing is lost if it was no snapshot; return its new name, which no file had.

    Args:
        path: The file.
    """
    names = chain([f"{path.name}.broken"], (f"{path.name}.{number}.broken" for number in count(2)))
    aside = next(one for one in map(path.with_name, names) if not one.exists())
    path.replace(aside)
    # SQLite would take them for the changes of the new file.
    for ending in _SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside


def _resolve(sent: Iterable[tuple[int, bytes, int]]) -> Iterator[tuple[int, bytes, int]]:
    """Yield the entry of each key: its last row that was sent, with the Segments of all of its rows equal to this one.

    Args:
        sent: The hash of the key, the fingerprint and the day of each row, by key, and in the order of sending.
    """
    for key, rows in groupby(sent, itemgetter(0)):
        stored, oldest = b"", 0
        for _, fingerprint, day in rows:
            combined = combine(stored, fingerprint)
            oldest = min(oldest, day) if combined[: len(stored)] == stored and stored else day
            stored = combined
        yield key, stored, oldest

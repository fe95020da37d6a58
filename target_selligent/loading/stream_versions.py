"""The versions of one stream: whether a run has read the whole table, so that what it does not name is left behind.

A tap that reads a whole table gives it a new version, writes it into each record, and activates it by ACTIVATE_VERSION.
But taps also send this message when they read only what has changed, or resume a table in the middle, with a version
of an earlier run. The target does not see in which case it is, so it looks for signs. If one is missing, all stay.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.records import lenient_json, to_utc_date_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_MAX_AGE_SECONDS = 60
_MILLISECONDS = range(10**12, 10**13)
"""Versions that are a time in milliseconds, as taps create them that keep versions in their STATE.

Taps of Meltano's SDK use seconds. They create a new version in each run, but long before the last stream is read.
"""
_SECOND_LENGTH = len("YYYY-MM-DDTHH:MM:SS")


class _Head(msgspec.Struct):
    """What a RECORD message says beside the record."""

    version: Any = None
    time_extracted: Any = None


_decode_head = msgspec.json.Decoder(_Head).decode


class StreamVersions:
    """Notes the versions of the records of a stream, and which one is activated. Pure; no I/O.

    Args:
        bookmarks: The `bookmark_properties` of its SCHEMA.

    Attributes:
        bookmarks: The columns by which the tap finds what has changed. Not empty: it does not read the whole table.
        newest: The newest version of the records that were read; None if none has a version.
    """

    def __init__(self, bookmarks: Sequence[str] = ()) -> None:
        self.bookmarks = list(bookmarks)
        self.newest: int | None = None
        self._activated: int | None = None
        self._is_known = True
        self._takes_turns = False
        self._is_old = False

    @property
    def is_activated(self) -> bool:
        """Whether an ACTIVATE_VERSION came."""
        return self._activated is not None or not self._is_known

    def activate(self, version: object) -> None:
        """Note an ACTIVATE_VERSION. The last one counts, at the end of the run.

        Args:
            version: Its version.
        """
        self._is_known = _is_version(version)
        self._activated = version if isinstance(version, int) and self._is_known else None

    def split(self, lines: Sequence[bytes]) -> Iterator[tuple[slice, bool]]:
        """Note the versions of records; yield slices of records with the same version.

        Args:
            lines: Their RECORD messages.

        Yields:
            A slice, and whether a newer version than that of all records before begins with it.
        """
        end = 0
        for version, group in groupby(map(_version_of, lines)):
            start, end = end, end + sum(1 for _ in group)
            yield slice(start, end), self._note(version, lines[start])

    def find_doubt(self) -> str | None:
        """Return why it is not certain that the run has read the whole table; None if it is."""
        doubts = {
            f"the tap reads only what has changed (bookmark_properties {', '.join(self.bookmarks)})": self.bookmarks,
            "the version of ACTIVATE_VERSION is no whole number": not self._is_known,
            "no record of the run has a version": self.newest is None,
            "records of an older version came after newer ones": self._takes_turns,
            "the records that were read last have another version than ACTIVATE_VERSION": (
                self.newest != self._activated
            ),
            f"the version is more than {_MAX_AGE_SECONDS} seconds older than the time_extracted of its first record: "
            "it is probably of an earlier run, and this run has read only a part of the table": self._is_old,
        }
        return next((doubt for doubt, applies in doubts.items() if applies), None)

    def _note(self, version: object, line: bytes) -> bool:
        """Note the version of a record; return whether it is newer than that of all records before."""
        if not isinstance(version, int) or not _is_version(version):
            return False
        if self.newest is not None and version <= self.newest:
            self._takes_turns |= version < self.newest
            return False
        first, self.newest = self.newest is None, version
        self._is_old = version in _MILLISECONDS and _is_extracted_later(_read_head(line).time_extracted, version)
        return not first


def _version_of(line: bytes) -> object:
    try:
        return _decode_head(line).version
    except _UNREADABLE:
        return _read_head(line).version


def _read_head(line: bytes) -> _Head:
    """Return the head of a RECORD message that may be not strict JSON."""
    with suppress(ValueError, RecursionError):
        message = lenient_json.loads(line, exact=False)
        if isinstance(message, dict):
            return _Head(message.get("version"), message.get("time_extracted"))
    return _Head()


def _is_version(version: object) -> bool:
    return isinstance(version, int) and not isinstance(version, bool)


def _is_extracted_later(time_extracted: object, version: int) -> bool:
    try:
        text = to_utc_date_time(str(time_extracted))[:_SECOND_LENGTH]
        extracted = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return extracted.timestamp() - version / 1000 > _MAX_AGE_SECONDS

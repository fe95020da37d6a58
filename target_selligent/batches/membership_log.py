"""What a run says about members, key by key, in little memory: SQLite keeps it in a temporary file.

Entries are appended in the order in which they come and resolved once, at the end of the run, after sorting. An index
that grows with each key would cost ten times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.batches.run_store import create_temporary_database, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_CACHE_KIB = 16_384

EVERY_SEGMENT = ""
"""Stands for all Segments of a stream. No API name is empty."""


def deletion_place(stream: str) -> str:
    """Return what stands in the place of a Segment for the deletions of a stream. No API name has a slash."""
    return f"/{stream}"


class Word(IntEnum):
    """What an entry says about a key."""

    ADD = 0
    """It is a member of the Segment; its record is in the List. In `EVERY_SEGMENT`: of no Segment."""
    REMOVE = 1
    """It leaves the Segment."""
    DELETE = 2
    """Its record is deleted at the source."""
    KEEP = 3
    """Its record was rejected: whoever it is stays where they are."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A record that leaves a Segment or the List.

    Args:
        row: The values of its key fields, as they are sent.
        stream: The stream of the record that says so; empty if no record does.
        number: The number of this record in its stream.
        line: The message of this record, as it came; empty if there is none.
    """

    row: tuple[Any, ...]
    stream: str = ""
    number: int = 0
    line: bytes = b""


class MembershipLog:
    """The entries about the keys of one route. The last entry about a key in a Segment counts."""

    def __init__(self) -> None:
        self._database = create_temporary_database(
            self,
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE entry (position INTEGER PRIMARY KEY,"
            " segment TEXT, key TEXT, word INTEGER, row TEXT, stream TEXT, number INTEGER, line BLOB)",
            "CREATE TABLE found (segment TEXT, key TEXT, row TEXT)",
            "CREATE TABLE departure (position INTEGER PRIMARY KEY,"
            " segment TEXT, row TEXT, stream TEXT, number INTEGER, line BLOB)",
        )

    def note(self, word: Word, segment: str, keys: Sequence[bytes]) -> None:
        """Note entries for which nothing will be sent: `ADD` and `KEEP`.

        Args:
            word: What they say.
            segment: API name of the Segment, or `EVERY_SEGMENT`.
            keys: The keys, normalized by `same_key.normalize_for_identity`.
        """
        with disk_errors():
            self._database.execute(
                "INSERT INTO entry (segment, key, word) SELECT ?, value, ? FROM json_each(?)",
                (segment, int(word), _encode([key.decode() for key in keys]).decode()),
            )

    def note_departures(self, word: Word, segment: str, keys: Sequence[bytes], departures: Sequence[Departure]) -> None:
        """Note entries for which something will be sent: `REMOVE` and `DELETE`.

        Args:
            word: What they say.
            segment: API name of the Segment; for `DELETE`, the `deletion_place` of the stream.
            keys: The keys, as for `note`.
            departures: What is known of each.
        """
        with disk_errors():
            self._database.executemany(
                "INSERT INTO entry (segment, key, word, row, stream, number, line) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (segment, key.decode(), int(word), _encode(one.row).decode(), one.stream, one.number, one.line)
                    for key, one in zip(keys, departures, strict=True)
                ),
            )

    def note_found(self, segment: str, keys: Sequence[bytes], rows: Iterable[Sequence[Any]]) -> None:
        """Note members that a Segment has.

        Args:
            segment: API name of the Segment.
            keys: Their keys, as for `note`.
            rows: The values of their key fields, as Selligent has returned them.
        """
        with disk_errors():
            self._database.executemany(
                "INSERT INTO found VALUES (?, ?, ?)",
                ((segment, key.decode(), _encode(row).decode()) for key, row in zip(keys, rows, strict=True)),
            )

    def resolve_removals(self) -> None:
        """Find the keys that leave a Segment by the last entry about them in it."""
        with disk_errors():
            self._database.execute(
                "INSERT INTO departure (segment, row, stream, number, line)"
                " SELECT segment, row, stream, number, line FROM"
                " (SELECT segment, row, stream, number, line, word, max(position) AS last FROM entry WHERE segment <> ?"
                " GROUP BY segment, key) WHERE word = ? ORDER BY last",
                (EVERY_SEGMENT, int(Word.REMOVE)),
            )

    def resolve_deletions(self) -> None:
        """Find the keys that are deleted, and that no later entry brings back. They leave the `deletion_place`."""
        with disk_errors():
            self._database.execute(
                "INSERT INTO departure (segment, row, stream, number, line)"
                " SELECT deleted.segment, deleted.row, deleted.stream, deleted.number, deleted.line FROM"
                " (SELECT segment, key, row, stream, number, line, max(position) AS last FROM entry WHERE word = ?1"
                " GROUP BY segment, key) AS deleted"
                " LEFT JOIN (SELECT key, max(position) AS last FROM entry WHERE word IN (?2, ?3) GROUP BY key) AS back"
                " ON back.key = deleted.key WHERE back.last IS NULL OR back.last < deleted.last ORDER BY deleted.last",
                (int(Word.DELETE), int(Word.ADD), int(Word.KEEP)),
            )

    def resolve_unnamed(self) -> None:
        """Find the members that `note_found` has noted and no entry names. A key that is kept is named everywhere."""
        with disk_errors():
            self._database.execute(
                "CREATE TABLE named (segment TEXT, key TEXT, PRIMARY KEY (segment, key)) WITHOUT ROWID"
            )
            # Sorted, entries are appended to the index, and looked up near to each other.
            self._database.execute(
                "INSERT OR IGNORE INTO named SELECT segment, key FROM entry"
                " WHERE (segment <> ?1 AND word IN (?2, ?3)) OR word = ?4 ORDER BY segment, key",
                (EVERY_SEGMENT, int(Word.ADD), int(Word.REMOVE), int(Word.KEEP)),
            )
            self._database.execute(
                "INSERT INTO departure (segment, row, stream, number, line) SELECT segment, row, '', 0, x'' FROM"
                " (SELECT segment, key, row FROM found ORDER BY segment, key LIMIT -1) AS one"
                " WHERE NOT EXISTS (SELECT 1 FROM named WHERE named.segment = one.segment AND named.key = one.key)"
                " AND NOT EXISTS (SELECT 1 FROM named WHERE named.segment = ? AND named.key = one.key)",
                (EVERY_SEGMENT,),
            )

    def read_departures(self, segment: str, max_rows: int) -> Iterator[list[Departure]]:
        """Yield the departures that were found, in their order, at most `max_rows` at a time.

        Args:
            segment: API name of the Segment, or the `deletion_place` of a stream.
            max_rows: Maximum number at a time.
        """
        last = 0
        while True:
            with disk_errors():
                found = self._database.execute(
                    "SELECT position, row, stream, number, line FROM departure WHERE segment = ? AND position > ?"
                    " ORDER BY position LIMIT ?",
                    (segment, last, max_rows),
                ).fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [Departure(tuple(_decode(row)), *known) for _, row, *known in found]

    def count_departures(self) -> dict[str, int]:
        """Return how many departures were found so far, by Segment or `deletion_place`."""
        with disk_errors():
            return dict(self._database.execute("SELECT segment, count(*) FROM departure GROUP BY segment"))

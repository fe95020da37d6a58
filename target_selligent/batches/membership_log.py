"""What a run says about members, key by key, in little memory: SQLite keeps it in a temporary file.

Entries are appended in the order in which they come and resolved once, at the end of the run, after sorting. An index
that grows with each key would cost ten times as much. Streams, Segments and other places are numbers in the tables.
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


LIST_PLACE = "/"
"""Stands for the whole List. No API name has a slash, and no stream is without a name."""


def deletion_place(stream: str) -> str:
    """Return what stands in the place of a Segment for the deletions of a stream. No API name has a slash."""
    return f"/{stream}"


class Word(IntEnum):
    """What an entry says about a key."""

    ADD = 0
    """It is a member of the Segment; its record is in the List. In `EVERY_SEGMENT`: of no Segment of its stream."""
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
    """The entries about the keys of one route. The last entry about a key in a Segment counts.

    Keys are texts that `same_key.normalize_within_list` has normalized.

    Attributes:
        position: The number of the last entry.
    """

    def __init__(self) -> None:
        self.position = 0
        self._numbers: dict[str, int] = {EVERY_SEGMENT: 0}
        self._noted: set[Word] = set()
        self._database = create_temporary_database(
            self,
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE entry (position INTEGER PRIMARY KEY, source INTEGER, place INTEGER, key TEXT, word INTEGER,"
            " row TEXT, number INTEGER, line BLOB)",
            "CREATE TABLE named (place INTEGER, key TEXT, PRIMARY KEY (place, key)) WITHOUT ROWID",
            "CREATE TABLE departure (position INTEGER PRIMARY KEY,"
            " place INTEGER, row TEXT, source INTEGER, number INTEGER, line BLOB)",
        )

    def note(self, word: Word, segment: str, keys: Sequence[str], stream: str) -> None:
        """Note entries for which nothing will be sent: `ADD` and `KEEP`.

        Args:
            word: What they say.
            segment: API name of the Segment, or `EVERY_SEGMENT`.
            keys: The keys.
            stream: The stream of their records.
        """
        self._noted.add(word)
        with disk_errors():
            self._database.execute(
                "INSERT INTO entry (source, place, key, word) SELECT ?, ?, value, ? FROM json_each(?)",
                (self._number(deletion_place(stream)), self._number(segment), int(word), _encode(keys).decode()),
            )
        self.position += len(keys)

    def note_departures(self, word: Word, segment: str, keys: Sequence[str], departures: Sequence[Departure]) -> None:
        """Note entries for which something will be sent: `REMOVE` and `DELETE`.

        Args:
            word: What they say.
            segment: API name of the Segment; for `DELETE`, the `deletion_place` of the stream.
            keys: The keys.
            departures: What is known of each.
        """
        self._noted.add(word)
        place = self._number(segment)
        sources = [self._number(deletion_place(one.stream)) for one in departures]
        with disk_errors():
            self._database.executemany(
                "INSERT INTO entry (source, place, key, word, row, number, line) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (source, place, key, int(word), _encode(one.row).decode(), one.number, one.line)
                    for key, one, source in zip(keys, departures, sources, strict=True)
                ),
            )
        self.position += len(keys)

    def supersede(self, stream: str, last: int) -> None:
        """Forget what records of an older version have added: they name nobody any more.

        Args:
            stream: Their stream.
            last: The `position` of the last of them.
        """
        with disk_errors():
            self._database.execute(
                "DELETE FROM entry WHERE position <= ? AND source = ? AND word = ?",
                (last, self._number(deletion_place(stream)), int(Word.ADD)),
            )

    def resolve_removals(self) -> None:
        """Find the keys that leave a Segment by the last entry about them in it."""
        if Word.REMOVE not in self._noted:
            return
        with disk_errors():
            self._database.execute(
                "INSERT INTO departure (place, row, source, number, line)"
                " SELECT place, row, source, number, line FROM"
                " (SELECT place, row, source, number, line, word, max(position) AS last FROM entry WHERE place <> 0"
                " GROUP BY place, key) WHERE word = ? ORDER BY last",
                (int(Word.REMOVE),),
            )

    def resolve_deletions(self) -> None:
        """Find the keys that are deleted, and that no later entry brings back. They leave the `deletion_place`."""
        if Word.DELETE not in self._noted:
            return
        with disk_errors():
            self._database.execute(
                "INSERT INTO departure (place, row, source, number, line)"
                " SELECT deleted.place, deleted.row, deleted.source, deleted.number, deleted.line FROM"
                " (SELECT place, key, row, source, number, line, max(position) AS last FROM entry WHERE word = ?1"
                " GROUP BY place, key) AS deleted"
                " LEFT JOIN (SELECT key, max(position) AS last FROM entry WHERE word IN (?2, ?3) GROUP BY key) AS back"
                " ON back.key = deleted.key WHERE back.last IS NULL OR back.last < deleted.last ORDER BY deleted.last",
                (int(Word.DELETE), int(Word.ADD), int(Word.KEEP)),
            )

    def index_named(self, streams: Iterable[str] = (), *, whole_list: bool = False) -> None:
        """Index the keys that entries name, for `resolve_unnamed`.

        In a Segment, a key is named by records that add it there or remove it. A key that is kept is named everywhere.

        Args:
            streams: Also index all keys that these streams name, in the `deletion_place` of each.
            whole_list: Also index all keys that any stream names, in `LIST_PLACE`.
        """
        self._index(
            "place, key FROM entry WHERE (place <> 0 AND word IN (?, ?)) OR word = ?",
            (int(Word.ADD), int(Word.REMOVE), int(Word.KEEP)),
        )
        for stream in streams:
            self._index("source, key FROM entry WHERE source = ?", (self._number(deletion_place(stream)),))
        if whole_list:
            self._index("?, key FROM entry", (self._number(LIST_PLACE),))

    def resolve_unnamed(
        self, segment: str, keys: Sequence[str], rows: Sequence[Sequence[Any]], places: Iterable[str] = ()
    ) -> None:
        """Find those of some members that no entry names. They leave the Segment.

        Args:
            segment: API name of the Segment, or `LIST_PLACE`.
            keys: The keys of members.
            rows: The values of their key fields, as Selligent has returned them.
            places: Other places in which a member may be named, so that it stays.
        """
        numbers = sorted({0, *map(self._number, (segment, *places))})
        with disk_errors():
            unnamed = self._database.execute(
                "SELECT member.key FROM json_each(?1) AS member WHERE NOT EXISTS"
                " (SELECT 1 FROM named WHERE place IN (SELECT value FROM json_each(?2)) AND key = member.value)",
                (_encode(keys).decode(), _encode(numbers).decode()),
            ).fetchall()
            self._database.executemany(
                "INSERT INTO departure (place, row, source, number, line) VALUES (?, ?, 0, 0, x'')",
                [(self._number(segment), _encode(rows[index]).decode()) for (index,) in unnamed],
            )

    def read_departures(self, segment: str, max_rows: int) -> Iterator[list[Departure]]:
        """Yield the departures that were found, in their order, at most `max_rows` at a time.

        Args:
            segment: API name of the Segment, the `deletion_place` of a stream, or `LIST_PLACE`.
            max_rows: Maximum number at a time.
        """
        last = 0
        streams = {number: place[1:] for place, number in self._numbers.items()}
        while True:
            with disk_errors():
                found = self._database.execute(
                    "SELECT position, row, source, number, line FROM departure WHERE place = ? AND position > ?"
                    " ORDER BY position LIMIT ?",
                    (self._number(segment), last, max_rows),
                ).fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [Departure(tuple(_decode(row)), streams[source], *known) for _, row, source, *known in found]

    def count_departures(self) -> dict[str, int]:
        """Return how many departures were found so far, by Segment, `deletion_place` or `LIST_PLACE`."""
        places = {number: place for place, number in self._numbers.items()}
        with disk_errors():
            counts = self._database.execute("SELECT place, count(*) FROM departure GROUP BY place").fetchall()
        return {places[number]: count for number, count in counts}

    def _index(self, selected: str, parameters: tuple[int, ...]) -> None:
        with disk_errors():
            # Sorted, entries are appended to the index.
            self._database.execute(f"INSERT OR IGNORE INTO named SELECT {selected} ORDER BY 1, 2", parameters)

    def _number(self, place: str) -> int:
        """Return the number that stands for a place: a Segment, the `deletion_place` of a stream, or `LIST_PLACE`."""
        return self._numbers.setdefault(place, len(self._numbers))

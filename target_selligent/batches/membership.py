"""What entries of a membership log say together: who leaves. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_encode_row = msgspec.json.Encoder().encode
_decode_row = msgspec.json.Decoder().decode

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


class StoredDeparture(msgspec.Struct, array_like=True, frozen=True):
    """A departure as it is stored: as little Python objects as possible, for there may be millions.

    Args:
        row: Its row, as JSON.
        stream: Its stream.
        number: Its number.
        line: Its line.
    """

    row: bytes
    stream: str = ""
    number: int = 0
    line: bytes = b""

    @classmethod
    def of(cls, departure: Departure) -> StoredDeparture:
        """Return a departure in its stored form."""
        return cls(_encode_row(departure.row), departure.stream, departure.number, departure.line)

    def restore(self) -> Departure:
        """Return the departure."""
        return Departure(tuple(_decode_row(self.row)), self.stream, self.number, self.line)


class Entries(msgspec.Struct, array_like=True):
    """Entries that say the same about several keys.

    Args:
        word: What they say.
        place: API name of the Segment, `EVERY_SEGMENT`, or the `deletion_place` of a stream.
        keys: The keys.
        stream: The stream of their records.
        age: How many versions had begun before, in all streams.
        departures: What is known of each; empty for `ADD` and `KEEP`.
    """

    word: Word
    place: str
    keys: list[str]
    stream: str
    age: int
    departures: list[StoredDeparture] = []

    def split(self, parts: int) -> Iterator[tuple[int, Entries]]:
        """Split the entries, so that all entries about a key get the same number.

        Args:
            parts: How many numbers there are, from 0.

        Yields:
            The number, and the entries with it.
        """
        if not self.departures:
            keys: list[list[str]] = [[] for _ in range(parts)]
            for key in self.keys:
                keys[hash(key) % parts].append(key)
            for number, some in enumerate(keys):
                if some:
                    yield number, Entries(self.word, self.place, some, self.stream, self.age)
            return
        indexes: defaultdict[int, list[int]] = defaultdict(list)
        for index, key in enumerate(self.keys):
            indexes[hash(key) % parts].append(index)
        for number, found in indexes.items():
            some = [self.keys[index] for index in found]
            departures = [self.departures[index] for index in found]
            yield number, Entries(self.word, self.place, some, self.stream, self.age, departures)


class FoundKeys(msgspec.Struct, array_like=True):
    """Keys that Selligent has in a Segment or List.

    Args:
        place: API name of the Segment, or `LIST_PLACE`.
        keys: The keys.
        sent_keys: The same keys, as Selligent has returned them.
        scopes: Other places in which an entry may name the keys, so that they stay.
    """

    place: str
    keys: list[str]
    sent_keys: list[Any]
    scopes: list[str]

    def split(self, parts: int) -> Iterator[tuple[int, FoundKeys]]:
        """Split the keys as `Entries.split` does."""
        found: list[tuple[list[str], list[Any]]] = [([], []) for _ in range(parts)]
        for key, sent_key in zip(self.keys, self.sent_keys, strict=True):
            keys, sent_keys = found[hash(key) % parts]
            keys.append(key)
            sent_keys.append(sent_key)
        for number, (keys, sent_keys) in enumerate(found):
            if keys:
                yield number, FoundKeys(self.place, keys, sent_keys, self.scopes)


class Resolution:
    """Reads entries in their order, and finds who leaves by them: the last entry about a key in a Segment counts.

    A key that is removed from a Segment leaves it, unless a later entry adds it there. A key that is deleted leaves the
    `deletion_place` of its stream, unless a later entry brings it back, wherever that is.

    Args:
        superseded: For streams of which only the newest version counts, the `age` before which entries add nobody.
        scopes: Streams that name a key everywhere, in their `deletion_place`, if they name it in any place.
        names: Whether found keys will come, so that it must be known which keys are named.
        whole_list: Whether `LIST_PLACE` is among their places: there, any entry names its key.
    """

    def __init__(
        self, superseded: Mapping[str, int], scopes: AbstractSet[str] = frozenset(), *, names: bool, whole_list: bool
    ) -> None:
        self._superseded = superseded
        self._scopes = scopes
        self._collects_names = names
        self._whole_list = whole_list
        self._named: defaultdict[str, set[str]] = defaultdict(set)
        self._removed: dict[str, dict[str, StoredDeparture]] = {}
        self._deleted: dict[str, dict[str, StoredDeparture]] = {}

    def take(self, entries: Entries) -> None:
        """Read some entries.

        Args:
            entries: The entries, after those that came before them.
        """
        if entries.word == Word.ADD and entries.age < self._superseded.get(entries.stream, 0):
            return
        if self._collects_names:
            for place in self._find_places(entries):
                self._named[place].update(entries.keys)
        if entries.word == Word.REMOVE:
            _put_last(self._removed.setdefault(entries.place, {}), entries)
        elif entries.word == Word.DELETE:
            _put_last(self._deleted.setdefault(entries.place, {}), entries)
        else:
            if entries.word == Word.ADD and entries.place in self._removed:
                _drop(self._removed[entries.place], entries.keys)
            for deleted in self._deleted.values():
                _drop(deleted, entries.keys)

    def find_unnamed(self, found: FoundKeys) -> list[StoredDeparture]:
        """Return those found keys that no entry names, once all entries are read.

        Args:
            found: Some found keys.
        """
        unnamed: Collection[str] = found.keys
        for place in dict.fromkeys((found.place, EVERY_SEGMENT, *found.scopes)):
            if place in self._named:
                unnamed = set(filterfalse(self._named[place].__contains__, unnamed))
        if not unnamed:
            return []
        rows = (
            sent_key if isinstance(sent_key, (list, tuple)) else (sent_key,)
            for key, sent_key in zip(found.keys, found.sent_keys, strict=True)
            if key in unnamed
        )
        return list(map(StoredDeparture, map(_encode_row, rows)))

    def read_resolved(self) -> Iterator[tuple[str, Collection[StoredDeparture]]]:
        """Yield those that leave by an entry of their own, by place, in the order of these entries."""
        for place, leaving in (*self._removed.items(), *self._deleted.items()):
            yield place, leaving.values()

    def _find_places(self, entries: Entries) -> Iterator[str]:
        """Yield the places in which entries name their keys."""
        if entries.word == Word.KEEP:
            yield EVERY_SEGMENT
        elif entries.word != Word.DELETE and entries.place != EVERY_SEGMENT:
            yield entries.place
        if entries.stream in self._scopes:
            yield deletion_place(entries.stream)
        if self._whole_list:
            yield LIST_PLACE


def _put_last(leaving: dict[str, StoredDeparture], entries: Entries) -> None:
    for key, departure in zip(entries.keys, entries.departures, strict=True):
        leaving.pop(key, None)
        leaving[key] = departure


def _drop(leaving: dict[str, StoredDeparture], keys: Sequence[str]) -> None:
    for key in keys:
        leaving.pop(key, None)

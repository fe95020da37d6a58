"""What a run says about members, key by key, in little memory: entries are kept in a temporary file if they are many.

Entries are stored in parts: all entries about a key are in the same part, in their order. So each part can be resolved
alone, in memory, at the end of the run. One index over all keys would cost several times as much.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import msgspec

from target_selligent.batches.block_store import BlockStore
from target_selligent.batches.membership import Departure, Entries, FoundKeys, Resolution, StoredDeparture, Word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from target_selligent.records import Key

_PARTS = 128
_MAX_KEYS = 100_000
_MAX_BYTES = 16 * 2**20

# As JSON, as they came: numbers may be longer than other formats allow.
_encode_found = msgspec.json.Encoder().encode
_decode_found = msgspec.json.Decoder(list[FoundKeys]).decode
_encode = msgspec.msgpack.Encoder().encode
_decode_entries = msgspec.msgpack.Decoder(list[Entries]).decode
_decode_departures = msgspec.msgpack.Decoder(list[StoredDeparture]).decode


class MembershipLog:
    """The entries about the keys of one route. The last entry about a key in a Segment counts.

    Keys are texts that `same_key.normalize_within_list` has normalized.

    Args:
        max_keys: Maximum number of entries and departures that stay in memory.
    """

    def __init__(self, max_keys: int = _MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._entries: list[Entries] = []
        self._added: dict[tuple[str, str], list[str]] = {}
        self._size = self._bytes = 0
        self._found: list[FoundKeys] = []
        self._has_found = False
        self._parts: BlockStore | None = None
        self._found_parts: BlockStore | None = None
        self._age = 0
        self._superseded: dict[str, int] = {}
        self._departures = _Departures(max_keys)
        self._unnamed: Counter[str] = Counter()

    def begin_version(self) -> int:
        """Note that a stream begins a new version; return what `supersede` takes to forget the older ones."""
        self._close_added()
        self._age += 1
        return self._age

    def supersede(self, stream: str, version: int) -> None:
        """Forget what records of older versions have added: they name nobody any more.

        Args:
            stream: Their stream.
            version: What `begin_version` returned.
        """
        self._superseded[stream] = version

    def note(self, word: Word, segment: str, keys: Sequence[str], stream: str) -> None:
        """Note entries for which nothing will be sent: `ADD` and `KEEP`.

        Args:
            word: What they say.
            segment: API name of the Segment, or `EVERY_SEGMENT`.
            keys: The keys.
            stream: The stream of their records.
        """
        if word == Word.ADD:
            # Only the order of different words matters, so these wait until another one comes.
            self._added.setdefault((segment, stream), []).extend(keys)
        else:
            self._append(Entries(word, segment, list(keys), stream, self._age))
        self._count(len(keys))

    def note_departures(self, word: Word, segment: str, keys: Sequence[str], departures: Sequence[Departure]) -> None:
        """Note entries for which something will be sent: `REMOVE` and `DELETE`.

        Args:
            word: What they say.
            segment: API name of the Segment; for `DELETE`, the `deletion_place` of the stream.
            keys: The keys.
            departures: What is known of each. All are of one stream.
        """
        stream = departures[0].stream if departures else ""
        stored = list(map(StoredDeparture.of, departures))
        self._append(Entries(word, segment, list(keys), stream, self._age, stored))
        self._count(len(keys), sum(len(one.line) for one in departures))

    def note_found(self, place: str, keys: list[str], sent_keys: list[Key], scopes: Iterable[str] = ()) -> None:
        """Note members that Selligent has, when all entries are noted. Those that no entry has named leave.

        In a Segment, a key is named by entries that add it there or remove it. A key that is kept is named everywhere.
        In `LIST_PLACE`, any entry names its key.

        Args:
            place: API name of the Segment, or `LIST_PLACE`.
            keys: The keys.
            sent_keys: The same keys, as Selligent has returned them.
            scopes: Other places in which a member may be named, so that it stays.
        """
        self._has_found = True
        self._found.append(FoundKeys(place, keys, sent_keys, list(scopes)))
        self._count(len(keys))

    def resolve(self, streams: Iterable[str] = (), *, whole_list: bool = False) -> None:
        """Find who leaves. Nothing may be noted after it.

        Args:
            streams: Streams whose `deletion_place` is among the scopes of `note_found`. They name a key there if they
                name it anywhere.
            whole_list: Whether `LIST_PLACE` was noted.
        """
        self._close_added()
        scopes = frozenset(streams)
        for entries, found in self._read_parts():
            resolution = Resolution(self._superseded, scopes, names=self._has_found, whole_list=whole_list)
            for some in entries:
                resolution.take(some)
            for place, leaving in resolution.read_resolved():
                self._departures.put(place, leaving)
            for keys in found:
                unnamed = resolution.find_unnamed(keys)
                self._departures.put(keys.place, unnamed)
                self._unnamed[keys.place] += len(unnamed)
        self._entries.clear()
        self._found.clear()
        self._parts = self._found_parts = None

    def read_departures(self, place: str, max_rows: int) -> Iterator[list[Departure]]:
        """Yield the departures that were found, at most `max_rows` at a time.

        Args:
            place: API name of the Segment, the `deletion_place` of a stream, or `LIST_PLACE`.
            max_rows: Maximum number at a time.
        """
        some: list[Departure] = []
        for stored in self._departures.read(place):
            some.append(stored.restore())
            if len(some) == max_rows:
                yield some
                some = []
        if some:
            yield some

    def count_departures(self) -> Mapping[str, int]:
        """Return how many departures were found, by Segment, `deletion_place` or `LIST_PLACE`."""
        return self._departures.counts

    def count_unnamed(self) -> Mapping[str, int]:
        """Return how many of them leave because no entry names them, by Segment or `LIST_PLACE`."""
        return self._unnamed

    def _append(self, entries: Entries) -> None:
        self._close_added()
        self._entries.append(entries)

    def _close_added(self) -> None:
        self._entries += [
            Entries(Word.ADD, segment, keys, stream, self._age) for (segment, stream), keys in self._added.items()
        ]
        self._added.clear()

    def _count(self, keys: int, size: int = 0) -> None:
        self._size += keys
        self._bytes += size
        if self._size >= self._max_keys or self._bytes >= _MAX_BYTES:
            self._store()

    def _store(self) -> None:
        self._close_added()
        self._parts = self._parts or BlockStore()
        for number, entries in _split(self._entries).items():
            self._parts.put(str(number), _encode(entries))
        self._found_parts = self._found_parts or BlockStore()
        for number, found in _split(self._found).items():
            self._found_parts.put(str(number), _encode_found(found))
        self._entries.clear()
        self._found.clear()
        self._size = self._bytes = 0

    def _read_parts(self) -> Iterator[tuple[Iterable[Entries], Iterable[FoundKeys]]]:
        """Yield the entries of each part in their order, and its found keys."""
        if self._parts is None or self._found_parts is None:
            yield self._entries, self._found
            return
        self._store()
        for name in map(str, range(_PARTS)):
            yield (
                (entries for block in self._parts.read(name) for entries in _decode_entries(block)),
                (found for block in self._found_parts.read(name) for found in _decode_found(block)),
            )


_Splittable = TypeVar("_Splittable", Entries, FoundKeys)


def _split(noted: Iterable[_Splittable]) -> dict[int, list[_Splittable]]:
    """Return what is noted by part."""
    parts: dict[int, list[_Splittable]] = {}
    for one in noted:
        for number, some in one.split(_PARTS):
            parts.setdefault(number, []).append(some)
    return parts


class _Departures:
    """Departures by place, in a temporary file if they are many.

    Args:
        max_departures: Maximum number that stays in memory.

    Attributes:
        counts: How many there are, by place.
    """

    def __init__(self, max_departures: int) -> None:
        self.counts: Counter[str] = Counter()
        self._max = max_departures
        self._held: dict[str, list[StoredDeparture]] = {}
        self._size = self._bytes = 0
        self._stored: BlockStore | None = None

    def put(self, place: str, departures: Collection[StoredDeparture]) -> None:
        if not departures:
            return
        self.counts[place] += len(departures)
        self._held.setdefault(place, []).extend(departures)
        self._size += len(departures)
        self._bytes += sum(len(one.line) for one in departures)
        if self._size >= self._max or self._bytes >= _MAX_BYTES:
            if self._stored is None:
                self._stored = BlockStore()
            for name, held in self._held.items():
                self._stored.put(name, _encode(held))
            self._held.clear()
            self._size = self._bytes = 0

    def read(self, place: str) -> Iterator[StoredDeparture]:
        if self._stored is not None:
            for block in self._stored.read(place):
                yield from _decode_departures(block)
        yield from self._held.get(place, ())

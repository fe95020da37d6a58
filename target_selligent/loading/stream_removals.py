"""What the records of one stream say about members: noted while the run reads."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby, repeat
from typing import TYPE_CHECKING, Any

from target_selligent.batches import (
    EVERY_SEGMENT,
    Departure,
    Word,
    deletion_place,
    normalize_within_list,
    segment_tuple,
)
from target_selligent.loading.stream_versions import StreamVersions
from target_selligent.records import style_segment_name
from target_selligent.settings import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_selligent.batches import MembershipLog, Route, Rows
    from target_selligent.records import Key, Segments
    from target_selligent.settings import StreamSettings

logger = logging.getLogger("target-selligent")


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """How the members and records of one stream leave.

    Args:
        mirror: Whether members that the run does not name leave their Segments.
        mirrored_segments: Segments of the stream that no record may name.
        max_removals: How many members may leave because no record names them.
        delete_records: Whether deleted records are deleted from the List; else they leave the stream's Segments.
        uses_versions: Whether records that a version leaves behind are deleted records.
        only_removes: Whether all records leave their Segments.
        removal_fields: Fields and values that are written to the List for each record that leaves.
    """

    mirror: bool = False
    mirrored_segments: tuple[str, ...] = ()
    max_removals: Limit = field(default_factory=lambda: Limit(share=0.5))
    delete_records: bool = False
    uses_versions: bool = False
    only_removes: bool = False
    removal_fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: StreamSettings, *, replayed: bool) -> RemovalPolicy:
        """Return the policy that the settings of a stream give.

        Args:
            settings: The settings of the stream.
            replayed: Whether its records are from a rejects file. They do not say who stays, so nobody is mirrored.
        """
        underscore = settings.segment_name_style == "underscore"
        mirrored = () if replayed else settings.mirrored_segments
        return cls(
            mirror=settings.segment_data_import_option == "mirror" and not replayed,
            mirrored_segments=tuple(style_segment_name(name, underscore=underscore) for name in mirrored),
            max_removals=settings.max_removals,
            delete_records=settings.deleted_records == "delete",
            uses_versions=(
                settings.deleted_records != "ignore"
                and settings.segment_data_import_option != "remove"
                and not replayed
            ),
            only_removes=settings.segment_data_import_option == "remove",
            removal_fields=settings.removal_fields,
        )


class StreamRemovals:
    """Notes who joins and who leaves by the records of one stream.

    Streams with the same List and key fields share a log: the last word on a key counts, whichever stream says it.

    Args:
        log: The log.
        route: The route of the stream.
        policy: How its members leave.
        defer_state: Called before a removal is noted: STATEs from then on wait for the end of the run.
        ignore_case: Whether keys that differ in case or trailing blanks are the same.

    Attributes:
        route: The route of the stream.
        policy: How its members leave.
        versions: The versions of its records.
        left_behind: Whether what no record names is left behind by a version. Known at the end of the run.
        names: The Segments of the stream: the name in the log, and as a record or setting gives it.
        records: How many records say that somebody stays or joins.
        departures: How many records say that somebody leaves.
        unknown_keys: How many rejected records have a key that is not known. They may be anybody.
    """

    def __init__(
        self,
        log: MembershipLog,
        route: Route,
        policy: RemovalPolicy,
        defer_state: Callable[[], None],
        *,
        ignore_case: bool,
    ) -> None:
        self.route = route
        self._log = log
        self._defer_state = defer_state
        self._ignore_case = ignore_case
        self.policy = policy
        self.versions = StreamVersions()
        self.left_behind = False
        self._superseded = 0
        self.names: dict[str, str] = {}
        self.records = 0
        self.departures = 0
        self.unknown_keys = 0
        self.note_names(policy.mirrored_segments)

    def note_names(self, segments: Iterable[str]) -> None:
        """Note Segments of the stream. Selligent's names differ in more than case."""
        for segment in segments:
            self.names.setdefault(segment.casefold(), segment)

    def note_bookmarks(self, names: Sequence[str]) -> None:
        """Note columns by which the tap finds what has changed: it does not read the whole table.

        Args:
            names: The columns.
        """
        if names and not self.versions.bookmarks and self.policy.mirror:
            logger.warning(
                "Stream %s is mirrored, but its tap may read only what has changed (bookmark_properties %s): "
                "incremental streams must not be mirrored, because everybody who has not changed leaves",
                self.route.stream,
                ", ".join(names),
            )
        self.versions.bookmarks += [name for name in names if name not in self.versions.bookmarks]

    def note_versions(self, lines: Sequence[bytes]) -> Iterator[slice]:
        """Note the versions of records; yield slices of records that must be noted before the next ones.

        Args:
            lines: Their RECORD messages.
        """
        for some, newer in self.versions.split(lines):
            if newer:
                self._superseded = self._log.begin_version()
            if self.versions.newest is not None:
                self._wait_for_version()
            yield some

    def activate_version(self, version: object) -> None:
        """Note an ACTIVATE_VERSION. The first one is logged.

        Args:
            version: Its version.
        """
        first = not self.versions.is_activated
        self.versions.activate(version)
        if not self.policy.uses_versions:
            if first:
                logger.info("ACTIVATE_VERSION of stream %s: records of other versions stay", self.route.stream)
            return
        self._wait_for_version()
        if not first or self.versions.bookmarks:
            return
        if self.policy.delete_records:
            logger.warning(
                "ACTIVATE_VERSION of stream %s: at the end of the run, all of List %s is read, and records that no "
                "stream of the run has named are deleted, whoever has written them",
                self.route.stream,
                self.route.list_api_name,
            )
        else:
            logger.info(
                "ACTIVATE_VERSION of stream %s: at the end of the run, its Segments are read, and members that the "
                "stream has not named leave them",
                self.route.stream,
            )

    @property
    def leaves_segments(self) -> bool:
        """Whether members of its Segments that no record names leave them at the end of the run."""
        return self.policy.mirror or (self.left_behind and not self.policy.delete_records)

    @property
    def deletes_unnamed(self) -> bool:
        """Whether records of the List that no stream names are deleted at the end of the run."""
        return self.left_behind and self.policy.delete_records

    def forget_older_versions(self) -> None:
        """Forget the names in records of older versions than the activated one."""
        if self.left_behind and self._superseded:
            self._log.supersede(self.route.stream, self._superseded)

    def note_rows(self, rows: Rows, leaving: Sequence[bool]) -> Rows:
        """Note what rows say about members; return those that are loaded.

        Args:
            rows: Rows, in the order of their records.
            leaving: For each row, whether its record leaves its Segments; empty if none does.
        """
        if not any(leaving):
            self.note_members(rows.keys, rows.segments)
            return rows
        # In runs, so that the last word on a key stays the last one.
        for leaves, indexes in groupby(range(len(rows)), leaving.__getitem__):
            some = rows.select(list(indexes))
            if leaves:
                key_rows = self.route.key_rows(some.keys)
                departures = map(Departure, key_rows, repeat(self.route.stream), some.numbers, some.lines)
                self.note_removals(some.keys, some.segments, list(departures))
            else:
                self.note_members(some.keys, some.segments)
        return rows.select([index for index, leaves in enumerate(leaving) if not leaves])

    def note_members(self, keys: Sequence[Key], segments: Sequence[Segments]) -> None:
        """Note records that are loaded, and the Segments that they name.

        Args:
            keys: Their keys.
            segments: What each names; empty if the stream has no Segments.
        """
        self.records += len(keys)
        normalized = self._normalize(keys)
        by_named: defaultdict[Segments, list[str]] = defaultdict(list)
        if not segments:
            by_named[()] = normalized
        for key, named in zip(normalized, segments, strict=False):
            by_named[named].append(key)
        for named, some in by_named.items():
            # In `EVERY_SEGMENT`, a key that joins none is named in none: it says only that its record is not deleted.
            for segment in segment_tuple(named) or (EVERY_SEGMENT,):
                self._log.note(Word.ADD, self._log_name(segment), some, self.route.stream)

    def note_kept(self, key: Key) -> None:
        """Note the key of a rejected record: whoever it is stays where they are."""
        self.records += 1
        # A key that is not valid Unicode is in no List.
        with suppress(UnicodeEncodeError):
            normalized = self._normalize([key])
            normalized[0].encode()
            self._log.note(Word.KEEP, EVERY_SEGMENT, normalized, self.route.stream)

    def note_removals(self, keys: Sequence[Key], segments: Sequence[Segments], departures: Sequence[Departure]) -> None:
        """Note records that leave the Segments that they name.

        Args:
            keys: Their keys.
            segments: What each names.
            departures: What is known of each.
        """
        self._defer_state()
        self.departures += len(keys)
        for key, named, departure in zip(self._normalize(keys), segments, departures, strict=True):
            for segment in segment_tuple(named):
                self._log.note_departures(Word.REMOVE, self._log_name(segment), [key], [departure])

    def note_deletion(self, key: Key, segments: Segments, departure: Departure) -> None:
        """Note a record that is deleted at the source.

        Args:
            key: Its key.
            segments: The Segments that it names; they are Segments of its stream.
            departure: What is known of it.
        """
        self.note_names(segment_tuple(segments))
        self._defer_state()
        self.departures += 1
        place = deletion_place(self.route.stream)
        self._log.note_departures(Word.DELETE, place, self._normalize([key]), [departure])

    def _wait_for_version(self) -> None:
        """Keep STATEs back: a run must not resume in the middle of a version, or it would not name all of its keys."""
        if not self.versions.bookmarks:
            self._defer_state()

    def _normalize(self, keys: Sequence[Key]) -> list[str]:
        return normalize_within_list(self.route, keys, ignore_case=self._ignore_case)

    def _log_name(self, segment: str) -> str:
        """Return the name of a Segment in the log."""
        if segment != EVERY_SEGMENT:
            self.note_names((segment,))
        return segment.casefold()

"""What leaves the Segments and the List of some streams: noted while the run reads, done at its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from target_selligent.batches import (
    EVERY_SEGMENT,
    WHOLE_LIST,
    Body,
    Departure,
    MembershipLog,
    Word,
    encode_rows,
    normalize_for_identity,
)
from target_selligent.errors import DestinationError, RunStoppedError
from target_selligent.loading.removal_loads import DeletionLoad, MemberRemovalLoad, UpdateLoad
from target_selligent.records import RECORD_NUMBER_FIELD, style_segment_name
from target_selligent.settings import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_selligent.batches import Route, Rows
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.removal_loads import RemovalLoad, RemovalParts
    from target_selligent.records import Key, Segments
    from target_selligent.settings import StreamSettings

_PAGE_ROWS = 10_000
"""Members that one search returns. What Selligent allows at most is not documented (docs/selligent-api.md)."""


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """How the members and records of one stream leave.

    Args:
        segments: The Segments that the settings name for all records.
        mirror: Whether members that the run does not name leave their Segments.
        mirrored_segments: Segments that are mirrored although no record may name them.
        max_removals: How many members may leave because no record names them.
        delete_records: Whether deleted records are deleted from the List; else they leave the stream's Segments.
        removal_fields: Fields and values that are written to the List for each record that leaves.
    """

    segments: tuple[str, ...] = ()
    mirror: bool = False
    mirrored_segments: tuple[str, ...] = ()
    max_removals: Limit = field(default_factory=lambda: Limit(share=0.5))
    delete_records: bool = False
    removal_fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: StreamSettings, *, replayed: bool) -> RemovalPolicy:
        """Return the policy that the settings of a stream give.

        Args:
            settings: The settings of the stream.
            replayed: Whether its records are from a rejects file. They do not say who stays, so nobody is mirrored.
        """
        underscore = settings.segment_name_style == "underscore"
        fixed = (style_segment_name(settings.segment, underscore=underscore),) if settings.segment else ()
        return cls(
            segments=fixed,
            mirror=settings.segment_data_import_option == "mirror" and not replayed,
            mirrored_segments=() if replayed else settings.mirrored_segments,
            max_removals=settings.max_removals,
            delete_records=settings.deleted_records == "delete",
            removal_fields=settings.removal_fields,
        )


class StreamRemovals:
    """The removals of the streams with one List and the same key fields.

    Args:
        parts: What all removals of the run share.
        route: The route of the first of these streams.
        destination: The List.
        defer_state: Called before a removal is noted: STATEs from then on wait for the end of the run.
    """

    def __init__(
        self, parts: RemovalParts, route: Route, destination: ListDestination, defer_state: Callable[[], None]
    ) -> None:
        self._defer_state = defer_state
        self._parts = parts
        self._route = route
        self._destination = destination
        self._log = MembershipLog()
        self._names_as_given: dict[str, str] = {}
        self._policy = RemovalPolicy()
        self._may_read = False
        self._members = 0
        self._departures = 0

    @property
    def has_work(self) -> bool:
        """Whether anything may leave at the end."""
        return self._policy.mirror or self._departures > 0

    def add_policy(self, policy: RemovalPolicy, stream: str) -> None:
        """Add the policy of one more stream.

        Args:
            policy: The policy.
            stream: The stream, for messages.

        Raises:
            DestinationError: If it contradicts that of another stream.
        """
        self._check_removal_fields(policy, stream)
        if self._policy == RemovalPolicy():
            self._policy = policy
        elif (policy.delete_records, policy.removal_fields) != (
            self._policy.delete_records,
            self._policy.removal_fields,
        ):
            raise DestinationError(
                f"stream {stream}: deleted_records and removal_fields must be the same for all streams of List "
                f"{self._route.list_api_name} with these key fields"
            )
        self._policy = replace(
            self._policy,
            segments=tuple({*self._policy.segments, *policy.segments}),
            mirror=self._policy.mirror or policy.mirror,
            mirrored_segments=tuple({*self._policy.mirrored_segments, *policy.mirrored_segments}),
        )
        self._note_names((*policy.segments, *policy.mirrored_segments))

    def _check_removal_fields(self, policy: RemovalPolicy, stream: str) -> None:
        for name in policy.removal_fields:
            found = self._destination.field(name)
            if found is None or not found.writable:
                raise DestinationError(
                    f"stream {stream}: removal_fields names {name}, which is no field of List "
                    f"{self._route.list_api_name} that can be written: check its spelling"
                )

    def check_right_to_read(self) -> None:
        """Read one record, so that a missing right ends the run before it loads anything.

        Raises:
            FatalApiError: If the service account may not read.
        """
        if not self._may_read:
            # With a filter, as the pages after the first one have it.
            self._search(None, after=0, take=1)
            self._may_read = True

    def note_members(self, keys: Sequence[Key], segments: Sequence[Segments]) -> None:
        """Note records that are loaded, and the Segments that they name.

        Args:
            keys: Their keys.
            segments: What each names; empty if the stream has no Segments.
        """
        self._members += len(keys)
        normalized = self._normalize(keys)
        by_segment: dict[str, list[bytes]] = {}
        if not segments:
            by_segment[EVERY_SEGMENT] = normalized
        for key, named in zip(normalized, segments, strict=False):
            for segment in (named,) if isinstance(named, str) else named or (EVERY_SEGMENT,):
                by_segment.setdefault(self._log_name(segment), []).append(key)
        for segment, some in by_segment.items():
            # In `EVERY_SEGMENT`, a key that joins none is named in none: it says only that its record is not deleted.
            self._log.note(Word.ADD, segment, some)

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
                departures = map(Departure, self._route.key_rows(some.keys), some.numbers, some.lines)
                self.note_removals(some.keys, some.segments, list(departures))
            else:
                self.note_members(some.keys, some.segments)
        return rows.select([index for index, leaves in enumerate(leaving) if not leaves])

    def note_kept(self, key: Key) -> None:
        """Note the key of a rejected record: whoever it is stays where they are."""
        self._members += 1
        self._log.note(Word.KEEP, EVERY_SEGMENT, self._normalize([key]))

    def note_removals(self, keys: Sequence[Key], segments: Sequence[Segments], departures: Sequence[Departure]) -> None:
        """Note records that leave the Segments that they name.

        Args:
            keys: Their keys.
            segments: What each names.
            departures: What is known of each.
        """
        self._defer_state()
        self._departures += len(keys)
        for key, named, departure in zip(self._normalize(keys), segments, departures, strict=True):
            for segment in (named,) if isinstance(named, str) else named:
                self._log.note_departures(Word.REMOVE, self._log_name(segment), [key], [departure])

    def note_deletion(self, key: Key, segments: Segments, departure: Departure) -> None:
        """Note a record that is deleted at the source.

        Args:
            key: Its key.
            segments: The Segments that it names; they are Segments of its stream.
            departure: What is known of it.
        """
        self._note_names((segments,) if isinstance(segments, str) else segments)
        self._defer_state()
        self._departures += 1
        self._log.note_departures(Word.DELETE, EVERY_SEGMENT, self._normalize([key]), [departure])

    def plan(self) -> str | None:
        """Find out who leaves; return what is wrong with it, if more would leave than the settings allow."""
        self._log.resolve_removals()
        self._log.resolve_deletions()
        if not self._policy.mirror:
            return None
        named = self._log.count_departures()
        found = sum(self._read_members(segment) for segment in list(self._names_as_given))
        self._log.resolve_unnamed()
        after = self._log.count_departures()
        leaving = {segment: count - named.get(segment, 0) for segment, count in after.items()}
        total = sum(leaving.values())
        if self._members and self._is_allowed(total, found):
            return None
        if not total:
            return None
        why = "" if self._members else ", because the run read no record of the stream"
        by_segment = ", ".join(
            f"{count:,} of Segment {self._names_as_given[segment]}" for segment, count in leaving.items() if count
        )
        return f"List {self._route.list_api_name}: {total:,} of {found:,} members would leave ({by_segment}){why}"

    def execute(self) -> int:
        """Do all removals; return how many Selligent refused."""
        refused = 0
        counts = self._log.count_departures()
        deleted = counts.pop(WHOLE_LIST, 0)
        for segment in counts:
            refused += self._remove(segment, segment)
        if deleted and self._policy.delete_records:
            refused += self._load(WHOLE_LIST, lambda departures: DeletionLoad(self._parts, self._route, departures))
        elif deleted:
            for segment in list(self._names_as_given):
                refused += self._remove(segment, WHOLE_LIST)
        return refused

    def _remove(self, segment: str, departures_of: str) -> int:
        api_name = self._destination.find_segment_name(self._names_as_given[segment])
        if api_name is None:
            return 0
        refused = 0
        fields = self._policy.removal_fields
        if fields:
            refused += self._load(
                departures_of, lambda departures: UpdateLoad(self._parts, self._route, departures, fields)
            )
        return refused + self._load(
            departures_of, lambda departures: MemberRemovalLoad(self._parts, self._route, departures, api_name)
        )

    def _load(self, segment: str, load_of: Callable[[list[Departure]], RemovalLoad]) -> int:
        loader = self._parts.part_loader(self._destination)
        refused = 0
        for departures in self._log.read_departures(segment, self._parts.settings.segment_batch_size_rows):
            load = load_of(departures)
            body = Body()
            body.append(encode_rows([load.row(departure) for departure in departures]), len(departures))
            refused += len(loader.load(body, load))
        return refused

    def _read_members(self, segment: str) -> int:
        """Note all members of a Segment; return how many there are."""
        api_name = self._destination.find_segment_name(self._names_as_given[segment])
        if api_name is None:
            return 0
        found = 0
        after: int | None = None
        while rows := self._search(api_name, after=after, take=_PAGE_ROWS):
            keys = [tuple(row[1:]) for row in rows]
            normalized = self._normalize(keys if len(self._route.key_fields) > 1 else [key for (key,) in keys])
            self._log.note_found(segment, normalized, keys)
            last = rows[-1][0]
            if not isinstance(last, int) or (after is not None and last <= after):
                raise RunStoppedError(
                    f"nobody was removed: Selligent did not return the members of Segment {api_name} in the order of "
                    f"their record numbers ({RECORD_NUMBER_FIELD})"
                )
            found, after = found + len(rows), last
        return found

    def _search(self, segment: str | None, *, after: int | None, take: int) -> list[list[Any]]:
        return self._parts.client.search_members(
            self._route.list_api_name, segment, self._route.key_fields, after=after, take=take
        )

    def _normalize(self, keys: Sequence[Key]) -> list[bytes]:
        return normalize_for_identity(self._route, keys, ignore_case=self._parts.settings.ignores_case_of_keys)

    def _is_allowed(self, leaving: int, members: int) -> bool:
        limit = self._policy.max_removals
        return leaving <= (limit.count if limit.count is not None else (limit.share or 0) * members)

    def _note_names(self, segments: Iterable[str]) -> None:
        for segment in segments:
            self._names_as_given.setdefault(segment.casefold(), segment)

    def _log_name(self, segment: str) -> str:
        """Return the name under which a Segment stands in the log: Selligent's own names differ in case only."""
        if segment == EVERY_SEGMENT:
            return segment
        name = segment.casefold()
        self._names_as_given.setdefault(name, segment)
        return name

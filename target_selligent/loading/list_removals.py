"""What leaves the Segments of one List, and the List: found and done at the end of the run."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from target_selligent.batches import (
    LIST_PLACE,
    Body,
    MembershipLog,
    deletion_place,
    encode_rows,
    normalize_within_list,
)
from target_selligent.errors import DestinationError
from target_selligent.loading.pages import read_pages
from target_selligent.loading.removal_loads import DeletionLoad, MemberRemovalLoad, UpdateLoad
from target_selligent.loading.stream_removals import StreamRemovals
from target_selligent.records import OPTOUT_FIELD, FieldType, read_ahead, to_utc_date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_selligent.batches import Departure, Route
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.removal_loads import RemovalLoad, RemovalParts
    from target_selligent.loading.stream_removals import RemovalPolicy
    from target_selligent.records import FieldDefinition, Key

logger = logging.getLogger("target-selligent")

_TOO_MANY = ", more than max_removals allows: if this is right, set it to a number or share that does"
_NUMBERS = frozenset({FieldType.LONG, FieldType.NUMERIC, FieldType.FLOAT})


class ListRemovals:
    """The removals of all streams with one List and the same key fields.

    Args:
        parts: What all removals of the run share.
        route: The route of the first of these streams.
        destination: The List.
    """

    def __init__(self, parts: RemovalParts, route: Route, destination: ListDestination) -> None:
        self._parts = parts
        self._route = route
        self._destination = destination
        self._log = MembershipLog()
        self._streams: dict[str, StreamRemovals] = {}
        self._routes: dict[str, Route] = {}
        self._removal_fields: Mapping[str, Any] = {}
        self._own = parts.settings.for_list(route.list_api_name)
        self._keyless: Counter[str] = Counter()

    @property
    def streams(self) -> Sequence[StreamRemovals]:
        """The streams, in the order in which they came."""
        return list(self._streams.values())

    @property
    def has_work(self) -> bool:
        """Whether anything may leave at the end."""
        return any(
            stream.policy.mirror
            or stream.departures
            or (stream.policy.uses_versions and stream.versions.is_activated and not stream.versions.bookmarks)
            for stream in self._streams.values()
        )

    def open_stream(self, route: Route, policy: RemovalPolicy, defer_state: Callable[[], None]) -> StreamRemovals:
        """Return what notes the members of a stream. A stream that comes again, with another schema, keeps its own.

        Args:
            route: The route of the stream.
            policy: How its members leave.
            defer_state: Called before a removal is noted.

        Raises:
            DestinationError: If its removal fields are not fields of the List, or not those of another stream.
            FatalApiError: If members must be read, and the service account has no right to do so.
        """
        self._routes[route.stream] = route
        known = self._streams.get(route.stream)
        if known is not None:
            return known
        self._check_removal_fields(policy, route.stream)
        if policy.mirror:
            # So that a missing right ends the run before it loads. With a filter, as later pages have it.
            self._search(None, after=0, take=1)
        stream = StreamRemovals(self._log, route, policy, defer_state, ignore_case=self._own.ignores_case_of_keys)
        self._streams[route.stream] = stream
        return stream

    def plan(self) -> Iterator[str]:
        """Find out who leaves; yield what is wrong for each stream of which more leave than its settings allow."""
        for stream in self._streams.values():
            stream.forget_older_versions()
            for given in stream.policy.mirrored_segments:
                if self._destination.find_segment_name(given) is None:
                    logger.warning(
                        "mirrored_segments of stream %s names Segment %s, which List %s does not have",
                        stream.route.stream,
                        given,
                        self._route.list_api_name,
                    )
        deleting = [stream for stream in self._streams.values() if stream.deletes_unnamed]
        clearing = [stream for stream in self._streams.values() if stream.leaves_segments]
        found = self._read_segments(clearing)
        records = self._read_found(LIST_PLACE, None) if deleting else 0
        left_behind = [stream.route.stream for stream in clearing if not stream.policy.mirror]
        self._log.resolve(left_behind, whole_list=bool(deleting))
        yield from self._check_segments(clearing, found)
        total = self._log.count_unnamed().get(LIST_PLACE, 0)
        if not all(_is_allowed(stream.policy, total, records) for stream in deleting):
            place = f"List {self._route.list_api_name}"
            yield f"{place}: {total:,} of {records:,} records would be deleted from it{_TOO_MANY}"

    def _read_segments(self, streams: Sequence[StreamRemovals]) -> Mapping[str, int]:
        """Note the members of the Segments of streams; return how many each has, by its name in the log."""
        names: dict[str, str] = {}
        places: dict[str, list[str]] = {}
        for stream in streams:
            for name, given in stream.names.items():
                names.setdefault(name, given)
                if not stream.policy.mirror:
                    places.setdefault(name, []).append(deletion_place(stream.route.stream))
        # A mirrored Segment holds those who are named in it, even if it is also one of a stream that is not mirrored.
        mirrored = {name for stream in streams if stream.policy.mirror for name in stream.names}
        found = {}
        for name, given in names.items():
            api_name = self._destination.find_segment_name(given)
            others = () if name in mirrored else places[name]
            found[name] = 0 if api_name is None else self._read_found(name, api_name, others)
        return found

    def _check_segments(self, streams: Sequence[StreamRemovals], found: Mapping[str, int]) -> Iterator[str]:
        """Yield what is wrong for each stream of whose Segments more members leave than its settings allow."""
        leaving = self._log.count_unnamed()
        for stream in streams:
            total = sum(leaving.get(name, 0) for name in stream.names)
            members = sum(found[name] for name in stream.names)
            why = _find_reason_to_stay(stream)
            if not total or (not why and _is_allowed(stream.policy, total, members)):
                continue
            parts = [
                f"{leaving[name]:,} of Segment {given}" for name, given in stream.names.items() if leaving.get(name)
            ]
            yield (
                f"List {self._route.list_api_name}: {total:,} of {members:,} members would leave "
                f"({', '.join(parts)}){why or _TOO_MANY}"
            )

    def execute(self) -> int:
        """Do all removals; return how many could not be done."""
        counts = self._log.count_departures()
        names = {name: given for stream in self._streams.values() for name, given in stream.names.items()}
        refused = self._warn_of_keyless(names)
        for name, given in names.items():
            if name in counts:
                refused += self._update(name) + self._remove(name, given)
        if LIST_PLACE in counts:
            refused += self._delete(LIST_PLACE)
        for stream_name, stream in self._streams.items():
            place = deletion_place(stream_name)
            if place not in counts:
                continue
            if stream.policy.delete_records:
                refused += self._delete(place)
            else:
                refused += self._update(place)
                refused += sum(self._remove(place, given) for given in stream.names.values())
        return refused

    def _warn_of_keyless(self, names: Mapping[str, str]) -> int:
        """Log how many should leave whose key is null; return how many they are.

        Nothing is sent for them: what Selligent would remove for a null key is not documented.
        """
        for place, count in (+self._keyless).items():
            where = f"members of Segment {names[place]}" if place in names else "records"
            logger.warning(
                "List %s: %d %s have no value in %s, so they cannot be removed by it and stay: "
                "remove them in Selligent",
                self._route.list_api_name,
                count,
                where,
                " or ".join(self._route.key_fields),
            )
        return self._keyless.total()

    def _delete(self, place: str) -> int:
        """Delete departures from the List."""
        return self._load(place, lambda some: DeletionLoad(self._parts, self._route, self._routes, some))

    def _remove(self, place: str, segment: str) -> int:
        """Remove departures from a Segment, if it exists."""
        api_name = self._destination.find_segment_name(segment)
        if api_name is None:
            return 0
        return self._load(place, lambda some: MemberRemovalLoad(self._parts, self._route, self._routes, some, api_name))

    def _update(self, place: str) -> int:
        """Write the removal fields, if there are some."""
        fields = self._removal_fields
        if not fields:
            return 0
        return self._load(place, lambda some: UpdateLoad(self._parts, self._route, self._routes, some, fields))

    def _load(self, place: str, load_of: Callable[[list[Departure]], RemovalLoad]) -> int:
        loader = self._parts.part_loader(self._destination)
        refused = 0
        for departures in self._log.read_departures(place, self._own.segment_batch_size_rows):
            keys: list[Key] = [one.row if len(one.row) > 1 else one.row[0] for one in departures]
            if self._parts.before is not None:
                self._parts.before(self._route, keys)
            load = load_of(departures)
            body = Body()
            body.append(encode_rows([load.row(departure) for departure in departures]), len(departures))
            refused += len(loader.load(body, load))
        return refused

    def _read_found(self, place: str, segment: str | None, named_in: Iterable[str] = ()) -> int:
        """Note all members of a Segment or all records of the List; return how many they are.

        Args:
            place: The place that they leave.
            segment: API name of the Segment that is read; None for the whole List.
            named_in: Other places in which a record may name them, so that they stay.
        """
        found = 0
        pages = read_pages(
            self._parts.client,
            self._route.list_api_name,
            segment,
            self._route.key_fields,
            consequence="nobody was removed",
        )
        # The next page is read while this one is noted.
        with closing(read_ahead(pages)) as ahead:
            for rows in ahead:
                keyed = [row for row in rows if None not in row]
                self._keyless[place] += len(rows) - len(keyed)
                keys: list[Key] = (
                    [tuple(row[1:]) for row in keyed] if len(self._route.key_fields) > 1 else [key for _, key in keyed]
                )
                normalized = normalize_within_list(self._route, keys, ignore_case=self._own.ignores_case_of_keys)
                self._log.note_found(place, normalized, keys, named_in)
                found += len(rows)
        return found

    def _search(self, segment: str | None, *, after: int | None, take: int) -> list[list[Any]]:
        return self._parts.client.search_members(
            self._route.list_api_name, segment, self._route.key_fields, after=after, take=take
        )

    def _check_removal_fields(self, policy: RemovalPolicy, stream: str) -> None:
        for name in policy.removal_fields:
            found = self._destination.field(name)
            if found is None or not found.writable:
                raise DestinationError(
                    f"stream {stream}: removal_fields names {name}, which is no field of List "
                    f"{self._route.list_api_name} that can be written: check its spelling"
                )
            if found.name in self._route.key_fields:
                raise DestinationError(f"stream {stream}: removal_fields names {name}, which is a key field")
            if problem := _find_value_problem(found, policy.removal_fields[name]):
                raise DestinationError(f"stream {stream}: the value of {name} in removal_fields {problem}")
        if policy.removal_fields and self._removal_fields not in ({}, policy.removal_fields):
            raise DestinationError(
                f"stream {stream}: removal_fields must be the same for all streams of List "
                f"{self._route.list_api_name} with these key fields"
            )
        self._removal_fields = policy.removal_fields or self._removal_fields


def _find_value_problem(field: FieldDefinition, value: Any) -> str:  # noqa: ANN401 - JSON
    """Return why a value cannot be written to a field, or must not be; empty if it can."""
    if field.name.upper() == OPTOUT_FIELD and (not value or str(value).strip() in {"", "0"}):
        return "would subscribe everybody again who leaves"
    if value is None:
        return ""
    if field.data_type in _NUMBERS:
        is_number = isinstance(value, (int, float)) or value.strip().removeprefix("-").replace(".", "", 1).isdecimal()
        return "" if is_number else f"is no number, and the field is {field.type_text}"
    if field.data_type in {FieldType.DATE, FieldType.DATE_TIME}:
        try:
            to_utc_date_time(str(value))
        except ValueError:
            return f"is no date in ISO 8601, and the field is {field.type_text}"
    is_too_long = field.data_type is FieldType.TEXT and field.length is not None and len(str(value)) > field.length
    return f"is longer than {field.type_text}" if is_too_long else ""


def _find_reason_to_stay(stream: StreamRemovals) -> str:
    """Return why nobody may leave the Segments of a stream, as the end of a sentence; empty if they may."""
    if not stream.records:
        return ", because the run read no record of the stream"
    if stream.unknown_keys:
        return f", although the keys of {stream.unknown_keys:,} rejected records are not known: they may be theirs"
    return ""


def _is_allowed(policy: RemovalPolicy, leaving: int, members: int) -> bool:
    limit = policy.max_removals
    return leaving <= (limit.count if limit.count is not None else (limit.share or 0) * members)

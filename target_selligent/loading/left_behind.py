"""Decides for the streams of one List whom a version leaves behind, and who can be compared at all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.settings import is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_selligent.loading.stream_removals import StreamRemovals


def decide(streams: Sequence[StreamRemovals], absent: Iterable[str]) -> Iterator[tuple[StreamRemovals, str]]:
    """Set `left_behind` of each stream. Yield each stream whose activated version has no effect, and the reason.

    Args:
        streams: All streams of the List in this run.
        absent: Streams of the List that the settings name and that did not come in this run, and patterns, of which
            it is not known.
    """
    doubts = {stream: _find_doubt(stream) for stream in streams if _is_activated(stream)}
    for stream, doubt in doubts.items():
        reason = doubt or _find_danger(stream, streams, doubts, list(absent))
        stream.left_behind = reason is None
        if reason is not None:
            yield stream, reason


def find_stranger(streams: Sequence[StreamRemovals]) -> str | None:
    """Return which stream has loaded a mirrored Segment by other keys, so that its members would leave; None if none.

    Args:
        streams: All streams of the List in this run.
    """
    for stream in streams:
        for other in streams:
            shared = stream.names.keys() & other.names.keys()
            if not stream.policy.mirror or not shared or not other.records or _have_same_key(stream, other):
                continue
            return (
                f"stream {other.route.stream} has loaded Segment {stream.names[min(shared)]} by "
                f"{', '.join(other.route.key_fields)}, and stream {stream.route.stream} mirrors it by "
                f"{', '.join(stream.route.key_fields)}, so its members cannot be compared: use the same key_fields or "
                "other Segments"
            )
    return None


def _have_same_key(one: StreamRemovals, other: StreamRemovals) -> bool:
    return {*one.route.key_fields} == {*other.route.key_fields}


def _is_activated(stream: StreamRemovals) -> bool:
    return stream.policy.uses_versions and stream.versions.is_activated


def _find_doubt(stream: StreamRemovals) -> str | None:
    """Return why a stream may not have named all of its records; None if it has."""
    if doubt := stream.versions.find_doubt():
        return doubt
    if stream.unknown_keys:
        return f"{stream.unknown_keys:,} records were rejected whose keys are not known"
    return None


def _find_danger(
    stream: StreamRemovals,
    streams: Sequence[StreamRemovals],
    doubts: dict[StreamRemovals, str | None],
    absent: Sequence[str],
) -> str | None:
    """Return why what a stream has not named may belong to another stream; None if it does not."""
    whole_list = stream.policy.delete_records
    if whole_list and absent:
        return _describe_absent(absent[0])
    for other in streams:
        if other is stream or other.policy.only_removes or not (whole_list or stream.names.keys() & other.names.keys()):
            continue
        place = "List" if whole_list else "Segment"
        name = other.route.stream
        if not _have_same_key(stream, other):
            return f"stream {name} of the same {place} has other key fields, so its keys cannot be compared"
        if doubt := doubts.get(other):
            return f"stream {name} of the same {place} may not have named all of its records: {doubt}"
        if other.versions.bookmarks:
            columns = ", ".join(other.versions.bookmarks)
            return f"stream {name} of the same {place} reads only what has changed (bookmark_properties {columns})"
        if not other.records or other.unknown_keys:
            return f"stream {name} of the same {place} has not named all of its records"
    return None


def _describe_absent(entry: str) -> str:
    if is_pattern(entry):
        return (
            f"it is not known whether all streams {entry} of the same List came in this run: give each of them an "
            "entry of its own in streams"
        )
    return f"stream {entry} of the same List did not come in this run, so its records are not known"

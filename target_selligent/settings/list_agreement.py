"""Whether the streams of a List agree on the settings that belong to the List. Pure; no I/O."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from target_selligent.settings.list_settings import ListSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_selligent.settings.stream_settings import StreamSettings

_NAMES = tuple(slot.name for slot in fields(ListSettings))
_OF_SEGMENTS = frozenset({"create_segment_if_not_exists", "segment_batch_size_rows", "segment_batch_max_age_seconds"})
"""Settings that say nothing for a stream whose records join no Segment."""


def merge_list_settings(streams: Sequence[StreamSettings]) -> ListSettings:
    """Return the settings of a List: each from a stream for which it says something.

    Args:
        streams: The settings of the streams of the List; at least one. They agree.
    """
    values = {name: getattr(streams[0], name) for name in _NAMES}
    for stream in reversed(streams):
        values |= _find_values(stream)
    return ListSettings(**values)


def find_list_contradictions(streams: Iterable[tuple[str, StreamSettings]]) -> Iterator[str]:
    """Yield one sentence for each List on whose settings its streams do not agree. It names all of these settings.

    Args:
        streams: Name and settings of each stream.
    """
    lists: dict[str, dict[str, dict[Any, str]]] = {}
    names: dict[str, str] = {}
    for stream, settings in streams:
        place = settings.list_api_name.casefold()
        names.setdefault(place, settings.list_api_name)
        for name, value in _find_values(settings).items():
            lists.setdefault(place, {}).setdefault(name, {}).setdefault(value, stream)
    for place, values in lists.items():
        differing = [
            f"{name} ({', '.join(f'{stream}: {value}' for value, stream in by_value.items())})"
            for name, by_value in values.items()
            if len(by_value) > 1
        ]
        if differing:
            yield f"{', '.join(differing)} must be the same for all streams of List {names[place]}"


def _find_values(settings: StreamSettings) -> dict[str, Any]:
    """Return the settings of a List that say something for a stream."""
    return {
        name: value
        for name in _NAMES
        if (value := getattr(settings, name)) is not None and (settings.has_segments or name not in _OF_SEGMENTS)
    }

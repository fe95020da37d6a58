"""Whether the streams of a List agree on the settings that belong to the List. Pure; no I/O."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from target_selligent.settings.list_settings import ListSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_selligent.settings.stream_settings import StreamSettings

_NAMES = tuple(slot.name for slot in fields(ListSettings) if slot.name != "load_list")
_OF_SEGMENTS = frozenset({"create_segment_if_not_exists", "segment_batch_size_rows", "segment_batch_max_age_seconds"})
"""Settings that say nothing for a stream whose records join no Segment."""
_OF_LOADS = frozenset({"create_list_if_not_exists", "list_type", "list_data_import_option", "deduplication"})
"""Settings that say nothing for a stream that does not load the List."""


def merge_list_settings(streams: Sequence[StreamSettings]) -> ListSettings:
    """Return the settings of a List: each from a stream for which it says something.

    Args:
        streams: The settings of the streams of the List; at least one. They agree.
    """
    values = {name: getattr(streams[0], name) for name in _NAMES}
    for stream in reversed(streams):
        values |= _find_values(stream)
    return ListSettings(**{**values, "load_list": any(stream.load_list for stream in streams)})


def find_list_contradictions(streams: Sequence[tuple[str, StreamSettings]], mode: str) -> Iterator[str]:
    """Yield one sentence for each List on whose settings its streams do not agree. It names all of these settings.

    Args:
        streams: Name and settings of each stream.
        mode: The transfer mode of the run.
    """
    yield from _find_disagreements(streams)
    yield from _find_late_loads(streams, mode)


def _find_disagreements(streams: Iterable[tuple[str, StreamSettings]]) -> Iterator[str]:
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


def _find_late_loads(streams: Sequence[tuple[str, StreamSettings]], mode: str) -> Iterator[str]:
    """Yield one sentence for each List into which records come after streams that do not load it look for them.

    Spooled records are inserted at the end of the run. In `Stream` mode, an answer may come before rows are written.
    """
    found = {}
    for stream, settings in streams:
        place = settings.list_api_name.casefold()
        others = [one for one, its in streams if not its.load_list and its.list_api_name.casefold() == place]
        if settings.load_list and others and (settings.spools_records or mode == "Stream"):
            reason = (
                "list_data_import_option OnlyInsert with deduplication ImportLastMatch"
                if settings.spools_records
                else "mode Stream"
            )
            found[place] = (
                f"load_list false (stream {others[0]}) and {reason} (stream {stream}) contradict each other for List "
                f"{settings.list_api_name}: it would not be known in time who is in the List"
            )
    yield from found.values()


def _find_values(settings: StreamSettings) -> dict[str, Any]:
    """Return the settings of a List that say something for a stream."""
    return {
        name: value
        for name in _NAMES
        if (value := getattr(settings, name)) is not None
        and (settings.has_segments or name not in _OF_SEGMENTS)
        and (settings.load_list or name not in _OF_LOADS)
    }

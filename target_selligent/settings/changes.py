"""What contradicts `changes_only`. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_selligent.settings.list_settings import ListSettings


class _Stream(Protocol):
    """What must be known of a stream."""

    @property
    def list_api_name(self) -> str: ...
    @property
    def key_fields(self) -> tuple[str, ...]: ...
    @property
    def changes_only(self) -> bool: ...


def find_changes_contradictions(settings: ListSettings, option: str, *, has_alternate_key: bool) -> Iterator[str]:
    """Yield one sentence for each setting with which an acknowledged record of a stream says too little.

    Args:
        settings: The settings of a stream. Without `changes_only`, there are no contradictions.
        option: Its `segment_data_import_option`.
        has_alternate_key: Whether it has `alternate_key_fields`.
    """
    if not settings.changes_only:
        return
    if settings.list_data_import_option != "InsertAndUpdate":
        yield (
            f"changes_only and list_data_import_option {settings.list_data_import_option} contradict each other: a "
            "record that Selligent acknowledges may not be in the List as it was sent. Use InsertAndUpdate"
        )
    if settings.deduplication != "ImportLastMatch":
        yield (
            f"changes_only and deduplication {settings.deduplication} contradict each other: a record that is not sent "
            "would not count as the first of its key. Use ImportLastMatch"
        )
    if option == "replace":
        yield (
            "changes_only and segment_data_import_option replace contradict each other: a Segment that is cleared "
            "needs all of its members again. Use mirror"
        )
    if has_alternate_key:
        yield (
            "changes_only and alternate_key_fields contradict each other: it would not be known that a record by one "
            "key has changed what a record by the other key has written"
        )


def find_snapshot_contradictions(values: Mapping[str, Any], streams: Sequence[_Stream]) -> Iterator[str]:
    """Yield one sentence for each setting of the run that contradicts `changes_only`.

    Args:
        values: Names and values of the settings of the run.
        streams: The settings of the run, and those of each stream.
    """
    streams = [one for one in streams if one.changes_only]
    if not streams:
        return
    path = values["snapshot_path"]
    if not (path or "").strip():
        yield "changes_only needs snapshot_path: name a file that stays from run to run"
    elif path == values["rejects_path"]:
        yield "snapshot_path and rejects_path name the same file: name two"
    if values["mode"] != "Sync":
        yield (
            f"changes_only and mode {values['mode']} contradict each other: Selligent acknowledges records before it "
            "loads them. Use Sync"
        )
    keys: dict[str, list[str]] = {}
    for one in streams:
        names = sorted(name.casefold() for name in one.key_fields)
        if names and keys.setdefault(one.list_api_name.casefold(), names) != names:
            yield f"changes_only needs the same key_fields for all streams of List {one.list_api_name}"
            return

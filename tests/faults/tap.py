"""A tap that can start again from a STATE, and what Selligent holds after an undisturbed run of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.support import Message, Tenant

_COLUMNS = {"key": "string", "version": "integer", "pad": "string"}

Snapshot = dict[str, Any]
"""List to its records (key and version, sorted) and to the keys of each Segment."""


@dataclass(frozen=True)
class Tap:
    """A tap whose STATE says how many records came before it, and that can start again from there.

    A record's version is its position, so that whatever is written says which record it was.

    Args:
        records: Stream, key and Segments of each record.
        state_every: How many records there are between two STATEs.
        pad: Length of a text that each record carries, to make it larger.
        sparse: Whether two of three records lack this text, so that rows of a key are merged.
    """

    records: tuple[tuple[str, str, tuple[str, ...]], ...]
    state_every: int = 7
    pad: int = 1
    sparse: bool = False

    @property
    def streams(self) -> list[str]:
        """Names of the streams, each of which goes to the List of the same name."""
        return sorted({stream for stream, _, _ in self.records})

    def messages(self, position: int = 0) -> Iterator[Message]:
        """Yield the messages of a run that starts after so many records."""
        segments = {"type": ["array", "null"], "items": {"type": "string"}}
        properties = {name: {"type": [kind, "null"]} for name, kind in _COLUMNS.items()} | {"segments": segments}
        for stream in self.streams:
            schema = {"type": "object", "properties": properties}
            yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["key"]}
        for index in range(position, len(self.records)):
            stream, key, names = self.records[index]
            values = {"key": key, "version": index + 1, "pad": "x" * self.pad, "segments": list(names)}
            if self.sparse and index % 3:
                del values["pad"]
            yield {"type": "RECORD", "stream": stream, "record": values}
            if (index + 1) % self.state_every == 0:
                yield {"type": "STATE", "value": {"position": index + 1}}
        yield {"type": "STATE", "value": {"position": len(self.records)}}

    def settings(self) -> dict[str, Any]:
        """Return the settings that send each stream to its List."""
        own = {stream: {"list_api_name": stream} for stream in self.streams}
        return {"segment_column": "segments", "key_fields": "KEY", "streams": own, "text_field_length": 0}

    def loaded(self, *, option: str = "InsertAndUpdate", first: bool = False, old: Iterable[str] = ()) -> Snapshot:
        """Return what Selligent holds after everything is loaded into new Lists: the model of an undisturbed run.

        Args:
            option: `list_data_import_option`.
            first: Whether the first of several records with the same key wins.
            old: Keys of people that are there before, as version 0; they stay what they are with `OnlyInsert`.
        """
        versions: dict[str, dict[str, int]] = {stream: {} for stream in self.streams}
        members: dict[str, dict[str, set[str]]] = {stream: {} for stream in self.streams}
        for version, (stream, key, names) in enumerate(self.records, 1):
            if not (first and key in versions[stream]):
                versions[stream][key] = version
            for name in names:
                members[stream].setdefault(name, set()).add(key)
        for key in old:
            if option == "OnlyInsert" or key not in versions["people"]:
                versions["people"][key] = 0
        return {
            stream: {
                "records": sorted([key, version] for key, version in versions[stream].items()),
                "segments": {name: sorted(keys) for name, keys in sorted(members[stream].items())},
            }
            for stream in self.streams
        }


def read_snapshot(tenant: Tenant, streams: Iterable[str]) -> Snapshot:
    """Return what the Lists of the streams hold, in the form of `Tap.loaded`."""
    return {
        stream: {
            "records": sorted(tenant.rows("KEY", "VERSION", list_api_name=stream)),
            "segments": {
                name: tenant.members(name, "KEY", stream) for name in sorted(tenant.segments(stream))
            },
        }
        for stream in streams
    }  # fmt: skip


def create_people(tenant: Tenant, keys: Sequence[str], segments: Iterable[str]) -> None:
    """Create the List `people` with these keys as version 0, all of them members of each of the Segments."""
    tenant.create_list("people", KEY="Text(50)", VERSION="Long", PAD="LongText")
    tenant.load_rows("KEY,VERSION", [[key, 0] for key in keys], "people")
    for segment in segments:
        tenant.create_segment(segment, "people")
        tenant.add_members(segment, "KEY", keys, "people")

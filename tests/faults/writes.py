"""The emulator's journal of writes: whether each STATE was true, and whether each key kept its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tap import Tap


@dataclass
class WrittenData:
    """What the Lists and Segments held at a moment, according to the journal of writes.

    Args:
        writes: The journal.
    """

    writes: list[dict[str, Any]]
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    members: set[tuple[str, str, str]] = field(default_factory=set)
    order_violations: list[str] = field(default_factory=list)
    _next: int = 0

    def advance(self, moment: float) -> None:
        """Apply the writes up to a moment."""
        while self._next < len(self.writes) and self.writes[self._next]["monotonic"] <= moment:
            self._apply(self.writes[self._next])
            self._next += 1

    def _apply(self, write: dict[str, Any]) -> None:
        api_name, segment = write["list"], write["segment"]
        if write["operation"] == "list_load" and "VERSION" in write["fields"]:
            key, version = write["fields"].index("KEY"), write["fields"].index("VERSION")
            for row in write["values"]:
                place = api_name, row[key]
                if row[version] < self.versions.get(place, 0):
                    self.order_violations.append(f"{place}: version {row[version]} after {self.versions[place]}")
                self.versions[place] = row[version]
        elif write["operation"] == "segment_load":
            self.members.update((api_name, segment, key) for (key,) in write["keys"])
        elif write["operation"] == "segment_clear":
            self.members = {member for member in self.members if member[:2] != (api_name, segment)}


def first_false_state(
    tap: Tap, printed: Sequence[tuple[float, Any]], writes: list[dict[str, Any]], *, newest: bool = True
) -> str:
    """Return what was missing when the first false STATE was printed; an empty text if each STATE was true.

    Args:
        tap: Where the records came from.
        printed: Each STATE with the moment it was read.
        writes: The journal of writes.
        newest: Whether a record replaces an older one with its key; if not, the key alone must be there.
    """
    written = WrittenData(writes)
    checked = 0
    for moment, value in printed:
        written.advance(moment)
        position = value["position"]
        if position < checked:
            return f"STATE {position} was printed after STATE {checked}"
        for version, (stream, key, names) in enumerate(tap.records[checked:position], checked + 1):
            if written.versions.get((stream, key), -1) < (version if newest else 0):
                return f"STATE {position}: record {version} was not in List {stream}"
            for name in names:
                if (stream, name, key) not in written.members:
                    return f"STATE {position}: record {version} was no member of {name}"
        checked = position
    return ""


def count_written(tap: Tap, writes: list[dict[str, Any]]) -> int:
    """Return how many records were written before the first that was not."""
    written = WrittenData(writes)
    written.advance(float("inf"))
    for index, (stream, key, names) in enumerate(tap.records):
        if written.versions.get((stream, key), 0) <= index or not written.members.issuperset(
            (stream, name, key) for name in names
        ):
            return index
    return len(tap.records)


def order_violations(writes: list[dict[str, Any]]) -> list[str]:
    """Return where an older record of a key was written after a newer one."""
    written = WrittenData(writes)
    written.advance(float("inf"))
    return written.order_violations

"""Which entry of the setting `streams` counts for a stream: that of its name, or the most specific pattern. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANY = "*"


def is_pattern(entry: str) -> bool:
    """Return whether the name of an entry stands for several streams: `*` stands for any characters, also none."""
    return _ANY in entry


def matches(entry: str, stream: str) -> bool:
    """Return whether an entry is meant for a stream, by its name or as a pattern.

    Args:
        entry: The name of the entry.
        stream: The name of the stream. Case counts.
    """
    if entry == stream:
        return True
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", entry))), stream, re.DOTALL) is not None


def find_entries(stream: str, entries: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the name of the one entry that counts for a stream, or of all that claim it and differ.

    The entry with the stream's name counts; else the pattern with the most characters besides `*`. Several patterns
    with as many characters count as one if they say the same.

    Args:
        stream: The name of the stream.
        entries: The value of the setting `streams`.

    Returns:
        Empty if no entry is meant for the stream.
    """
    if stream in entries:
        return (stream,)
    found = [entry for entry in entries if is_pattern(entry) and matches(entry, stream)]
    most = max(map(_count_characters, found), default=0)
    best = [entry for entry in found if _count_characters(entry) == most]
    return tuple(entry for entry in best if entry == best[0] or entries[entry] != entries[best[0]])


def _count_characters(entry: str) -> int:
    return len(entry) - entry.count(_ANY)

"""What records become: their rows and keys, the Segments that they name, and where they come from. Pure; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
"""JSON scalars in the order of the fields; UNSET where the record lacks the column."""

Key = Any
"""The value of the key field as it is sent. With several key fields, a tuple of values in key order."""

Segments = str | tuple[str, ...]
"""The Segment that a record names. A tuple if it names several, or names one in an array."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from.

    Args:
        stream: The name of their stream in the tap.
        schema: The SCHEMA message of the stream, exactly as it came.
        replayed: Whether an earlier run rejected the records. No Segment is emptied for them.
    """

    stream: str
    schema: bytes
    replayed: bool = False

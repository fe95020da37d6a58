"""A row of several records with the same key: the values of later records lie over those of earlier ones. Pure; no I/O.

Values are kept as the JSON text that was encoded for each record, so that numbers keep their digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from target_selligent.batches.batch import PART_BYTES, MergedRecords, RecordRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_selligent.batches.batch import Batch, Rows
    from target_selligent.records import Key, Segments

_decode_values = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class MergedRow:
    """A row of one or several records with the same key.

    Args:
        key: The key.

    Attributes:
        key: The key.
        parts: The row of each record, in order.
        segments: What each record names; empty if the stream has no segment column.
        lines: The RECORD message of each record, exactly as it came.
        numbers: The number of each record in its stream, from 1.
        fingerprints: The hashes of each record; empty unless only changed rows are sent.
        input_bytes: The total size of the lines.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.parts: list[RecordRow] = []
        self.segments: list[Segments] = []
        self.lines: list[bytes] = []
        self.numbers: list[int] = []
        self.fingerprints: list[tuple[int, bytes]] = []
        self.input_bytes = 0
        self._parts_bytes = 0
        self._values: dict[str, msgspec.Raw] = {}

    @property
    def body_bytes(self) -> int:
        """The size of the row as JSON, and a comma."""
        return sum(map(len, self._values.values())) + len(self._values) + len("[]")

    @property
    def size_bytes(self) -> int:
        """The approximate memory of the row and its records."""
        return self.body_bytes + self._parts_bytes + self.input_bytes

    def add(self, part: RecordRow, record: Rows) -> None:
        """Lay the values of a record over the row. A null is a value, and a field that the record lacks is none.

        Args:
            part: The row of the record.
            record: What else is known of the record, and of no other.
        """
        self.parts.append(part)
        self._parts_bytes += len(part.row_json) + PART_BYTES
        self._values.update(zip(part.fields, _decode_values(part.row_json), strict=True))
        self.segments += record.segments
        self.lines += record.lines
        self.input_bytes += sum(map(len, record.lines))
        self.numbers += record.numbers
        self.fingerprints += record.fingerprints

    def encode(self, fields: Sequence[str]) -> bytes:
        """Return the row as JSON.

        Args:
            fields: The names of its fields, in row order.
        """
        return b"[" + b",".join(map(bytes, map(self._values.__getitem__, fields))) + b"]"

    def append_to(self, batch: Batch) -> None:
        """Append the row to a batch. Only further merged rows may follow.

        Args:
            batch: A batch with the fields of the row.
        """
        start = len(batch)
        batch.merged.append(MergedRecords(range(start, start + len(self.lines)), self.parts))
        batch.lines.extend(self.lines)
        batch.body.append(self.encode(batch.fields), 1)
        batch.keys += [self.key] * len(self.lines)
        batch.members.segments += self.segments
        batch.members.numbers.append(self.numbers)
        batch.fingerprints += self.fingerprints


def are_identical(one: Key, other: Key) -> bool:
    """Return whether two keys are the same key under every reading, because they are sent as the same text."""
    return _encode(one) == _encode(other)

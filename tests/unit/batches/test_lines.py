"""Lines of a batch: in pieces, each found by the index of its record."""

from __future__ import annotations

import pyarrow as pa
import pytest

from target_selligent.batches.lines import Lines
from target_selligent.records import ColumnLines

BATCH = pa.RecordBatch.from_pydict({"n": [2, 3, 4]})


def write(batch: pa.RecordBatch) -> list[bytes]:
    """Return a line for each number."""
    return [b"%d" % number for number in batch.column("n").to_pylist()]


def test_pieces_are_read_as_one_sequence() -> None:
    """Whether they are lines, or are written when they are read."""
    lines = Lines([[b"0", b"1"], [], ColumnLines(BATCH, write, row_bytes=10), [b"5"]])
    assert list(lines) == [lines[index] for index in range(len(lines))] == [b"%d" % number for number in range(6)]
    assert lines[1:4] == [b"1", b"2", b"3"]
    assert lines[-1] == b"5"
    with pytest.raises(IndexError):
        lines[6]


def test_sizes() -> None:
    """Those of columns are estimated: nothing is written for them."""
    lines = Lines([[b"abc"]])
    lines.extend(ColumnLines(BATCH, write, row_bytes=10))
    assert lines.size_bytes == 3 + 30
    assert [lines.size_of(index) for index in range(4)] == [3, 10, 10, 10]
    assert Lines().size_bytes == 0

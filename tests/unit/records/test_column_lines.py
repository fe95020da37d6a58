"""Lines of records that came as columns are written when they are read, and are those of their rows."""

from __future__ import annotations

import pyarrow as pa

from target_selligent.records.column_lines import ColumnLines

ROWS = 200
BATCH = pa.RecordBatch.from_pydict({"n": range(ROWS)})
EXPECTED = [b"%d" % number for number in range(ROWS)]


def test_lines_are_those_of_their_rows() -> None:
    """All of them, single ones, consecutive ones and chosen ones."""
    written: list[int] = []

    def write(batch: pa.RecordBatch) -> list[bytes]:
        written.append(batch.num_rows)
        return [b"%d" % number for number in batch.column("n").to_pylist()]

    lines = ColumnLines(BATCH, write, row_bytes=2.5)
    some = lines[10:20].select([0, 3, 9])
    assert (len(lines), len(some), lines.size_bytes, some.size_bytes) == (200, 3, 500, 7)
    assert written == []
    assert lines[7] == b"7"
    assert lines[-1] == b"199"
    assert list(some) == [b"10", b"13", b"19"]
    assert some[1] == b"13"
    assert list(lines[5:5]) == []
    assert written == [1, 1, 10, 1]
    assert list(lines) == EXPECTED
    assert list(lines.select([0, ROWS - 1])) == [b"0", b"199"]
    assert written[4:] == [ROWS, 1, 1]

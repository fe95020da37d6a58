"""Files as messages: a SCHEMA, then a BATCH a file, read through buffers of any size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from target_selligent.errors import InputError
from target_selligent.file_messages import FileMessages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_messages(tmp_path: Path, size: int) -> None:
    """The schema comes from the files, whose columns may be in any order."""
    paths = [str(tmp_path / name) for name in ("a.parquet", "b.parquet")]
    parquet.write_table(pa.table({"a": ["1"], "b": [2]}), paths[0])
    parquet.write_table(pa.table({"b": pa.array([2], pa.int16()), "a": ["1"]}), paths[1])
    source = FileMessages(paths, "parquet", "people")
    content, buffer = b"", bytearray(size)
    while count := source.readinto1(memoryview(buffer)):
        content += buffer[:count]
    properties = {"a": {"type": ["string", "null"]}, "b": {"type": ["integer", "null"]}}
    assert list(map(json.loads, content.splitlines())) == [
        {
            "type": "SCHEMA",
            "stream": "people",
            "schema": {"type": "object", "properties": properties},
            "key_properties": [],
        },
        *(
            {"type": "BATCH", "stream": "people", "encoding": {"format": "parquet"}, "manifest": [path]}
            for path in paths
        ),
    ]


def test_a_file_that_is_missing_ends_it(tmp_path: Path) -> None:
    """No message comes before all schemas are read."""
    parquet.write_table(pa.table({"a": ["1"]}), tmp_path / "a.parquet")
    source = FileMessages([str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")], "parquet", "people")
    with pytest.raises(InputError, match="does not exist"):
        source.readinto1(memoryview(bytearray(100)))

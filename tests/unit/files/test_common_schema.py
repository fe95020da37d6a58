"""What files have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import InputError
from target_selligent.files import DataFile, read_common_schema

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path, ending: str, *contents: str) -> list[DataFile]:
    """Write files."""
    paths = [folder / f"{number}.{ending}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content)
    return [DataFile(str(path), ending) for path in paths]


def test_lines_of_json_are_joined(tmp_path: Path) -> None:
    """The schema has the columns and types of all lines of all files."""
    found = read_common_schema(files(tmp_path, "jsonl", '{"a": 1}', "", '{"b": 1}\n{"a": "x"}'), "jsonl", "people")
    assert found["properties"] == {"a": {"type": ["integer", "string", "null"]}, "b": {"type": ["integer", "null"]}}


def test_headers_must_agree(tmp_path: Path) -> None:
    """The order of columns does not matter; the message names those that only one file has."""
    same = read_common_schema(files(tmp_path, "csv", "a,b\n", "b;a\n"), "csv", "people")
    assert list(same["properties"]) == ["a", "b"]
    with pytest.raises(InputError, match=r"1\.csv has other columns than .*0\.csv \(b, c\)"):
        read_common_schema(files(tmp_path, "csv", "a,b\n", "a,c\n"), "csv", "people")

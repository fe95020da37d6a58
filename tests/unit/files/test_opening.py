"""Files of this machine and of other storages, with and without gzip."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import fsspec
import pytest

from target_selligent.files.opening import find_local_path, name_file, open_file, unzip

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_of_this_machine(tmp_path: Path) -> None:
    """It can be named by its path, or by a URL with or without `%20` for a blank, even if both could be meant."""
    path = tmp_path / "a b.jsonl"
    path.write_bytes(b"{}")
    for address in (str(path), f"file://{path}", path.as_uri()):
        with open_file(address, {}) as file:
            assert file.read() == b"{}"
        assert find_local_path(address) == path
    literal = tmp_path / "a%20b.jsonl"
    literal.touch()
    assert find_local_path(f"file://{literal}") == literal


def test_a_file_of_another_storage() -> None:
    """It is opened by fsspec."""
    storage = fsspec.filesystem("memory")
    storage.pipe("/folder/a.jsonl", b"{}")
    assert find_local_path("memory://folder/a.jsonl") is None
    with open_file("memory://folder/a.jsonl", {}) as file:
        assert file.read() == b"{}"
    with pytest.raises(FileNotFoundError), open_file("memory://folder/b.jsonl", {}):
        pass


def test_a_name_shows_no_secret() -> None:
    """Passwords and signatures of a URL stay out of messages."""
    assert name_file("s3://key:secret@bucket/a.parquet?signature=secret#secret") == "s3://bucket/a.parquet"
    assert name_file("folder/a@b?.parquet") == "folder/a@b?.parquet"


@pytest.mark.parametrize("content", [b"", b"a", b"{}\n" * 10_000])
def test_gzip_is_found_by_its_first_bytes(content: bytes) -> None:
    """What is not gzip is read as it is, whatever its length."""
    assert unzip(io.BytesIO(content)).readlines() == io.BytesIO(content).readlines()
    assert unzip(io.BytesIO(gzip.compress(content))).read() == content

"""A file that cannot be read is one error with its name and the reason."""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from target_selligent.errors import InputError
from target_selligent.files import DataFile, find_format
from target_selligent.records import RecordLineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER = RecordLineWriter("people")


def read(address: object, format_name: str = "jsonl") -> list[object]:
    """Return the chunks of a file."""
    with DataFile(str(address), format_name).reading(WRITER) as chunks:
        return list(chunks)


@pytest.mark.parametrize(
    ("address", "format_name"),
    [
        ("people.parquet", "parquet"),
        ("s3://bucket/People.PARQUET?version=1", "parquet"),
        ("people.parquet.gz", None),
        ("people.2026.csv.gz", "csv"),
        ("people.tsv", "csv"),
        ("people.jsonl", "jsonl"),
        ("people.ndjson.GZ", "jsonl"),
        ("people.json", None),
        ("parquet", None),
    ],
)
def test_the_format_is_the_end_of_the_name(address: str, format_name: str | None) -> None:
    """A file in another format is not guessed."""
    assert find_format(address) == format_name


def test_why_a_file_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reason is in words, and what comes before it in the file is read."""
    path = tmp_path / "a.jsonl.gz"
    with pytest.raises(InputError, match=f"file {path} cannot be read: it does not exist"):
        read(path)
    with pytest.raises(InputError, match=f"file {tmp_path} cannot be read: Is a directory"):
        read(tmp_path)
    path.write_bytes(gzip.compress(b'{"a": "%s"}\n' % b"".join(b"%x" % (n * n) for n in range(200_000)))[:-20])
    with pytest.raises(InputError, match="it is not a complete gzip file"):
        read(path)
    path.write_bytes(b"\x1f\x8bnonsense, but long enough")
    with pytest.raises(InputError, match="cannot be read: Unknown compression method"):
        read(path)
    with pytest.raises(InputError, match="cannot be read: Protocol not known: nowhere"):
        read("nowhere://a.jsonl")
    with pytest.raises(InputError, match=r"cannot be read: the package for its storage is missing: .*s3fs"):
        read("s3://bucket/a.jsonl")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"Parquet needs the extra arrow: pip install 'target-selligent\[arrow\]'"):
        read(tmp_path / "a.parquet", "parquet")


def test_an_error_of_the_reader_of_chunks_is_not_ours(tmp_path: Path) -> None:
    """What is raised in the block is raised as it is, and the file is closed."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n" * 500_000)
    taken: list[Iterator[object]] = []

    def take_one() -> None:
        with DataFile(str(path), "jsonl").reading(WRITER) as chunks:
            taken.append(chunks)
            next(chunks)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        take_one()
    assert list(taken[0]) == []

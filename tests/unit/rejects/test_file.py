"""The rejects file: who may read it, whole lines, and what happens if it is moved or cannot be written."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import DestinationError, RunStoppedError
from target_selligent.rejects.file import RejectsFile

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_are_appended_to_those_of_earlier_runs(tmp_path: Path) -> None:
    """Nothing is overwritten."""
    path = tmp_path / "rejects"
    for line in (b"1\n", b"2\n"):
        assert not RejectsFile(str(path)).append(line, if_moved=b"never\n")
    assert path.read_bytes() == b"1\n2\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """It contains personal data."""
    path = tmp_path / "rejects"
    RejectsFile(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_incomplete_last_line_is_not_continued(tmp_path: Path) -> None:
    """A full disk may have left it; the new line starts after it."""
    path = tmp_path / "rejects"
    path.write_bytes(b'{"a": 1')
    RejectsFile(str(path)).append(b'{"b": 2}\n', if_moved=b"")
    assert path.read_bytes() == b'{"a": 1\n{"b": 2}\n'


@pytest.mark.parametrize("replaced", [False, True], ids=["only moved", "replaced by another"])
def test_a_moved_file_is_opened_again(tmp_path: Path, replaced: bool) -> None:  # noqa: FBT001 - a case
    """Lines go to the path, not to the moved file. The caller's lines for a new file come first, once."""
    path, moved = tmp_path / "rejects", tmp_path / "moved"
    file = RejectsFile(str(path))
    file.append(b"1\n", if_moved=b"never\n")
    path.rename(moved)
    if replaced:
        path.touch()
    assert file.append(b"2\n", if_moved=b"schema\n")
    assert not file.append(b"3\n", if_moved=b"never\n")
    assert (moved.read_bytes(), path.read_bytes()) == (b"1\n", b"schema\n2\n3\n")


@pytest.mark.parametrize("path", ["missing/rejects", "a\0b", "~nobody_has_this_name/rejects", "."])
def test_a_path_that_cannot_be_opened_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The run fails before it loads anything."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DestinationError, match=r"rejects_path .* cannot be opened: "):
        RejectsFile(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_full_disk_ends_the_run() -> None:
    """No STATE may cover a record that is neither loaded nor in the file."""
    file = RejectsFile("/dev/full")
    with pytest.raises(RunStoppedError, match=r"cannot be written .*: see rejects_path"):
        file.append(b"1\n", if_moved=b"")

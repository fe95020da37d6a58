"""STATE on standard output: one line each, and a clear end if nobody can read it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import RunStoppedError
from target_selligent.output import print_state

if TYPE_CHECKING:
    from pathlib import Path


def test_each_state_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A STATE is printed as it is, and at once."""
    print_state('{"a": 1}')
    assert capsys.readouterr().out == '{"a": 1}\n'
    print_state('{"a": 2}')
    assert capsys.readouterr().out == '{"a": 2}\n'


def test_no_standard_output_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no standard output if its file descriptor was closed before the start."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(RunStoppedError, match="standard output is closed"):
        print_state("{}")


def test_a_closed_file_ends_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file object that was closed has no file descriptor to be discarded."""
    with (tmp_path / "out").open("w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(RunStoppedError, match="standard output is closed"):
        print_state("{}")


def test_a_reader_that_has_gone_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the reason once; what is left in the buffer does no harm when the file is closed."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        os.close(reading)
        with pytest.raises(RunStoppedError, match="standard output is closed"):
            print_state("{}")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device of Linux that is always full")  # noqa: PTH110
def test_a_full_disk_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error holds the reason that the system gives."""
    with open("/dev/full", "w", encoding="utf-8") as stdout:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(RunStoppedError, match=r"not writable \(No space left on device\)"):
            print_state("{}")

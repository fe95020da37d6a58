"""The files of a report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from target_selligent.errors import DestinationError
from target_selligent.reports.file import ReportFile

from .example import summary

if TYPE_CHECKING:
    from pathlib import Path


def test_both_files_are_written_in_place_of_older_ones(tmp_path: Path) -> None:
    """JSON and page have the same name; nothing else stays in the folder."""
    path = tmp_path / "night.json"
    file = ReportFile(str(path))
    assert list(tmp_path.iterdir()) == []
    file.write(summary(read=1))
    file.write(summary(read=2))
    assert json.loads(path.read_text(encoding="utf-8"))["read"] == 2
    assert (tmp_path / "night.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["night.html", "night.json"]


@pytest.mark.parametrize("path", ["no/such/folder/report.json", ".", "~nosuchuser/report.json", "a\0b"], ids=ascii)
def test_a_path_that_cannot_be_written(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error before the run, which names the setting."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DestinationError, match=r"^report_path .* cannot be written: "):
        ReportFile(path)
    assert list(tmp_path.iterdir()) == []


def test_an_older_report_stays_if_it_cannot_be_replaced(tmp_path: Path) -> None:
    """What cannot be written whole is not written."""
    path = tmp_path / "report.json"
    file = ReportFile(str(path))
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        file.write(summary())
    assert [found.name for found in tmp_path.iterdir()] == ["report.json"]

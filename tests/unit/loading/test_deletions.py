"""Deleted records: counted, logged once a stream, and removed from the spool."""

from __future__ import annotations

import logging
from typing import NoReturn

import pytest

from target_selligent.batches.run_store import SpooledRow
from target_selligent.batches.spool import Spool
from target_selligent.errors import RejectedRecord
from target_selligent.loading.deletions import Deletions
from target_selligent.loading.report import RunReport

ROW = SpooledRow(0, 1, 1, ("KEY",), b"[1]", b"{}", ())


def no_key() -> NoReturn:
    """Fail like a record without a usable key."""
    raise RejectedRecord("the key is missing", code="missing_key")


def no_unicode() -> bytes:
    """Fail like a key with a lone surrogate."""
    return "\ud800".encode()


def summary(report: RunReport) -> str:
    """Return the counts of the only List."""
    (line,) = report.lines()
    return line


def test_a_deleted_record_needs_no_key_if_nothing_is_spooled() -> None:
    """Its key is not even read."""
    report = RunReport()
    Deletions(None, report).count("people", "contacts", no_key)
    Deletions(Spool(), report).count("people", "contacts", None)
    assert "2 read, 0 sent" in summary(report)
    assert "2 deleted" in summary(report)


def test_it_removes_the_spooled_row_with_its_key() -> None:
    """The removed record was read, too, and counts as a duplicate."""
    report, spool = RunReport(), Spool()
    spool.put(b"a", ROW)
    deletions = Deletions(spool, report)
    deletions.count("people", "contacts", lambda: b"b")
    assert "1 read" in summary(report)
    deletions.count("people", "contacts", lambda: b"a")
    assert "3 read" in summary(report)
    assert "1 duplicates" in summary(report)
    assert "2 deleted" in summary(report)
    assert not spool.remove(b"a")


def test_it_needs_a_key_if_rows_are_spooled() -> None:
    """Without one it is rejected, and does not count as deleted."""
    report = RunReport()
    with pytest.raises(RejectedRecord):
        Deletions(Spool(), report).count("people", "contacts", no_key)
    assert list(report.lines()) == []


def test_a_key_that_is_not_unicode_removes_nothing() -> None:
    """No record with such a key is spooled."""
    report = RunReport()
    Deletions(Spool(), report).count("people", "contacts", no_unicode)
    assert "1 deleted" in summary(report)


def test_the_log_names_each_stream_once(caplog: pytest.LogCaptureFixture) -> None:
    """A run may have millions of deleted records."""
    deletions = Deletions(None, RunReport())
    with caplog.at_level(logging.WARNING):
        for stream in ("people", "orders", "people"):
            deletions.count(stream, "contacts", no_key)
    assert [message.split(":")[0] for message in caplog.messages] == ["Stream people", "Stream orders"]

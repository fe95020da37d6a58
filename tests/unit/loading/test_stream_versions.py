"""The versions of one stream: what says that the whole table was read, and what raises a doubt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_selligent.loading.stream_versions import StreamVersions

NEW = 1_790_000_000_000
FIRST, LATE = "2026-09-21T15:13:25+01:00", "2026-09-21T14:23:20.5Z"


def line(version: Any, time_extracted: Any = None) -> bytes:
    """Return a RECORD message with a version."""
    return json.dumps({"type": "RECORD", "version": version, "time_extracted": time_extracted}).encode()


def test_records_are_split_where_the_version_changes() -> None:
    """Each slice says whether a newer version begins; a version that is no number changes nothing."""
    versions = StreamVersions()
    split = list(versions.split([line(1), line(1), line(None), line(2), line("x"), line(2)]))
    assert split == [
        (slice(0, 2), False),
        (slice(2, 3), False),
        (slice(3, 4), True),
        (slice(4, 5), False),
        (slice(5, 6), False),
    ]
    versions.activate(2)
    assert versions.find_doubt() is None


def test_a_line_that_is_not_strict_json_has_a_version() -> None:
    """NaN and lone surrogates in a record do not hide it."""
    versions = StreamVersions()
    list(versions.split([b'{"record": {"a": NaN}, "version": 7}', b'{"record": {"a": "\\ud800"}, "version": 7}', b"["]))
    assert versions.newest == 7


@pytest.mark.parametrize(
    ("version", "time_extracted", "doubted"),
    [
        (NEW, FIRST, False),
        (NEW, LATE, True),
        (NEW, None, False),
        (NEW, "soon", False),
        (NEW // 1000, LATE, False),
        (1, LATE, False),
    ],
    ids=["at once", "later", "not said", "no date", "in seconds", "no time"],
)
def test_a_version_that_is_older_than_its_first_record(version: int, time_extracted: Any, *, doubted: bool) -> None:
    """A time in milliseconds that is older than a minute is of an earlier run; what came later does not matter."""
    versions = StreamVersions()
    list(versions.split([line(version, time_extracted), line(version, LATE)]))
    versions.activate(version)
    assert ("of an earlier run" in (versions.find_doubt() or "")) == doubted


@pytest.mark.parametrize("version", [True, None, "2", 2.0])
def test_a_version_is_a_whole_number(version: Any) -> None:
    """Anything else leaves nobody behind."""
    versions = StreamVersions()
    list(versions.split([line(2)]))
    versions.activate(version)
    assert versions.is_activated
    assert "no whole number" in (versions.find_doubt() or "")


def test_bookmarks_are_named() -> None:
    """A stream with bookmarks never leaves anybody behind."""
    versions = StreamVersions(["updated_at"])
    list(versions.split([line(2)]))
    versions.activate(2)
    assert "bookmark_properties updated_at" in (versions.find_doubt() or "")

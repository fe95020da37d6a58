"""The summary of all tasks is that of one run, and is checked as one."""

from __future__ import annotations

import pickle

import pytest

from target_selligent.errors import NothingLoadedError, TooManyRejectsError
from target_selligent.loading import Counts
from target_selligent.rejects.rejection import RejectionKind
from target_selligent.settings import Limit
from target_selligent.spark.results import TaskResult, check_results, summarize

KIND = RejectionKind("people", "KEY", "missing_key")
SEGMENT = "contacts", "vip"
WELL = TaskResult(0, [("contacts", Counts(read=90, sent=90))], [(SEGMENT, Counts(read=5))])
BADLY = TaskResult(1, [("contacts", Counts(read=10))], [], {KIND: 10}, 10, "none of the 10 records: why", "/r-task1-7")
EMPTY = TaskResult(2)


def test_counts_and_rejects_are_added_up() -> None:
    """Over all tasks; each rejects file is named."""
    lines = list(summarize([WELL, BADLY, BADLY, EMPTY]))
    assert lines[0].startswith("List contacts: 110 read, 90 sent, ")
    assert lines[1].startswith("Segment vip of List contacts: 5 read, ")
    assert lines[2:] == [
        "rejected 20 records of stream people, field KEY: missing_key",
        "rejects of partition 1: /r-task1-7",
        "rejects of partition 1: /r-task1-7",
    ]
    assert list(summarize([EMPTY])) == []


@pytest.mark.parametrize("limit", [Limit(count=10), Limit(share=0.1), None])
def test_what_is_allowed(limit: Limit | None) -> None:
    """As many rejects as the limit, over all tasks; a task in which nothing was loaded, beside others."""
    check_results([WELL, BADLY, EMPTY], limit)
    check_results([EMPTY], limit)


@pytest.mark.parametrize("limit", [Limit(count=9), Limit(share=0.09)])
def test_too_many_rejects(limit: Limit) -> None:
    """One more than the limit fails the write."""
    with pytest.raises(TooManyRejectsError, match=r"10 of 100 records were rejected, more than max_rejects allows"):
        check_results([WELL, BADLY, EMPTY], limit)


def test_nothing_loaded() -> None:
    """If no task has loaded a row, the write fails, unless max_rejects allows it."""
    with pytest.raises(NothingLoadedError, match="no row could be loaded: none of the 10 records: why"):
        check_results([BADLY, EMPTY], None)
    check_results([BADLY, EMPTY], Limit(share=1))


def test_results_can_be_sent_to_the_driver() -> None:
    """They arrive as they are."""
    assert pickle.loads(pickle.dumps(BADLY)) == BADLY  # noqa: S301 - our own

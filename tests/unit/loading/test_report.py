"""The summary: all counts, by List and by Segment."""

from __future__ import annotations

import dataclasses

import pytest

from target_selligent.api.refusals import RefusedRow
from target_selligent.api.results import LoadResult
from target_selligent.loading.report import Counts, RunReport, counts_of
from target_selligent.rejects.rejection import RejectionKind


def test_counts_are_added_up_by_list_and_segment() -> None:
    """Each List and each Segment has a line with all counts, in the order in which they first came."""
    report = RunReport()
    report.add_list("contacts", Counts(read=2000))
    report.add_segment("contacts", "vip", Counts(read=1, sent=1, inserted=1))
    report.add_list("goods", Counts(read=2, rejected_before_sending=1, deleted=1))
    report.add_list("contacts", Counts(sent=1999, inserted=1, updated=2, duplicates=3, not_found=4, refused=5))
    nothing = "0 updated, 0 duplicates, 0 not found, 0 refused, 0 rejected before sending, 0 deleted"
    assert report.records_read == 2002
    assert list(report.lines()) == [
        (
            "List contacts: 2,000 read, 1,999 sent, 1 inserted, 2 updated, 3 duplicates, 4 not found, 5 refused, "
            "0 rejected before sending, 0 deleted"
        ),
        (
            "List goods: 2 read, 0 sent, 0 inserted, 0 updated, 0 duplicates, 0 not found, 0 refused, "
            "1 rejected before sending, 1 deleted"
        ),
        f"Segment vip of List contacts: 1 read, 1 sent, 1 inserted, {nothing}",
    ]


def test_rejected_records_are_warnings() -> None:
    """Each kind has a line, with its field if there is one."""
    kinds = {RejectionKind("people", None, "gone"): 2000, RejectionKind("people", "NAME", "too_long"): 1}
    assert list(RunReport(lambda: kinds).warnings()) == [
        "rejected 1 records of stream people, field NAME: too_long",
        "rejected 2,000 records of stream people: gone",
    ]


def test_many_segments_are_cut_short() -> None:
    """A run with thousands of Segments does not log thousands of lines."""
    report = RunReport()
    for number in range(1500):
        report.add_segment("contacts", f"s{number}", Counts(read=1))
    lines = list(report.lines())
    assert len(lines) == 1001
    assert lines[-1] == "and 500 more Segments"


def test_an_answer_as_counts() -> None:
    """Every count of an answer is in the summary; a row that is named for two faults is one that is refused."""
    row = RefusedRow(0, None, "no", "Unknown")
    result = LoadResult(inserted=1, updated=2, duplicates=3, not_found=4, failed=1, refused=(row, row))
    wanted = Counts(sent=12, inserted=1, updated=2, duplicates=3, not_found=4, refused=1)
    assert dataclasses.asdict(counts_of(result, rows=12, refused=1)) == dataclasses.asdict(wanted)


@pytest.mark.parametrize(
    ("counts", "only_insert", "loaded"),
    [
        (Counts(sent=3, inserted=3), False, True),
        (Counts(sent=3), False, True),
        (Counts(sent=3, not_found=3), False, True),
        (Counts(sent=3, refused=3), False, False),
        (Counts(sent=3, refused=1, duplicates=2), False, False),
        (Counts(sent=3, refused=1, duplicates=1), False, True),
        (Counts(sent=3, refused=1, duplicates=2), True, True),
        (Counts(sent=3, refused=3), True, False),
        (Counts(duplicates=3), False, True),
        (Counts(), False, False),
    ],
    ids=str,
)
def test_what_tells_of_a_load(counts: Counts, only_insert: bool, loaded: bool) -> None:  # noqa: FBT001 - a case
    """Something was loaded unless all rows were refused, or stand back behind one that was."""
    assert counts.show_a_load(only_insert=only_insert) == loaded

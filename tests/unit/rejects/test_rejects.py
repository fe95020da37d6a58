"""Rejected records of a run: how they are counted, limited, logged and stored."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.batches.batch import Batch, Route
from target_selligent.batches.body import encode_rows
from target_selligent.batches.lines import Lines
from target_selligent.errors import RejectedRecord, RunStoppedError, TooManyRejectsError
from target_selligent.records.conversions import FieldType
from target_selligent.records.row_types import Origin
from target_selligent.records.segment_names import NO_SEGMENT
from target_selligent.rejects.rejection import Rejection
from target_selligent.rejects.rejects import Rejects
from target_selligent.settings import Limit
from tests.unit.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCHEMA = b'{"type": "SCHEMA", "stream": "people", "schema": {}}'
ORIGIN = Origin("people", SCHEMA)
ROUTE = Route("people", "contacts", ("KEY",), ("key",), (FieldType.LONG,), "seg", origin=ORIGIN)
TOO_LONG = RejectedRecord("too long", field="NAME", code="too_long")


def rejection(number: int, *, key: int = 0, error: RejectedRecord = TOO_LONG, origin: Origin = ORIGIN) -> Rejection:
    """Return the rejection of a record with some number and key."""
    line = b'{"type": "RECORD", "stream": "people", "record": {"key": %d}}' % key
    route = Route("people", "contacts", ("KEY",), ("key",), (FieldType.LONG,), "seg", origin=origin)
    return Rejection.from_line(error, route, number, line, key)


def batch_of(numbers: Sequence[int], keys: Sequence[int]) -> Batch:
    """Return a batch of records with these numbers and keys."""
    batch = Batch(1, ROUTE, ("KEY", "TEXT"), 0.0)
    rows = rows_of(numbers, keys, [1] * len(keys))
    batch.append(rows, 0, len(keys), encode_rows(rows.values))
    return batch


def stored(path: Path) -> list[dict[str, Any]]:
    """Return the messages of a rejects file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_record_that_two_segments_refuse_counts_once() -> None:
    """The total counts records, the summary counts rejections."""
    rejects = Rejects(strict=False)
    for segment in ("vip", "new"):
        rejects.add(Rejection.from_member(RejectedRecord("refused", code="gone"), ROUTE, 7, (5,), segment))
    rejects.add(rejection(8))
    assert rejects.total == 2
    assert rejects.counts() == {("people", None, "gone"): 2, ("people", "NAME", "too_long"): 1}


def test_the_first_rejection_of_a_strict_run_ends_it(tmp_path: Path) -> None:
    """The record is in the file before the exception, which has the code of the error."""
    rejects = Rejects(strict=True, path=str(tmp_path / "rejects"))
    with pytest.raises(RunStoppedError, match=r"record 7 .* skip_invalid_records") as caught:
        rejects.add(rejection(7))
    assert caught.value.code == "too_long"
    assert [message["type"] for message in stored(tmp_path / "rejects")] == ["SCHEMA", "RECORD"]


def test_a_number_of_rejects_is_a_limit() -> None:
    """As many as the limit are accepted, one more is not."""
    rejects = Rejects(strict=False, limit=Limit(count=2))
    rejects.add(rejection(1))
    rejects.add(rejection(2))
    with pytest.raises(TooManyRejectsError, match="more than 2 records"):
        rejects.add(rejection(3))


@pytest.mark.parametrize(("read", "fails"), [(10, False), (9, True), (0, False)])
def test_a_share_of_rejects_is_checked_at_the_end(read: int, fails: bool) -> None:  # noqa: FBT001 - a case
    """A share may be reached and not exceeded; a run without records has none."""
    rejects = Rejects(strict=False, limit=Limit(share=0.1))
    rejects.add(rejection(1))
    if fails:
        with pytest.raises(TooManyRejectsError, match="1 of 9 records"):
            rejects.check_share(read)
    else:
        rejects.check_share(read)


def test_the_log_names_ten_records_of_a_kind(caplog: pytest.LogCaptureFixture) -> None:
    """Ten records of a stream, field and code are logged, then one line says that the others are only counted."""
    rejects = Rejects(strict=False)
    with caplog.at_level(logging.WARNING):
        for number in range(1, 13):
            rejects.add(rejection(number))
    assert len(caplog.messages) == 11
    assert caplog.messages[9].startswith("Rejected record 10 ")
    assert "only counted (stream people, too_long)" in caplog.messages[10]


def test_the_most_frequent_reason_ignores_records_without_a_segment() -> None:
    """They are a matter of the settings. The reason names the field."""
    rejects = Rejects(strict=False)
    assert rejects.most_frequent_reason("people") is None
    for number in (1, 2, 3):
        rejects.add(rejection(number, error=RejectedRecord("no Segment", code=NO_SEGMENT)))
    rejects.add(rejection(4, error=RejectedRecord("no key", code="missing_key")))
    for number in (5, 6):
        rejects.add(rejection(number))
    assert rejects.most_frequent_reason("people") == "field NAME: too long"
    assert rejects.most_frequent_reason("orders") is None


def test_a_schema_is_written_once_until_it_changes(tmp_path: Path) -> None:
    """Before the first reject of a stream, and again when its SCHEMA is another."""
    path = tmp_path / "rejects"
    rejects = Rejects(strict=False, path=str(path))
    for number in (1, 2):
        rejects.add(rejection(number))
    wider = Origin("people", SCHEMA.replace(b"{}", b'{"properties": {}}'))
    rejects.add(rejection(3, origin=wider))
    assert [message["type"] for message in stored(path)] == ["SCHEMA", "RECORD", "RECORD", "SCHEMA", "RECORD"]


def test_a_new_file_starts_with_the_schema(tmp_path: Path) -> None:
    """If the file is moved during the run, the new one can be replayed by itself."""
    path = tmp_path / "rejects"
    rejects = Rejects(strict=False, path=str(path))
    rejects.add(rejection(1))
    path.rename(tmp_path / "moved")
    rejects.add(rejection(2))
    rejects.add(rejection(3))
    assert [message.get("record_number") for message in stored(path)] == [None, 2, 3]


@pytest.mark.parametrize(("keeps", "expected"), [(True, [6]), (False, [])])
def test_newer_records_of_a_rejected_key_are_stored(
    tmp_path: Path,
    keeps: bool,  # noqa: FBT001 - a case
    expected: list[int],
) -> None:
    """Of the loaded records, those that came after the rejected one and have its key."""
    path = tmp_path / "rejects"
    rejects = Rejects(strict=False, path=str(path), keeps_newer_records=lambda _: keeps)
    rejects.add(rejection(5, key=1))
    before = path.read_bytes()
    batch = batch_of([4, 6, 7], [1, 1, 2])
    batch.lines = Lines([[b'{"type": "RECORD", "stream": "people", "record": {"key": %d}}' % key for key in (1, 1, 2)]])
    rejects.write_newer_records(batch, range(3))
    lines = path.read_bytes()[len(before) :].splitlines()
    assert [json.loads(line)["record_number"] for line in lines] == expected
    assert rejects.total == 1

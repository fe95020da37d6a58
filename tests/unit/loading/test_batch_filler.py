"""Rows go into batches or into the spool; a record that cannot be loaded is rejected and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec import UNSET

from target_selligent.batches.batch import Batch, Rows
from target_selligent.batches.buffer import BatchBuffer
from target_selligent.batches.spool import Spool
from target_selligent.errors import NothingLoadedError, RejectedRecord, RunStoppedError
from target_selligent.loading.batch_filler import BatchFiller
from target_selligent.loading.changes import Changes
from target_selligent.loading.checkpoints import Checkpoints
from target_selligent.loading.deletions import Deletions
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.list_workers import ListWorkers
from target_selligent.loading.load_order import LoadOrder
from target_selligent.loading.removals import Removals
from target_selligent.loading.report import RunReport
from target_selligent.loading.run_parts import RunParts
from target_selligent.loading.stream_outcomes import StreamOutcomes
from target_selligent.loading.stream_removals import RemovalPolicy
from target_selligent.records.segment_names import NO_SEGMENT
from target_selligent.rejects.rejects import Rejects
from tests.unit.config import settings_with
from tests.unit.rows import ROUTE, decoded

if TYPE_CHECKING:
    from target_selligent.batches.batch import Route
    from tests.unit.prepared_server import PreparedServer


class Stream:
    """The stream of `ROUTE` with a buffer of large batches.

    Attributes:
        batches: The batches that were submitted.
        report: What was counted.
    """

    def __init__(self, server: PreparedServer, *, spools: bool = False, removes: bool = False, **changes: Any) -> None:
        settings = settings_with(**changes, **({"list_data_import_option": "OnlyInsert"} if spools else {}))
        client, checkpoints, spool = server.client(), Checkpoints(lambda _: None), Spool() if spools else None
        self.batches: list[Batch] = []
        self.report = RunReport()
        self.rejects = Rejects.for_run(settings)
        removals = Removals(client, settings, self.rejects, self.report, checkpoints)
        self.parts = RunParts(
            settings=settings,
            report=self.report,
            rejects=self.rejects,
            stream_outcomes=StreamOutcomes(settings, checkpoints),
            deletions=Deletions(spool, self.report),
            checkpoints=checkpoints,
            load_order=LoadOrder(
                {},
                ListWorkers(
                    client, settings, self.rejects, self.report, lambda _: None, lambda _: None, lambda _: None
                ),
            ),
            removals=removals,
            spool=spool,
            changes=Changes(settings, self.report),
            run_values={},
            before_chunk=lambda: None,
        )
        destination = ListDestination(client, "contacts", create_list=False, create_segments=False)
        self.removals = removals.open_stream(ROUTE, destination, RemovalPolicy()) if removes else None
        buffer = BatchBuffer(
            self._open, self.batches.append, max_rows=lambda: 100, max_bytes=10_000, max_open=9, max_open_bytes=99_999
        )
        self.filler = BatchFiller(ROUTE, self.parts, buffer, self.removals)
        with self.parts.stream_outcomes.opening("people", "", ["key"]):
            pass

    def rows(self) -> list[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
        """Return the fields and rows of each batch."""
        self.filler.flush()
        return [(batch.fields, [tuple(row) for row in decoded(batch)]) for batch in self.batches]

    def counts(self) -> str:
        """Return the summary of the List."""
        return "\n".join(self.report.lines())

    def end_input(self) -> None:
        """Load the rows of the spool."""
        assert self.parts.spool is not None
        self.parts.spool.load_all(lambda: None)

    def _open(self, shape: tuple[Route, tuple[str, ...]]) -> Batch:
        return Batch(len(self.batches), shape[0], shape[1], 0.0)


def rows_with(*values: tuple[Any, ...], segments: tuple[str, ...] = ()) -> Rows:
    """Return rows whose first value is the key."""
    keys = [row[0] for row in values]
    return Rows(list(values), keys, segments, [b"line %d" % key for key in keys], list(range(1, 1 + len(keys))))


FIELDS = ("KEY", "NAME")


def test_rows_go_into_a_batch_and_are_counted_as_read(server: PreparedServer) -> None:
    """In their order."""
    stream = Stream(server)
    stream.filler.add(FIELDS, rows_with((2, "b"), (1, "a")))
    assert stream.rows() == [(FIELDS, [(2, "b"), (1, "a")])]
    assert stream.report.records_read == 2


def test_rows_with_other_fields_go_into_another_batch(server: PreparedServer) -> None:
    """A record that lacks a column gets a row without its field."""
    stream = Stream(server)
    stream.filler.add(FIELDS, rows_with((1, "a"), (2, UNSET), (3, "c")))
    assert sorted(stream.rows()) == [(("KEY",), [(2,)]), (FIELDS, [(1, "a"), (3, "c")])]
    assert stream.report.records_read == 3


def test_a_row_that_is_too_large_alone_is_rejected(server: PreparedServer) -> None:
    """The others are loaded."""
    stream = Stream(server, max_request_bytes=1000)
    stream.filler.add(FIELDS, rows_with((1, "a"), (2, "x" * 1000), (3, "c")))
    assert stream.rows() == [(FIELDS, [(1, "a"), (3, "c")])]
    assert (stream.rejects.total, stream.report.records_read) == (1, 3)


def test_a_row_may_be_as_large_as_a_request(server: PreparedServer) -> None:
    """The brackets around it count."""
    stream = Stream(server, max_request_bytes=1000)
    overhead = len('[[1,""]]')
    stream.filler.add(FIELDS, rows_with((1, "x" * (1000 - overhead))))
    assert stream.rejects.total == 0
    stream.filler.add(FIELDS, rows_with((1, "x" * (1001 - overhead))))
    assert stream.rejects.total == 1


def test_a_row_that_is_too_large_ends_a_strict_run(server: PreparedServer) -> None:
    """By `skip_invalid_records`."""
    stream = Stream(server, max_request_bytes=1000, skip_invalid_records=False)
    with pytest.raises(RunStoppedError, match="larger than max_request_bytes"):
        stream.filler.add(FIELDS, rows_with((1, "x" * 1000)))


def test_the_spool_loads_the_last_row_of_each_key(server: PreparedServer) -> None:
    """At the end of the input; the others are counted as duplicates."""
    stream = Stream(server, spools=True)
    stream.filler.add(FIELDS, rows_with((1, "a"), (2, "b"), (1, "c")))
    assert stream.rows() == []
    stream.end_input()
    assert stream.rows() == [(FIELDS, [(1, "c"), (2, "b")])]
    assert stream.report.records_read == 3
    assert "1 duplicate" in stream.counts()


def test_the_spool_keeps_segments_lines_and_numbers(server: PreparedServer) -> None:
    """They are needed for members and rejects."""
    stream = Stream(server, spools=True)
    stream.filler.add(FIELDS, rows_with((1, "a"), (2, "b"), segments=("vip", "new")))
    stream.end_input()
    stream.filler.flush()
    (batch,) = stream.batches
    assert list(batch.lines) == [b"line 1", b"line 2"]
    assert [batch.members.record_number(index) for index in range(2)] == [1, 2]
    assert [batch.members.indexes_naming(segment) for segment in ("vip", "new")] == [[0], [1]]


def test_rows_of_records_that_leave_are_not_loaded(server: PreparedServer) -> None:
    """They are counted as read, and as work for the end of the run."""
    stream = Stream(server, removes=True)
    stream.filler.add(FIELDS, rows_with((1, "a"), (2, "b"), segments=("vip", "vip")), [False, True])
    assert stream.rows() == [(FIELDS, [(1, "a")])]
    assert stream.report.records_read == 2
    assert stream.removals is not None
    assert stream.removals.departures == 1


def test_a_chunk_of_which_all_leave_opens_no_batch(server: PreparedServer) -> None:
    """There is nothing to load."""
    stream = Stream(server, removes=True)
    stream.filler.add(FIELDS, rows_with((1, "a"), segments=("vip",)), [True])
    assert stream.rows() == []


def test_a_rejected_record_is_counted_and_keeps_state_back(server: PreparedServer) -> None:
    """A record that was read may not be lost with its stream."""
    stream = Stream(server)
    stream.filler.reject(RejectedRecord("wrong", code="bad"), b"{}", 1)
    assert (stream.rejects.total, stream.report.records_read) == (1, 1)
    assert stream.rejects.most_frequent_reason("") == "wrong"
    with pytest.raises(NothingLoadedError):
        stream.parts.stream_outcomes.check_at_end(stream.rejects)


def test_a_stream_whose_records_name_no_segment_does_not_fail(server: PreparedServer) -> None:
    """That is a matter of settings, and no fault."""
    stream = Stream(server)
    stream.filler.reject(RejectedRecord("none", code=NO_SEGMENT), b"{}", 1)
    stream.parts.stream_outcomes.check_at_end(stream.rejects)
    assert stream.report.records_read == 1


def test_keys_are_normalized_as_the_settings_compare_them(server: PreparedServer) -> None:
    """Another form of the same number is the same key."""
    filler = Stream(server).filler
    assert filler.normalize_key(1) == filler.normalize_key(1.0)
    assert filler.normalize_key(1) != filler.normalize_key(2)

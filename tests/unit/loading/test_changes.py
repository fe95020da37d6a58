"""Which rows of a stream are sent, by what the snapshot knows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from target_selligent.batches.batch import Batch, Rows
from target_selligent.batches.body import encode_rows_apart
from target_selligent.errors import InputError
from target_selligent.loading.changes import Changes
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.report import RunReport
from target_selligent.records.conversions import Conversion, FieldType
from target_selligent.records.field_definitions import ColumnMapping, FieldDefinition, StaticField, StreamFields
from target_selligent.settings.templates import parse_template
from tests.unit.config import settings_with
from tests.unit.rows import ROUTE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_selligent.records.row_types import Segments
    from tests.unit.prepared_server import PreparedServer

FIELDS = StreamFields(
    tuple(
        ColumnMapping(name, FieldDefinition(name.upper(), FieldType.TEXT), Conversion.TEXT)
        for name in ("key", "name", "_sdc_extracted_at")
    ),
    ("key",),
    None,
    frozenset(),
    static=(
        StaticField(FieldDefinition("RUN", FieldType.TEXT), parse_template("{run_id} of {stream}"), Conversion.TEXT),
    ),
)


class Run:
    """A run of one stream.

    Attributes:
        report: What was counted.
        changes: What the run knows of changes.
        rows: Chooses its rows.
    """

    def __init__(self, server: PreparedServer, folder: Path) -> None:
        settings = settings_with(changes_only=True, snapshot_path=str(folder / "snapshot.db"))
        self.report = RunReport()
        self.changes = Changes(settings, self.report)
        self.destination = ListDestination(server.client(), "contacts", create_list=False, create_segments=False)
        rows = self.changes.open_stream(ROUTE, self.destination, FIELDS)
        assert rows is not None
        self.rows = rows
        self._tickets = 0

    def load(self, *pairs: tuple[int, str], segments: Sequence[Segments] = ()) -> list[int]:
        """Load rows of a key and a text; return the indexes of those that are sent."""
        rows = Rows(list(pairs), [key for key, _ in pairs], segments, [b""] * len(pairs), range(len(pairs)))
        chosen, rows_json = self.rows.select(("KEY", "NAME"), rows, encode_rows_apart(rows.values))
        assert rows_json == encode_rows_apart(chosen.values)
        self.send(chosen, ("KEY", "NAME"))
        return list(chosen.numbers)

    def send(self, rows: Rows, names: tuple[str, ...]) -> None:
        """Send rows, which are acknowledged."""
        self._tickets += 1
        batch = Batch(self._tickets, ROUTE, names, 0.0)
        batch.append(rows, 0, len(rows), b"")
        self.changes.note_sent(batch)
        assert batch.fingerprints == []
        self.changes.acknowledge(self._tickets)

    def close(self) -> None:
        """End the run."""
        self.changes.finish()
        self.changes.close()

    def reject(self, key: int) -> None:
        """Reject a record."""
        self.rows.forget(key)


def test_rows_of_an_earlier_run_are_left_out(server: PreparedServer, tmp_path: Path) -> None:
    """They are counted; rows of this run are sent as often as they come."""
    with closing(Run(server, tmp_path)) as run:
        assert run.load((1, "a"), (2, "b"), (1, "a")) == [0, 1, 2]
        assert run.load((1, "a")) == [0]
    with closing(Run(server, tmp_path)) as run:
        assert run.load((1, "a"), (2, "c"), (3, "d")) == [1, 2]
        assert "1 unchanged, 1 new, 1 changed" in "\n".join(run.report.lines())
        assert run.report.records_read == 1, "the others are counted when they are put in batches"


@pytest.mark.parametrize("together", [True, False])
def test_once_a_row_of_a_key_is_sent_later_ones_are_too(
    server: PreparedServer, tmp_path: Path, *, together: bool
) -> None:
    """In one chunk or in several."""
    with closing(Run(server, tmp_path)) as run:
        run.load((1, "a"))
    with closing(Run(server, tmp_path)) as run:
        rows = [(1, "a"), (1, "b"), (1, "a"), (1, "a")]
        chosen = run.load(*rows) if together else [index for index, row in enumerate(rows) if run.load(row)]
        assert chosen == [1, 2, 3]
    with closing(Run(server, tmp_path)) as run:
        assert run.load((1, "a")) == []


def test_rows_after_a_rejected_record_are_sent(server: PreparedServer, tmp_path: Path) -> None:
    """They must be loaded after it when it is replayed."""
    with closing(Run(server, tmp_path)) as run:
        run.load((1, "a"), (2, "b"))
    with closing(Run(server, tmp_path)) as run:
        run.reject(1)
        assert run.load((1, "a"), (2, "b")) == [0]


def test_records_that_left_are_sent_when_they_come_back(server: PreparedServer, tmp_path: Path) -> None:
    """They were forgotten before they left."""
    with closing(Run(server, tmp_path)) as run:
        run.load((1, "a"), (2, "b"))
    with closing(Run(server, tmp_path)) as run:
        run.changes.forget(ROUTE, [2])
    with closing(Run(server, tmp_path)) as run:
        assert run.load((1, "a"), (2, "b")) == [1]


def test_segments_that_are_missing(server: PreparedServer, tmp_path: Path) -> None:
    """Their rows are sent, so that the load creates or misses them. Each is looked for once in a run."""
    with closing(Run(server, tmp_path)) as run:
        run.load((1, "a"), (2, "b"), segments=["vip", ()])
    with closing(Run(server, tmp_path)) as run:
        for _ in range(3):
            assert run.load((1, "a"), (2, "b"), (1, "a"), segments=["vip", (), "vip"]) == [0, 2]
    assert server.count("GET lists/contacts/segments/vip") == 1


@pytest.mark.parametrize("field", ["_SDC_EXTRACTED_AT", "RUN"])
def test_what_differs_in_each_run_makes_no_difference(server: PreparedServer, tmp_path: Path, field: str) -> None:
    """Such as the time of the export. It is sent if something else changes."""
    names = ("KEY", field, "NAME")
    for values, sent in ((("today", "a"), 1), (("tomorrow", "a"), 0), (("then", "b"), 1)):
        with closing(Run(server, tmp_path)) as run:
            rows = Rows([(1, *values)], [1], (), [b""], [1])
            chosen, _ = run.rows.select(names, rows, encode_rows_apart(rows.values))
            assert list(chosen.values) == [(1, *values)] * sent
            run.send(chosen, names)


def test_streams_of_one_list_have_the_same_key(server: PreparedServer, tmp_path: Path) -> None:
    """By another key, one would change what the other has written, and nobody would know."""
    with closing(Run(server, tmp_path)) as run:
        other = replace(ROUTE, stream="others", key_fields=("MAIL",))
        with pytest.raises(InputError, match="stream people has KEY, stream others has MAIL"):
            run.changes.open_stream(other, run.destination, FIELDS)

"""From which number a tenant counts rows: by the refused values, else by rows that are sent alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.api.refusals import RecordIndexes, RefusedRow
from target_selligent.api.results import LoadResult
from target_selligent.batches.body import Body, encode_rows
from target_selligent.loading.destination import ListDestination
from target_selligent.loading.index_probe import IndexProbe
from target_selligent.loading.loads import LoadShape
from target_selligent.records.conversions import FieldType
from target_selligent.records.fields import derive_stream_fields

if TYPE_CHECKING:
    from tests.unit.prepared_server import PreparedServer

SHAPE = LoadShape("List contacts", ("KEY", "VALUE"), ("KEY",), (FieldType.LONG,), 1000)
FIELDS = {"fields": [{"name": "KEY", "data_type": "Long"}, {"name": "VALUE", "data_type": "Text", "length": 3}]}
SCHEMA = {"properties": {"key": {"type": "integer"}, "value": {"type": "string"}}}


class Probe:
    """A probe of some rows, in a tenant that refuses some rows when they are sent alone.

    Attributes:
        sent: The keys of each call.
    """

    def __init__(self, server: PreparedServer, rows: list[tuple[int, str]], *bad: int, base: int = 0) -> None:
        server.answer("GET lists/contacts", {"api_name": "contacts"})
        server.answer("GET lists/contacts/fields", FIELDS)
        destination = ListDestination(server.client(), "contacts", create_list=False, create_segments=False)
        destination.prepare("people", derive_stream_fields("people", SCHEMA, ["key"]))
        body = Body()
        body.append(encode_rows(rows), len(rows))
        self._rows, self._bad, self._base = rows, bad, base
        self._part = range(len(rows))
        self.sent: list[list[int]] = []
        self.indexes = RecordIndexes()
        self._probe = IndexProbe(body, SHAPE, destination, self.indexes, self._send)

    def find_base(self, index: int, code: str = "Other", field: str | None = "VALUE") -> int | None:
        """Return the base that the probe finds, after an answer with a `record_index`."""
        return self._probe.find_base(self._part, {index: RefusedRow(index, field, "no", code)})

    @property
    def known_bases(self) -> list[int]:
        """What the run knows now."""
        return sorted(self.indexes.possible_bases([1], 2))

    def _send(self, part: range) -> LoadResult:
        keys = [self._rows[index][0] for index in part]
        self.sent.append(keys)
        refused: tuple[Any, ...] = ()
        if len(keys) == 1 and part[0] in self._bad:
            refused = (RefusedRow(self._base, "VALUE", "no", "Other"),)
        return LoadResult(0, 0, 0, 0, failed=len(refused), refused=refused)


@pytest.mark.parametrize(("long_row", "base"), [(1, 0), (0, 1)])
def test_the_values_decide_without_a_call(server: PreparedServer, long_row: int, base: int) -> None:
    """Only one of the two rows has a value that is too long."""
    rows = [(key, "long" if key == long_row else "x") for key in range(3)]
    probe = Probe(server, rows)
    assert probe.find_base(1, "MaxStringLengthExceeded") == base
    assert probe.known_bases == [base]
    assert probe.sent == []


def test_the_field_may_be_spelled_in_another_way(server: PreparedServer) -> None:
    """Names differ in case only."""
    probe = Probe(server, [(0, "long"), (1, "x"), (2, "x")])
    assert probe.find_base(1, "MaxStringLengthExceeded", "value") == 1
    assert probe.sent == []


@pytest.mark.parametrize("field", [None, "OTHER"])
def test_a_field_that_is_not_sent_decides_nothing(server: PreparedServer, field: str | None) -> None:
    """Then rows are sent alone."""
    probe = Probe(server, [(0, "long"), (1, "x"), (2, "x")], 1)
    assert probe.find_base(1, "MaxStringLengthExceeded", field) == 0
    assert probe.sent == [[0], [1]]


def test_the_earlier_row_is_sent_first(server: PreparedServer) -> None:
    """If it is refused, the answer to this one row shows the base."""
    probe = Probe(server, [(0, "x"), (1, "x"), (2, "x")], 0, base=1)
    assert probe.find_base(1) == 1
    assert probe.sent == [[0]]
    assert probe.known_bases == [1]


def test_the_later_row_is_sent_if_the_earlier_one_is_loaded(server: PreparedServer) -> None:
    """It is the one that was meant."""
    probe = Probe(server, [(0, "x"), (1, "x"), (2, "x")], 1)
    assert probe.find_base(1) == 0
    assert probe.sent == [[0], [1]]
    assert probe.known_bases == [0]


def test_two_rows_that_are_loaded_alone_leave_it_open(server: PreparedServer) -> None:
    """Nothing is remembered."""
    probe = Probe(server, [(0, "x"), (1, "x"), (2, "x")])
    assert probe.find_base(1) is None
    assert probe.known_bases == [0, 1]


def test_later_rows_of_the_key_are_sent_again(server: PreparedServer) -> None:
    """The earlier row was loaded once more, and the last row of its key must win."""
    probe = Probe(server, [(5, "a"), (6, "x"), (5, "b"), (7, "x")], 1)
    assert probe.find_base(1) == 0
    assert probe.sent == [[5], [6], [5, 7]]

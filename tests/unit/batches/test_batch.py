"""Rows and batches: rows split by fields, members of Segments and their records."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from target_selligent.batches.batch import Batch, Route, Rows
from target_selligent.batches.body import encode_rows
from target_selligent.records.conversions import FieldType
from tests.unit.rows import ROUTE, rows_of

FIELDS = ("KEY", "A", "B")
VALUES = st.just(UNSET) | st.integers(0, 3)


@given(st.lists(st.tuples(st.integers(0, 4), VALUES, VALUES), min_size=1, max_size=12))
def test_rows_are_split_by_fields(values: list[tuple[Any, ...]]) -> None:
    """Rows with the same fields come together, a missing column gets no value, and each key keeps its order."""
    rows = Rows(values, [row[0] for row in values], (), [b""] * len(values), range(len(values)))
    found: dict[int, dict[str, Any]] = {}
    order: dict[int, list[int]] = {}
    for fields, some in rows.split_by_fields(FIELDS, rows.keys):
        for row, key, number in zip(some.values, some.keys, some.numbers, strict=True):
            found[number] = dict(zip(fields, row, strict=True))
            order.setdefault(key, []).append(number)
    assert found == {
        number: {name: value for name, value in zip(FIELDS, row, strict=True) if value is not UNSET}
        for number, row in enumerate(values)
    }
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_refused_rows_join_no_segment() -> None:
    """Refused rows join no Segment, and the members that are left still know their records."""
    batch = Batch(1, ROUTE, ("KEY", "A"), 0.0)
    rows = rows_of([5, 6, 7, 8], [0, 1, 3, 2], [0, 0, 0, 0])
    batch.append(rows, 0, 4, encode_rows(rows.values))
    batch.group_keys_by_segment({0})
    assert batch.segment_keys == {"s": [1, 3], "t": [1]}
    assert [batch.members.member_record_number("s", position) for position in (0, 1)] == [6, 7]
    assert list(batch.segment_keys) == ["s", "t"]
    assert batch.members.indexes_naming("t") == [1]
    assert batch.members.indexes_naming_none_of({"t"}) == {0, 2}


def test_keys_of_several_fields() -> None:
    """The key of a member has the values of all key fields."""
    route = Route("people", "contacts", ("A", "B"), ("a", "b"), (FieldType.LONG, FieldType.TEXT), "seg")
    batch = Batch(1, route, ("A", "B"), 0.0)
    rows = Rows([(1, "x"), (2, "y")], [(1, "x"), (2, "y")], ["s", "s"], [b"", b""], [1, 2])
    batch.append(rows, 0, 2, encode_rows(rows.values))
    batch.group_keys_by_segment()
    assert batch.segment_keys == {"s": [(1, "x"), (2, "y")]}

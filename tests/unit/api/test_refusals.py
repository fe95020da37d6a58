"""Which rows an answer means: every number from which it may count, and the values that decide between them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.refusals import RecordIndexes, RefusedRow, base_from_values, merge_by_index
from target_selligent.records.conversions import FieldType
from target_selligent.records.field_definitions import FieldDefinition

TEXT = FieldDefinition("VALUE", FieldType.TEXT, 3)
LONG = FieldDefinition("VALUE", FieldType.LONG)


def fault(code: str, index: int = 1, message: str = "no") -> RefusedRow:
    """Return a refusal."""
    return RefusedRow(index, "VALUE", message, code)


@given(st.sampled_from([0, 1]), st.integers(1, 20), st.data())
def test_indexes_mean_the_refused_rows(base: int, rows: int, data: st.DataObject) -> None:
    """Whatever rows are refused, the number from which they are counted is among those that are possible."""
    refused = data.draw(st.sets(st.integers(0, rows - 1), min_size=1))
    indexes = RecordIndexes()
    bases = indexes.possible_bases([row + base for row in refused], rows)
    assert base in bases
    assert (len(bases) == 1) == (0 in refused if base == 0 else rows - 1 in refused)
    if len(bases) == 1:
        # From now on it is known, also where an answer alone would leave it open.
        assert indexes.possible_bases([1], 2) == {base}


@pytest.mark.parametrize("indexes", [[-1], [3], [0, 2], [1, 5]], ids=str)
def test_indexes_that_make_no_sense(indexes: list[int]) -> None:
    """An index that no row can have, from 0 or from 1, is seen, and nothing is learned from it."""
    known = RecordIndexes()
    assert known.possible_bases(indexes, 2) == frozenset()
    assert known.possible_bases([1], 2) == {0, 1}


def test_what_is_known_stays() -> None:
    """An answer that contradicts what is known makes no sense; it does not change what is known."""
    known = RecordIndexes()
    known.remember_base(1)
    known.remember_base(0)
    assert known.possible_bases([0], 2) == frozenset()
    assert known.possible_bases([1], 2) == {1}


def test_two_faults_of_one_row_are_one_refusal() -> None:
    """Faults with one index become one refusal, with the first field and code and all reasons."""
    found = merge_by_index([fault("A", 1, "one"), fault("B", 1, "two"), fault("C", 2, "three")])
    assert found == {1: fault("A", 1, "one; two"), 2: fault("C", 2, "three")}


@pytest.mark.parametrize(
    ("code", "field", "values", "base"),
    [
        ("MaxStringLengthExceeded", TEXT, ("long", "ok"), 0),
        ("MaxStringLengthExceeded", TEXT, ("ok", "long"), 1),
        ("MaxStringLengthExceeded", TEXT, ("long", "long"), None),
        ("MaxStringLengthExceeded", TEXT, ("ok", "ok"), None),
        ("MaxStringLengthExceeded", TEXT, ("long", None), None),
        ("MaxStringLengthExceeded", TEXT, ("ok", "\N{GRINNING FACE}" * 2), None),
        ("MaxStringLengthExceeded", FieldDefinition("VALUE", FieldType.TEXT), ("long", "ok"), None),
        ("InvalidType", LONG, ("text", 1), 0),
        ("InvalidType", LONG, (1, True), 1),
        ("InvalidType", FieldDefinition("VALUE", FieldType.NUMERIC), (1, "text"), None),
        ("Unknown", TEXT, ("long", "ok"), None),
    ],
    ids=str,
)
def test_values_that_tell(code: str, field: FieldDefinition, values: tuple[Any, Any], base: int | None) -> None:
    """A value that cannot be stored, beside one that can, says which row is meant; any other pair says nothing."""
    assert base_from_values(fault(code), field, values) == base

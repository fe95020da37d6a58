"""How many rows a load has: more while this is faster, fewer if the tenant cannot take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.loading.batch_size import BatchSize, BatchSizes

if TYPE_CHECKING:
    from collections.abc import Sequence

START, MAXIMUM = 2500, 25_000


def seconds_of(rows: int, fixed: float = 0.15, per_row: float = 20e-6) -> float:
    """Return what a call takes, by its rows."""
    return fixed + rows * per_row


def sizes_after(size: BatchSize, answers: Sequence[float]) -> list[int]:
    """Return the size after each of some full loads, by the seconds that they take."""
    found = []
    for seconds in answers:
        size.note_answer(size.rows, seconds)
        found.append(size.rows)
    return found


def grown() -> BatchSize:
    """Return a size that has grown to its maximum."""
    size = BatchSize(START, MAXIMUM, 10)
    while not size.was_found:
        size.note_answer(size.rows, seconds_of(size.rows))
    assert size.rows == MAXIMUM
    return size


def test_loads_double_while_this_is_faster() -> None:
    """To the maximum. A last small step is not worth a load."""
    size = BatchSize(START, MAXIMUM, 10)
    sizes = []
    while not size.was_found:
        size.note_answer(size.rows, seconds_of(size.rows))
        sizes.append(size.rows)
    assert sizes == [5000, 10_000, 25_000]
    assert size.grown_to == 10_000, "no load was larger yet"
    size.note_answer(25_000, seconds_of(25_000))
    assert size.grown_to == 25_000


def test_a_last_step_that_would_take_too_long_is_no_reason_not_to_double() -> None:
    """A call of 20,000 rows may take ten seconds here, one of 25,000 may not."""
    size = BatchSize(10_000, MAXIMUM, 60)
    size.note_answer(10_000, 4.5)
    assert size.rows == 20_000


def test_loads_stop_growing_when_it_is_no_faster() -> None:
    """A tenant whose rows take all the time: after three answers that are no faster than before."""
    size = BatchSize(START, MAXIMUM, 10)
    assert sizes_after(size, [1, 2, 2, 2, 2]) == [5000] * 5
    assert size.was_found


def test_one_slow_answer_does_not_end_the_growth() -> None:
    """The fastest of three answers of a size counts."""
    size = BatchSize(START, MAXIMUM, 10)
    assert sizes_after(size, [0.2, 9, 0.25]) == [5000, 5000, 10_000]


@pytest.mark.parametrize(("max_age", "seconds"), [(60, 5.1), (4, 2.1)])
def test_a_call_would_take_too_long(max_age: int, seconds: float) -> None:
    """Longer than ten seconds, or than STATE may be held back."""
    size = BatchSize(START, MAXIMUM, max_age)
    assert sizes_after(size, [seconds]) == [START]
    size = BatchSize(START, MAXIMUM, max_age)
    assert sizes_after(size, [seconds - 0.2]) == [5000]


def test_a_call_that_takes_too_long_halves_the_loads() -> None:
    """For the rest of the run."""
    size = grown()
    assert sizes_after(size, [10.1, 0.1, 0.1, 0.1]) == [12_500] * 4


def test_small_loads_say_nothing() -> None:
    """As the last one of a run, or one that was loaded for its age."""
    size = BatchSize(START, MAXIMUM, 10)
    size.note_answer(START // 2, 0.01)
    assert size.rows == START
    size.note_answer(START // 2 + 1, 0.01)
    assert size.rows == 2 * START


def test_a_load_that_is_too_large_ends_the_growth() -> None:
    """It is halved, and no load is as large again."""
    size = BatchSize(START, MAXIMUM, 10)
    sizes_after(size, [0.2, 0.3])
    size.note_too_large(10_000)
    assert size.rows == 5000
    assert sizes_after(size, [0.3] * 30) == [5000] * 30
    assert size.was_found


def test_an_overloaded_tenant_gets_smaller_loads_for_a_while() -> None:
    """Half as large, and larger again after ten answers, and later after twenty."""
    size = grown()
    for pause in (10, 20):
        size.note_overload()
        halved = size.rows
        assert halved == MAXIMUM // 2
        assert sizes_after(size, [seconds_of(halved)] * pause) == [halved] * pause
        assert sizes_after(size, [seconds_of(halved)]) == [MAXIMUM]


@pytest.mark.parametrize("maximum", [1, START])
def test_loads_do_not_grow(maximum: int) -> None:
    """If the maximum is not above the start."""
    size = BatchSize(START, maximum, 10)
    assert sizes_after(size, [0.1, 0.1]) == [START] * 2
    assert not size.was_found
    assert size.grown_to is None


_events = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.floats(0, 20)),
        st.tuples(st.just("too large"), st.just(0.0)),
        st.tuples(st.just("overload"), st.just(0.0)),
    ),
    max_size=40,
)


@given(st.integers(1, 5000), st.integers(1, 50_000), st.integers(1, 60), _events)
def test_always_between_start_and_maximum(
    start: int, maximum: int, max_age: int, events: list[tuple[str, float]]
) -> None:
    """Whatever happens. A size that was too large never comes again, and loads grow only after an answer.

    They are doubled, but for a last step that takes a small one with it.
    """
    size = BatchSize(start, maximum, max_age)
    limit = max(start, maximum)
    for event, seconds in events:
        before = size.rows
        if event == "answer":
            size.note_answer(before, seconds)
            assert size.rows <= 2 * before or size.rows == limit <= 2.5 * before
            assert size.rows <= before or seconds <= min(10, max_age)
        elif event == "too large":
            size.note_too_large(before)
            limit = min(limit, max(start, before // 2)) if before > start else limit
        else:
            size.note_overload()
            assert size.rows in {max(start, before // 2), before}
        assert start <= size.rows <= limit


@given(st.floats(0.001, 1), st.floats(0, 1e-4))
def test_a_tenant_with_the_same_costs_for_each_call_gets_the_size_at_once(fixed: float, per_row: float) -> None:
    """No answer is needed twice to grow: what it costs is no more than the number of doublings."""
    size = BatchSize(START, MAXIMUM, 60)
    answers = 0
    while not size.was_found and answers < 20:
        size.note_answer(size.rows, seconds_of(size.rows, fixed, per_row))
        answers += 1
    assert answers <= 4 + 3


def test_each_list_has_its_own_size() -> None:
    """It is the same for all who ask."""
    sizes = BatchSizes(START, MAXIMUM, 10)
    sizes.of_list("one").note_answer(START, 0.1)
    assert [sizes.of_list(name).rows for name in ("one", "two", "one")] == [2 * START, START, 2 * START]

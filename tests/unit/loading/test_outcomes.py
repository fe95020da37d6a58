"""What follows from a load call: which rows are refused, when a part is halved, and who is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.refusals import RecordIndexes, RefusedRow
from target_selligent.api.results import LoadResult
from target_selligent.errors import BadRequestError
from target_selligent.loading.outcomes import (
    VALIDATION_FAILED,
    AcceptedParameters,
    AfterLoss,
    Done,
    LostParts,
    PartPosition,
    RowIndex,
    Split,
    Suspects,
    UnknownBase,
    outcome,
    outcome_with_base,
    row_at,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PARAMETERS = ("List contacts", "KEY,VALUE", "KEY")


def answer(
    *indexes: int, failed: int | None = None, load_failed: bool = False, message: str = "", code: str = "InvalidType"
) -> LoadResult:
    """Return an answer that names rows by their `record_index`."""
    refused = tuple(RefusedRow(index, "VALUE", f"row {index} is wrong", code) for index in indexes)
    count = len(set(indexes)) if failed is None else failed
    return LoadResult(0, 0, 0, 0, failed=count, refused=refused, load_failed=load_failed, message=message)


def decide(
    rows: int, result: LoadResult, indexes: RecordIndexes | None = None, *, stop_on_error: bool = False
) -> Done | Split | UnknownBase:
    """Return what follows from an answer."""
    return outcome(rows, result, indexes or RecordIndexes(), stop_on_error=stop_on_error)


def refused_positions(decision: Done | Split | UnknownBase) -> list[int]:
    """Return the positions of the refused rows of a finished part."""
    assert isinstance(decision, Done)
    return sorted(decision.refused)


def error() -> BadRequestError:
    """Return a refusal that names neither row nor field."""
    return BadRequestError("no", call="POST lists/contacts/data/load", code=VALIDATION_FAILED)


@given(st.integers(0, 1), st.integers(2, 20), st.data())
def test_refused_rows_are_found_by_their_index(base: int, rows: int, data: st.DataObject) -> None:
    """With either base, the refused positions are the right ones, or it is said that the base is unknown."""
    refused = sorted(data.draw(st.sets(st.integers(0, rows - 1))))
    decision = decide(rows, answer(*(position + base for position in refused)))
    if isinstance(decision, UnknownBase):
        decision = outcome_with_base(decision.faults, base, stop_on_error=False)
    assert refused_positions(decision) == refused


def test_an_index_that_fits_both_bases_is_left_open() -> None:
    """Index 1 of three rows is the first row or the second; index 0 is the first row only."""
    assert isinstance(decide(3, answer(1)), UnknownBase)
    assert refused_positions(decide(3, answer(0))) == [0]


def test_a_base_that_is_known_is_used() -> None:
    """Once an answer has shown the base, no later answer leaves it open."""
    indexes = RecordIndexes()
    assert refused_positions(decide(3, answer(3), indexes)) == [2]
    assert refused_positions(decide(3, answer(1), indexes)) == [0]


def test_a_single_row_is_refused_whatever_its_index() -> None:
    """The answer to a load of one row means that row, and shows the base for later answers."""
    indexes = RecordIndexes()
    assert refused_positions(decide(1, answer(1), indexes)) == [0]
    assert refused_positions(decide(3, answer(1), indexes)) == [0]
    assert refused_positions(decide(1, answer(7))) == [0]


@pytest.mark.parametrize(
    ("message", "reason"), [("why", "Selligent refused it"), ("", "Selligent refused it and gave no reason")]
)
def test_a_single_row_that_is_counted_as_failed_is_refused(message: str, reason: str) -> None:
    """An answer that counts a failed row and names none is about the one row that was sent."""
    decision = decide(1, answer(failed=1, message=message))
    assert isinstance(decision, Done)
    refusal = decision.refused[PartPosition(0)]
    assert (refusal.rejection.reason, refusal.rejection.code) == (reason, "Unknown")
    assert refusal.vendor_message == message


@pytest.mark.parametrize(
    "result",
    [answer(failed=1), answer(0, failed=2), answer(load_failed=True), answer(0, load_failed=True), answer(9)],
    ids=["none named", "one of two named", "abandoned", "abandoned, one named", "index out of range"],
)
def test_an_answer_that_does_not_name_all_refused_rows_splits_the_part(result: LoadResult) -> None:
    """Smaller parts show which rows are refused. With StopOnError nothing is sent again."""
    assert isinstance(decide(3, result), Split)
    assert not isinstance(decide(3, result, stop_on_error=True), Split)


def test_an_abandoned_load_is_finished_if_all_rows_are_named() -> None:
    """If every row is refused, there is nothing left to find out."""
    assert refused_positions(decide(2, answer(0, 1, load_failed=True))) == [0, 1]


def test_a_base_that_nothing_shows_splits_the_part() -> None:
    """If neither base fits, smaller parts show which rows are refused; with StopOnError, none is sent again."""
    assert isinstance(outcome_with_base({}, None, stop_on_error=False), Split)
    assert outcome_with_base({}, None, stop_on_error=True) == Done({})


def test_a_position_in_a_part_is_not_an_index_in_the_load() -> None:
    """The second row of a part that begins with row 4 is row 5."""
    assert row_at(range(4, 8), PartPosition(1)) == 5


def losses(part: range, count: int, *, timed_out: bool = False, size_was_accepted: bool = False) -> list[AfterLoss]:
    """Return what to do each time that a part is lost."""
    lost = LostParts()
    return [lost.next_step(part, timed_out=timed_out, size_was_accepted=size_was_accepted) for _ in range(count)]


def test_a_part_that_is_lost_again_and_again_is_halved() -> None:
    """A connection may break twice by chance; a time-out takes long, so the second one is enough."""
    first = AfterLoss.SEND_LAST_ROW_FIRST
    assert losses(range(8), 3) == [first, first, AfterLoss.SPLIT]
    assert losses(range(8), 2, timed_out=True) == [first, AfterLoss.SPLIT]


def test_a_part_of_an_accepted_size_is_sent_again_like_a_single_row() -> None:
    """Its size is no reason: it gets all the tries of a single row, and then the run ends."""
    assert losses(range(8), 2, size_was_accepted=True) == [AfterLoss.SEND_AGAIN, AfterLoss.GIVE_UP]
    lost = LostParts()
    assert lost.splittable(range(8))
    lost.next_step(range(8), timed_out=False, size_was_accepted=True)
    assert not lost.splittable(range(8))
    assert lost.splittable(range(4))


def test_an_accepted_size_does_not_excuse_a_timeout() -> None:
    """A body that Selligent has accepted before may still take too long to load."""
    steps = losses(range(8), 2, timed_out=True, size_was_accepted=True)
    assert steps == [AfterLoss.SEND_LAST_ROW_FIRST, AfterLoss.SPLIT]


def test_a_single_row_that_is_lost_has_had_all_its_tries() -> None:
    """A single row cannot be halved."""
    assert losses(range(3, 4), 1) == [AfterLoss.GIVE_UP]


def test_losses_of_other_parts_do_not_count() -> None:
    """Only the same part, lost several times in a row, is too large."""
    lost = LostParts()
    steps = [
        lost.next_step(part, timed_out=False, size_was_accepted=False)
        for part in (range(8), range(4), range(8), range(8))
    ]
    assert steps == [AfterLoss.SEND_LAST_ROW_FIRST] * 4


def test_suspects_are_at_fault_once_another_row_is_loaded() -> None:
    """Before that, they wait; after that, each row that fails alone is at fault at once."""
    suspects = Suspects()
    assert suspects.add(RowIndex(1), error()) == {}
    assert suspects.add(RowIndex(2), error()) == {}
    assert list(suspects.note_loaded()) == [1, 2]
    assert len(suspects) == 0
    assert list(suspects.add(RowIndex(5), error())) == [5]


def test_many_suspects_and_no_loaded_row_end_the_run() -> None:
    """If six rows fail and none is loaded, the request is at fault."""
    suspects = Suspects()
    for row in range(5):
        assert suspects.add(RowIndex(row), error()) == {}
    with pytest.raises(BadRequestError):
        suspects.add(RowIndex(5), error())


def blamed(accepted: AcceptedParameters, loads: Sequence[str]) -> list[bool]:
    """Return, for each load without a loaded row, whether its rows are at fault; loads follow each other.

    Args:
        accepted: What is known.
        loads: `good` for a load that succeeds, `bad` for one whose rows are all refused.
    """
    found = []
    for load in loads:
        start = accepted.start(PARAMETERS)
        if load == "good":
            accepted.note_loaded(PARAMETERS)
        else:
            found.append(accepted.blames_rows(start))
    return found


def test_rows_are_at_fault_if_the_load_before_succeeded() -> None:
    """The first load has no proof, and a proof is good for one load of refused rows."""
    assert blamed(AcceptedParameters(), ["bad"]) == [False]
    assert blamed(AcceptedParameters(), ["good", "bad", "bad"]) == [True, False]
    assert blamed(AcceptedParameters(), ["good", "bad", "good", "bad"]) == [True, True]


def test_other_parameters_are_no_proof() -> None:
    """A load into another List, or with other fields, says nothing about this one."""
    accepted = AcceptedParameters()
    accepted.note_loaded(("List goods", "KEY", "KEY"))
    assert not accepted.blames_rows(accepted.start(PARAMETERS))


def test_loads_that_run_side_by_side_share_a_proof() -> None:
    """Loads that began after the same success are judged alike, in whichever order they end."""
    accepted = AcceptedParameters()
    accepted.note_loaded(PARAMETERS)
    starts = [accepted.start(PARAMETERS) for _ in range(2)]
    assert [accepted.blames_rows(start) for start in starts] == [True, True]
    assert not accepted.blames_rows(accepted.start(PARAMETERS))


def test_a_success_during_a_load_is_a_proof() -> None:
    """A load that began without proof is judged by what succeeded beside it."""
    accepted = AcceptedParameters()
    start = accepted.start(PARAMETERS)
    accepted.note_loaded(PARAMETERS)
    assert accepted.blames_rows(start)

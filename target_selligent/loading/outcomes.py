"""Decides what follows from one load call: is it finished, or which rows must be sent again? Pure; no I/O.

`parts.py` makes the calls and does what is decided here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NewType

from target_selligent.api import RefusedRow, merge_by_index
from target_selligent.errors import BadRequestError, RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_selligent.api import LoadResult, RecordIndexes

RowIndex = NewType("RowIndex", int)
"""Index of a row among all rows of a load, from 0."""
PartPosition = NewType("PartPosition", int)
"""Position of a row among the rows that one call sends, from 0."""


def row_at(part: range, position: PartPosition) -> RowIndex:
    """Return the index of the row at a position of a part."""
    return RowIndex(part[position])


VALIDATION_FAILED = "ValidationFailed"
_MAX_SUSPECTS = 5
"""Maximum number of rows that may fail alone before another row is loaded. More of them: the request is at fault."""
_MAX_LOSSES, _MAX_TIMEOUTS = 3, 2
"""How often a part must be lost, or time out, in a row to be halved. Two connections in a row may break by chance."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Selligent refused one row.

    Args:
        rejection: The reason, without values of the record.
        vendor_message: What Selligent said about the row. It may quote values.
    """

    rejection: RejectedRecord
    vendor_message: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """The call is finished: all rows are loaded, except those that are refused here."""

    refused: Mapping[PartPosition, Refusal]


@dataclass(frozen=True, slots=True)
class Split:
    """The answer does not say which rows were refused. Each half of the part must be sent by itself."""


@dataclass(frozen=True, slots=True)
class UnknownBase:
    """The answer names the refused rows, but its indexes may count from 0 or from 1.

    Args:
        faults: What is wrong with each refused row, by `record_index`.
    """

    faults: Mapping[int, RefusedRow]


def outcome(
    row_count: int, result: LoadResult, indexes: RecordIndexes, *, stop_on_error: bool
) -> Done | Split | UnknownBase:
    """Decide what follows from an answer that has counts.

    Args:
        row_count: How many rows were sent.
        result: The answer.
        indexes: Knows from which number the tenant counts rows, if an earlier answer has shown it.
        stop_on_error: Whether Selligent stops at the first refused row. Then nothing is sent again.
    """
    faults = merge_by_index(result.refused)
    if row_count == 1:
        # The call updates `indexes`. Whatever the index is, it means the one row.
        indexes.possible_bases(faults, 1)
        return Done({PartPosition(0): refusal} if (refusal := _refusal_of_single_row(faults, result)) else {})
    refused = max(result.failed, row_count if result.load_failed else 0)
    if len(faults) < refused and not stop_on_error:
        return Split()
    bases = indexes.possible_bases(faults, row_count)
    if faults and len(bases) > 1:
        return UnknownBase(faults)
    return outcome_with_base(faults, next(iter(bases), None), stop_on_error=stop_on_error)


def outcome_with_base(faults: Mapping[int, RefusedRow], base: int | None, *, stop_on_error: bool) -> Done | Split:
    """Decide what follows from an answer, once it is found out from which number it counts rows.

    Args:
        faults: What is wrong with each refused row, by `record_index`.
        base: The number of the first row, 0 or 1; None if no number fits the indexes.
        stop_on_error: Whether Selligent stops at the first refused row. Then nothing is sent again.
    """
    if base is None:
        return Done({}) if stop_on_error else Split()
    return Done({PartPosition(index - base): _refusal(fault) for index, fault in faults.items()})


def _refusal(fault: RefusedRow) -> Refusal:
    return Refusal(RejectedRecord("Selligent refused it", field=fault.field, code=fault.code), fault.message)


def _refusal_of_single_row(faults: Mapping[int, RefusedRow], result: LoadResult) -> Refusal | None:
    if faults:
        return _refusal(next(iter(faults.values())))
    if not result.failed:
        return None
    reason = "Selligent refused it" if result.message else "Selligent refused it and gave no reason"
    return Refusal(RejectedRecord(reason, code="Unknown"), result.message)


class AfterLoss(Enum):
    """What to do when no answer came for a part."""

    GIVE_UP = auto()
    """Raise the error. A single row, or a part that is sent like one, has had all its tries."""
    SEND_AGAIN = auto()
    """Send the part again, with all the tries of a single row: Selligent has accepted its size before."""
    SEND_LAST_ROW_FIRST = auto()
    """Send the last row alone, with all its tries, then the part again."""
    SPLIT = auto()
    """Halve the part: its size is the reason."""


class LostParts:
    """Decides whether a part is lost because of its size, or because nothing gets through.

    Selligent may have loaded a part whose answer is lost. So the part is sent again whole, and before it the last row
    only: an earlier row could bring an old value of its key back.
    """

    def __init__(self) -> None:
        self._last: range | None = None
        self._count = 0
        self._sent_like_a_row: range | None = None

    def splittable(self, part: range) -> bool:
        """Return whether a lost part may be halved. If not, it gets all the tries of a single row."""
        return len(part) > 1 and part != self._sent_like_a_row

    def next_step(self, part: range, *, timed_out: bool, size_was_accepted: bool) -> AfterLoss:
        """Decide what to do about a lost part.

        Args:
            part: The part.
            timed_out: Whether no answer came in time. If not, the connection was lost.
            size_was_accepted: Whether Selligent has loaded a part of this size before.
        """
        if not self.splittable(part):
            return AfterLoss.GIVE_UP
        if size_was_accepted and not timed_out:
            self._sent_like_a_row = part
            return AfterLoss.SEND_AGAIN
        self._count = self._count + 1 if part == self._last else 1
        self._last = part
        if self._count >= (_MAX_TIMEOUTS if timed_out else _MAX_LOSSES):
            return AfterLoss.SPLIT
        return AfterLoss.SEND_LAST_ROW_FIRST


class Suspects:
    """Rows that Selligent refused alone with a bare `ValidationFailed`, which names neither row nor field.

    Either the rows are at fault, or every request of this kind is. Once another row of the same load is loaded, the
    rows are at fault.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[RowIndex, BadRequestError]] = []
        self._row_was_loaded = False

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def first_error(self) -> BadRequestError:
        """The error of the first row."""
        return self._rows[0][1]

    def add(self, row: RowIndex, error: BadRequestError) -> Mapping[RowIndex, BadRequestError]:
        """Add a row; return the rows that are at fault for certain.

        Raises:
            BadRequestError: If so many rows have failed that the request is at fault.
        """
        self._rows.append((row, error))
        if self._row_was_loaded:
            return self.pop_all()
        if len(self._rows) > _MAX_SUSPECTS:
            raise error
        return {}

    def note_loaded(self) -> Mapping[RowIndex, BadRequestError]:
        """Note that a part of the load was loaded; return the rows that are at fault for certain."""
        self._row_was_loaded = True
        return self.pop_all()

    def pop_all(self) -> Mapping[RowIndex, BadRequestError]:
        """Return all rows, and forget them."""
        rows = dict(self._rows)
        self._rows.clear()
        return rows


Parameters = tuple[str, ...]
"""What two loads have in common, apart from their rows: the List or Segment, fields and key fields."""


@dataclass(frozen=True, slots=True)
class LoadStart:
    """What `AcceptedParameters` knew when a load began.

    Args:
        parameters: The load's parameters.
        answers: How many calls with these parameters had succeeded.
        is_proof: Whether a call had succeeded since the last load whose rows were all refused.
    """

    parameters: Parameters
    answers: int
    is_proof: bool


class AcceptedParameters:
    """Remembers with which parameters loads have succeeded. May be used from any thread.

    If Selligent refuses each row of a load with a bare `ValidationFailed`, this decides who is at fault. If the load
    before succeeded with the same parameters, the rows are. If not, the request is: the run must not reject all
    records one by one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Parameters, int] = {}
        self._used: dict[Parameters, int] = {}

    def start(self, parameters: Parameters) -> LoadStart:
        """Note that a load begins; loads that run side by side begin with the same knowledge."""
        with self._lock:
            answers = self._answers.get(parameters, 0)
            return LoadStart(parameters, answers, answers > self._used.get(parameters, 0))

    def note_loaded(self, parameters: Parameters) -> None:
        """Note that a call with these parameters succeeded."""
        with self._lock:
            self._answers[parameters] = self._answers.get(parameters, 0) + 1

    def blames_rows(self, start: LoadStart) -> bool:
        """Return whether the rows of a load are at fault, all of which were refused.

        Loads that begin after this need a new success as proof.

        Args:
            start: What was known when the load began.
        """
        with self._lock:
            answers = self._answers.get(start.parameters, 0)
            if not start.is_proof and answers == start.answers:
                return False
            self._used[start.parameters] = answers
            return True

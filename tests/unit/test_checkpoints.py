"""STATE: never ahead of what is acknowledged, in order, and all of it in the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.checkpoints import Checkpoints

_STEPS = st.lists(
    st.sampled_from(["open", "state", "acknowledge first", "acknowledge last", "acknowledge mid"]), max_size=60
)


@given(_STEPS)
def test_never_ahead_in_order_and_all_in_the_end(steps: list[str]) -> None:
    """A STATE is printed as soon as every ticket opened before it is acknowledged, and not before."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    pending: list[int] = []
    noted: list[tuple[str, set[int]]] = []
    acknowledged: set[int] = set()
    for number, step in enumerate(steps):
        if step == "open":
            pending.append(checkpoints.open())
        elif step == "state":
            noted.append((f'{{"n": {number}}}', acknowledged | set(pending)))
            checkpoints.note_state(noted[-1][0])
        elif pending:
            at = {"acknowledge first": 0, "acknowledge last": -1, "acknowledge mid": len(pending) // 2}[step]
            ticket = pending.pop(at)
            acknowledged.add(ticket)
            checkpoints.acknowledge(ticket)
        covered = [text for text, needed in noted if needed <= acknowledged]
        assert printed == covered == [text for text, _ in noted[: len(printed)]]
    for ticket in pending:
        checkpoints.acknowledge(ticket)
    assert printed == [text for text, _ in noted]


@given(st.lists(st.sampled_from(["{}", "null", '{"a": 1}', '{"a": 2}']), max_size=10))
def test_empty_states_and_repeats_are_dropped(states: list[str]) -> None:
    """An empty STATE is never printed, and one that follows itself only once."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    for text in states:
        checkpoints.note_state(text)
    useful = [text for text in states if text not in {"{}", "null"}]
    wanted = [text for index, text in enumerate(useful) if index == 0 or useful[index - 1] != text]
    assert printed == wanted


def test_held_states_wait_for_the_end() -> None:
    """With hold, nothing is printed until the release, then all that is true, in order."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append, hold=True)
    checkpoints.note_state('{"a": 1}')
    ticket = checkpoints.open()
    checkpoints.note_state('{"a": 2}')
    checkpoints.acknowledge(ticket)
    assert printed == []
    checkpoints.release()
    assert printed == ['{"a": 1}', '{"a": 2}']


def test_nothing_is_printed_after_a_freeze() -> None:
    """A process that is about to end prints no more STATE."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    checkpoints.note_state('{"a": 1}')
    checkpoints.freeze()
    assert printed == ['{"a": 1}']

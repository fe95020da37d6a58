"""STATE: never ahead of what is acknowledged, in order, the newest in the end, and few at a time."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.loading import checkpoints as module
from target_selligent.loading.checkpoints import Checkpoints

_STEPS = st.lists(
    st.sampled_from(["open", "state", "acknowledge first", "acknowledge last", "acknowledge mid"]), max_size=60
)


@given(_STEPS)
def test_never_ahead_in_order_and_the_newest_at_once(steps: list[str]) -> None:
    """The newest STATE whose earlier tickets are all acknowledged is printed at once; none is printed twice."""
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
        true = [text for text, needed in noted if needed <= acknowledged]
        assert printed[-1:] == true[-1:]
        assert printed == [text for text in true if text in printed]
        assert checkpoints.waiting <= len(pending)
    for ticket in pending:
        checkpoints.acknowledge(ticket)
    assert printed[-1:] == [text for text, _ in noted][-1:]
    assert checkpoints.waiting == 0


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
    """With hold, nothing is printed until the release, then the newest that is true."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append, defer=True)
    checkpoints.note_state('{"a": 1}')
    ticket = checkpoints.open()
    checkpoints.note_state('{"a": 2}')
    other = checkpoints.open()
    checkpoints.note_state('{"a": 3}')
    checkpoints.acknowledge(ticket)
    assert printed == []
    checkpoints.release()
    assert printed == ['{"a": 2}']
    checkpoints.acknowledge(other)
    assert printed == ['{"a": 2}', '{"a": 3}']


def test_a_release_without_a_state_prints_nothing() -> None:
    """A run whose input has no STATE prints none."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append, defer=True)
    checkpoints.release()
    assert printed == []


def test_a_second_release_prints_nothing_again() -> None:
    """A deferred STATE is printed once."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append, defer=True)
    checkpoints.note_state('{"a": 1}')
    checkpoints.release()
    checkpoints.release()
    assert printed == ['{"a": 1}']


def test_states_behind_one_ticket_are_replaced_by_the_newest() -> None:
    """However many STATEs wait for the same batch, one of them is kept, and it alone is printed."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    ticket = checkpoints.open()
    for number in range(1000):
        checkpoints.note_state(f'{{"n": {number}}}')
    assert checkpoints.waiting == 1
    checkpoints.acknowledge(ticket)
    assert printed == ['{"n": 999}']


def test_states_behind_many_tickets_take_bounded_memory() -> None:
    """Of large STATEs that wait for many batches, some are left out, but never the newest."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    tickets = []
    for number in range(100):
        tickets.append(checkpoints.open())
        checkpoints.note_state(f'"{number}' + "x" * 1_000_000 + '"')
        assert checkpoints.waiting <= 16
    for ticket in tickets:
        checkpoints.acknowledge(ticket)
    numbers = [int(text[1:].partition("x")[0]) for text in printed]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 99


@pytest.mark.parametrize(("more", "left"), [("", "0123"), ("x", "13")], ids=["exactly 16 MiB", "one byte more"])
def test_16_mib_of_states_may_wait(more: str, left: str) -> None:
    """Up to 16 MiB of STATEs are kept. With more, every second one is left out, but not the newest."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    tickets = []
    for number in "0123":
        tickets.append(checkpoints.open())
        checkpoints.note_state(number * (4 << 20) + (more if number == "3" else ""))
    assert checkpoints.waiting == len(left)
    for ticket in tickets:
        checkpoints.acknowledge(ticket)
    assert "".join(text[0] for text in printed) == left


def test_the_newer_of_two_large_states_is_kept() -> None:
    """Where two STATEs are too much, the older one is left out."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    tickets = []
    for number in "01":
        tickets.append(checkpoints.open())
        checkpoints.note_state(number * (9 << 20))
    assert checkpoints.waiting == 1
    for ticket in tickets:
        checkpoints.acknowledge(ticket)
    assert [text[0] for text in printed] == ["1"]


def test_states_that_are_left_out_need_no_memory() -> None:
    """After some STATEs are left out, there is room for new ones."""
    checkpoints = Checkpoints(lambda _: None)
    waiting = []
    for number in range(7):
        checkpoints.open()
        checkpoints.note_state(str(number) * (4 << 20))
        waiting.append(checkpoints.waiting)
    assert waiting == [1, 2, 3, 4, 3, 4, 3]


def test_printed_states_need_no_memory() -> None:
    """A STATE counts for the limit only while it waits, and a replaced one not at all."""
    checkpoints = Checkpoints(lambda _: None)
    first, second = checkpoints.open(), checkpoints.open()
    for number in range(9):
        checkpoints.note_state(str(number) * (8 << 20))
    assert checkpoints.waiting == 1
    checkpoints.acknowledge(second)
    assert checkpoints.waiting == 1
    checkpoints.acknowledge(first)
    for number in range(4):
        checkpoints.open()
        checkpoints.note_state(str(number) * (4 << 20))
    assert checkpoints.waiting == 4


def test_nothing_is_printed_after_a_freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is about to end prints no more STATE, even if one is being printed right now."""
    monkeypatch.setattr(module, "_FREEZE_SECONDS", 0)
    printed: list[str] = []

    def freeze_while_printing(state: str) -> None:
        printed.append(state)
        checkpoints.freeze()

    checkpoints = Checkpoints(freeze_while_printing)
    checkpoints.note_state('{"a": 1}')
    checkpoints.note_state('{"a": 2}')
    assert printed == ['{"a": 1}']


def test_a_freeze_waits_for_the_state_that_is_being_printed() -> None:
    """The process ends only after the whole STATE is printed."""
    events: list[str] = []
    printing, go_on = threading.Event(), threading.Event()

    def print_slowly(_: str) -> None:
        printing.set()
        go_on.wait()
        events.append("printed")

    checkpoints = Checkpoints(print_slowly)

    def freeze() -> None:
        printing.wait()
        checkpoints.freeze()
        events.append("frozen")

    threads = [
        threading.Thread(target=checkpoints.note_state, args=['{"a": 1}'], daemon=True),
        threading.Thread(target=freeze, daemon=True),
    ]
    for thread in threads:
        thread.start()
    threads[1].join(timeout=0.1)
    go_on.set()
    for thread in threads:
        thread.join()
    assert events == ["printed", "frozen"]


@given(st.permutations(range(4)), st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=6, unique=True))
def test_a_held_ticket_is_open_until_the_later_ones_are_closed(order: list[int], pairs: list[tuple[int, int]]) -> None:
    """A STATE that waits for a ticket waits for all that hold it, and those that hold them."""
    printed: list[str] = []
    checkpoints = Checkpoints(printed.append)
    tickets = []
    for number in range(4):
        tickets.append(checkpoints.open())
        checkpoints.note_state(str(number))
    needed = [{number} for number in range(4)]
    for early, span in pairs:
        later = early + span
        if later < 4:
            checkpoints.hold(tickets[early], tickets[later])
            needed[early].add(later)
    for number in (2, 1, 0):
        needed[number] = needed[number].union(*(needed[later] for later in needed[number] if later != number))
    acknowledged: set[int] = set()
    for number in order:
        checkpoints.acknowledge(tickets[number])
        acknowledged.add(number)
        true = [text for text in range(4) if all(needed[early] <= acknowledged for early in range(text + 1))]
        assert [int(text) for text in printed[-1:]] == true[-1:]
    assert printed[-1] == "3"
    assert checkpoints.waiting == 0

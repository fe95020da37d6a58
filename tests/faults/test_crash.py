"""After a run is killed, stopped or cut off, a run from the last STATE ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import re
import signal
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support import FinishedRun, RunningCommand, Tenant, encode, run_target

from .tap import Snapshot, Tap, create_people, read_snapshot
from .writes import count_written, first_false_state

_CHANCE = random.Random(20_250_101)  # noqa: S311 - points that stay the same


def _tap() -> Tap:
    chance = random.Random(7)  # noqa: S311 - records that stay the same
    names = ["a", "b", "c", "d"]
    return Tap(
        tuple(
            (
                chance.choice(["people", "people", "orders"]),
                f"k{chance.randrange(160)}",
                tuple(chance.sample(names, chance.randint(1, 2))),
            )
            for _ in range(280)
        ),
        state_every=9,
        pad=2000,
    )


TAP = _tap()
CONTENT = encode(TAP.messages())
SPARSE = replace(TAP, sparse=True)
OLD = [f"k{index}" for index in range(0, 200, 5)]
REQUESTS = 55
"""Fewer requests than an undisturbed run makes."""

MODES: dict[str, dict[str, Any]] = {
    "append": {},
    "replace": {"segment_data_import_option": "replace"},
    "first-match": {"deduplication": "ImportFirstMatch"},
    "only-insert": {"list_data_import_option": "OnlyInsert"},
    "only-insert-first-match": {"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"},
}


@dataclass(frozen=True)
class Outcome:
    """A disturbed run and the run after it."""

    first: FinishedRun
    second: FinishedRun
    held: Snapshot
    writes: list[dict[str, Any]]
    reached: bool


@dataclass(frozen=True)
class Crash:
    """A run that ends early, and a second run from its last STATE.

    Args:
        mode: Settings of both.
        request: The request at which it ends; none: after some bytes.
        after: Whether this request is done at Selligent.
        size: The bytes after which it ends.
        signals: What it is sent then.
        kind: What the request does: `hang` stays unanswered, `delay` takes its time.
        seconds: How long.
        tls: Whether Selligent is called over https.
        grows: Whether loads grow, and records lack columns, so that rows of a key are merged.
    """

    mode: str
    request: int | None = None
    after: bool = False
    size: int = 0
    signals: tuple[int, ...] = (signal.SIGKILL,)
    kind: str = "hang"
    seconds: float | None = None
    tls: bool = True
    grows: bool = False

    def __call__(self, tenant: Tenant) -> Outcome:
        """Run the command twice."""
        tenant.start_over(bulk_latency_ms=5)
        if self.mode != "append":
            create_people(tenant, OLD, "abcd")
        tap = SPARSE if self.grows else TAP
        content = encode(tap.messages())
        config = tenant.config(
            **tap.settings(),
            **MODES[self.mode],
            max_batch_size_rows=80 if self.grows else 20,
            create_list_if_not_exists=True,
            create_segment_if_not_exists=True,
            batch_size_rows=20,
            segment_batch_size_rows=12,
        )
        if self.request is not None:
            when = "after" if self.after else "before"
            tenant.add_fault(self.kind, skip=self.request, when=when, seconds=self.seconds)
        with RunningCommand(config) as command:
            command.write_in_background(content[: self.size or None], close=not self.size)
            reached = command.wait_until(
                lambda: tenant.count_faults() > 0 if self.request is not None else command.has_read_all()
            )
            for number in self.signals:
                command.process.send_signal(number)
            first = command.finish()
        tenant.clear_faults()
        second = run_target(config, tap.messages(first.position))
        held = read_snapshot(tenant, TAP.streams)
        return Outcome(first, second, held, tenant.read_journal("writes"), reached)


def _expected(mode: str) -> Snapshot:
    old = () if mode == "append" else OLD
    option = MODES[mode].get("list_data_import_option", "InsertAndUpdate")
    expected = TAP.loaded(option=option, first="deduplication" in MODES[mode], old=old)
    if mode not in {"append", "replace"}:
        members = expected["people"]["segments"]
        expected["people"]["segments"] = {name: sorted({*keys, *OLD}) for name, keys in members.items()}
    return expected


def _check(case: Crash, outcome: Outcome) -> None:
    assert outcome.reached
    assert outcome.second.returncode == 0, outcome.second.stderr
    assert outcome.held == _expected(case.mode)
    assert outcome.second.position == len(TAP.records)
    printed = [*outcome.first.printed, *outcome.second.printed]
    assert not first_false_state(TAP, printed, outcome.writes, newest=case.mode == "append")


def _kills(mode: str, requests: int, sizes: int) -> list[Any]:
    points = [(number, _CHANCE.random() < 0.5) for number in sorted(_CHANCE.sample(range(REQUESTS), requests))]
    cases = [(f"request-{number}-{'after' if after else 'before'}", Crash(mode, number, after=after))
             for number, after in points]  # fmt: skip
    cases += [(f"byte-{size}", Crash(mode, size=size)) for size in sorted(_CHANCE.sample(range(len(CONTENT)), sizes))]
    return [pytest.param(case, id=f"{mode}-{name}") for name, case in cases]


@pytest.mark.parametrize("case", [Crash("append", 99_999), Crash("replace", 99_999)], ids=["append", "replace"])
def test_undisturbed(case: Crash, outcome: Outcome) -> None:
    """Undisturbed runs make more requests than `REQUESTS`, and end as the model says."""
    assert not outcome.reached
    assert outcome.first.returncode == 0
    assert outcome.held == _expected(case.mode)
    assert not first_false_state(TAP, outcome.first.printed, outcome.writes, newest=case.mode == "append")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Crash("append", number, after=bool(number % 2), grows=True), id=f"request-{number}")
        for number in range(4, 24, 3)
    ],
)
def test_killed_while_loads_grow_and_rows_are_merged(case: Crash, outcome: Outcome) -> None:
    """A row that has moved to a later batch, and a batch that was joined with others, are not lost either."""
    assert outcome.first.returncode == -signal.SIGKILL
    _check(case, outcome)


@pytest.mark.parametrize("case", _kills("append", 20, 10))
def test_killed(case: Crash, outcome: Outcome) -> None:
    """A run that is killed at any of 30 points loses nothing."""
    assert outcome.first.returncode == -signal.SIGKILL
    _check(case, outcome)


@pytest.mark.parametrize("case", [case for mode in list(MODES)[1:] for case in _kills(mode, 3, 1)])
def test_killed_where_the_whole_run_counts(case: Crash, outcome: Outcome) -> None:
    """With `replace`, the first match or inserts only, the next run starts again: nothing is lost or mixed up."""
    assert outcome.first.returncode == -signal.SIGKILL
    _check(case, outcome)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Crash("append", number, signals=signals, kind="delay", seconds=0.3), id=f"{name}-{number}")
        for name, signals in {
            "term": (signal.SIGTERM,),
            "int": (signal.SIGINT,),
            "int-and-term": (signal.SIGINT, signal.SIGTERM),
            "term-and-int": (signal.SIGTERM, signal.SIGINT),
            "repeated": (signal.SIGINT,) * 5,
        }.items()
        for number in ((0, 13, 40) if len(signals) == 1 else (25,))
    ],
)
def test_stopped(case: Crash, outcome: Outcome) -> None:
    """After one or several signals, the running load finishes, and the STATE that is then true is printed."""
    assert outcome.first.returncode in {128 + number for number in case.signals}
    assert "Traceback" not in outcome.first.stderr
    _check(case, outcome)


@pytest.mark.parametrize("case", [Crash("append", size=250_000, signals=(signal.SIGTERM,))], ids=["idle"])
def test_stopped_while_the_tap_is_silent(case: Crash, outcome: Outcome) -> None:
    """A signal also ends a run that waits for its tap."""
    assert outcome.first.returncode == 128 + signal.SIGTERM
    _check(case, outcome)


@pytest.mark.parametrize(
    "case", [Crash("append", 20, signals=(signal.SIGTERM,)), Crash("replace", 20, signals=(signal.SIGINT,))],
    ids=["append", "replace"],
)  # fmt: skip
def test_stopped_while_selligent_is_silent(case: Crash, outcome: Outcome) -> None:
    """A signal ends the run in bounded time although a call is never answered. The next run does the rest."""
    assert outcome.first.returncode == 128 + case.signals[0]
    assert "what was not loaded after 30 s is left to the next run" in outcome.first.stderr
    assert re.search(r"List (people|orders): [\d,]+ read", outcome.first.stderr)
    _check(case, outcome)


def test_a_signal_leaves_nothing_behind(tenant: Tenant) -> None:
    """Everything read before the signal is loaded, and the last STATE printed covers it."""
    config = tenant.config(**TAP.settings(), create_list_if_not_exists=True, create_segment_if_not_exists=True)
    with RunningCommand(config) as command:
        command.write_in_background(CONTENT[:300_000], close=False)
        command.wait_until(lambda: command.has_read_all() and tenant.count_requests() > 0)
        command.process.send_signal(signal.SIGTERM)
        finished = command.finish()

    written = count_written(TAP, tenant.read_journal("writes"))
    assert finished.returncode == 128 + signal.SIGTERM
    assert finished.position > 0
    assert finished.position <= written < finished.position + TAP.state_every + 1
    assert not first_false_state(TAP, finished.printed, tenant.read_journal("writes"))


@pytest.mark.parametrize("seed", range(6))
def test_input_that_breaks_off(tenant: Tenant, seed: int) -> None:
    """A tap that dies in the middle of a line fails the run. Complete lines are loaded, and their STATE is printed."""
    chance = random.Random(seed)  # noqa: S311 - cuts that stay the same
    cut = chance.randrange(len(CONTENT) // 4, len(CONTENT))
    cut += CONTENT[cut - 1 : cut] == b"\n"
    cut += CONTENT[cut : cut + 1] == b"\n"
    config = tenant.config(**TAP.settings(), create_list_if_not_exists=True, create_segment_if_not_exists=True)
    finished = run_target(config, CONTENT[:cut] + (b"\n" if seed % 2 else b""))

    whole = [json.loads(line) for line in CONTENT[:cut].split(b"\n")[:-1]]
    assert "is not valid JSON" in finished.error_line()
    assert "xxx" not in finished.stderr
    states = [message["value"] for message in whole if message["type"] == "STATE"]
    printed = finished.states
    assert printed == [value for value in states if value in printed]
    assert printed[-1:] == states[-1:]
    assert count_written(TAP, tenant.read_journal("writes")) == sum(message["type"] == "RECORD" for message in whole)


def test_an_empty_state_is_never_printed(tenant: Tenant) -> None:
    """An empty STATE is never printed, wherever it comes."""
    empty = json.dumps({"type": "STATE", "value": {}}).encode() + b"\n"
    config = tenant.config(**TAP.settings(), create_list_if_not_exists=True, create_segment_if_not_exists=True)
    finished = run_target(config, empty + CONTENT + empty)

    assert finished.returncode == 0, finished.stderr
    assert {} not in finished.states
    assert finished.position == len(TAP.records)


def test_an_end_without_a_newline(tenant: Tenant) -> None:
    """A last line without a newline is complete."""
    config = tenant.config(**TAP.settings(), create_list_if_not_exists=True, create_segment_if_not_exists=True)
    finished = run_target(config, CONTENT[:-1])

    assert finished.returncode == 0, finished.stderr
    assert finished.position == len(TAP.records)
    assert read_snapshot(tenant, TAP.streams) == TAP.loaded()

"""Every kind of fault at every kind of call: the same data is loaded, and each STATE is true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import FinishedRun, Tenant, run_target

from .tap import Snapshot, Tap, create_people, read_snapshot
from .writes import first_false_state, order_violations

TAP = Tap(
    tuple(
        ("people", f"k{index * 7 % 41}", ("a", *(("b",) if index >= 20 else ()), *(("c",) if index >= 50 else ())))
        for index in range(60)
    )
)
OLD = [f"k{index}" for index in range(0, 60, 3)]
SETTINGS = {
    **TAP.settings(),
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "batch_size_rows": 10,
    "segment_batch_size_rows": 8,
    "request_timeout_seconds": 1,
}

CALLS: dict[str, tuple[str, str, int]] = {
    "GET-list": ("GET", "/lists/people$", 2),
    "GET-fields": ("GET", "/fields$", 2),
    "POST-list": ("POST", "/lists$", 1),
    "POST-fields": ("POST", "/fields$", 1),
    "GET-segments": ("GET", "/segments$", 1),
    "GET-segment": ("GET", "/segments/[^/]+$", 3),
    "POST-segment": ("POST", "/segments/static$", 3),
    "list-load": ("POST", "/people/data/load$", 6),
    "segment-load": ("POST", "/segments/[^/]+/data/load$", 22),
    "clear": ("DELETE", "/data/clear$", 3),
}
"""Call kind to its method, its path, and how often an undisturbed run makes it."""

PASSING: dict[str, dict[str, Any]] = {
    **{str(status): {"kind": "status", "status": status} for status in (500, 502, 503, 408)},
    "quota": {"kind": "quota", "seconds": 1},
    "busy": {"kind": "busy"},
    "reset": {"kind": "reset"},
    "reset-during": {"kind": "reset", "when": "during"},
    "reset-after": {"kind": "reset", "when": "after"},
    "close": {"kind": "close"},
    "close-during": {"kind": "close", "when": "during"},
    "close-after": {"kind": "close", "when": "after"},
    "hang": {"kind": "hang"},
    "hang-after": {"kind": "hang", "when": "after"},
    "truncated": {"kind": "truncate"},
    "not-json": {"kind": "not_json"},
    "not-json-after": {"kind": "not_json", "when": "after"},
    "unavailable": {"kind": "result_code", "result_code": "ServiceUnavailable"},
    "server-error": {"kind": "result_code", "result_code": "InternalServerError"},
    "server-error-after": {"kind": "result_code", "result_code": "InternalServerError", "when": "after"},
}
TOO_LARGE = {"kind": "status", "status": 413}
NOT_FOUND = {"kind": "result_code", "result_code": "NotFound"}


@dataclass(frozen=True)
class Outcome:
    """The result of a case."""

    run: FinishedRun
    held: Snapshot
    fired: int
    requests: list[dict[str, Any]]
    writes: list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One fault at one call.

    Args:
        fault: Name of the fault rule.
        call: Call kind.
        skips: For each time the fault comes, how many such calls pass before.
        old: Whether List, Segments and members are there before.
        times: How many calls the fault hits each time; 0 for all.
        tls: Whether Selligent is called over https.
    """

    fault: str
    call: str
    skips: tuple[int, ...] = (0,)
    old: bool = False
    times: int = 1
    tls: bool = True

    @property
    def replaces(self) -> bool:
        """Whether Segments are cleared first."""
        return self.call == "clear"

    def __call__(self, tenant: Tenant) -> Outcome:
        """Run the command against it."""
        tenant.start_over(latency_ms=3)
        if self.old or self.replaces:
            create_people(tenant, OLD, "abc")
        method, path, _ = CALLS[self.call]
        rules = {**PASSING, "413": TOO_LARGE, "not-found": NOT_FOUND}
        rule = rules.get(self.fault) or {"kind": "status", "status": int(self.fault)}
        for skip in self.skips:
            tenant.add_fault(**rule, method=method, path=path, skip=skip, times=self.times)
        settings = SETTINGS | ({"segment_data_import_option": "replace"} if self.replaces else {})
        since = len(tenant.read_journal("requests"))
        finished = run_target(tenant.config(**settings), TAP.messages())
        fired = tenant.count_faults()
        tenant.clear_faults()
        requests = tenant.read_journal("requests")[since:]
        held = read_snapshot(tenant, ["people"]) if finished.returncode == 0 else {}
        return Outcome(finished, held, fired, requests, tenant.read_journal("writes"))


def _places(call: str) -> list[int]:
    """Return how many calls of a kind come before the first, the middle and the last one."""
    count = CALLS[call][2]
    return sorted({0, count // 2, count - 1})


def _everywhere(fault: str, call: str, *, tls: bool = True) -> Any:
    """Return the case of a fault at the first, the middle and the last call of a kind."""
    # Retries count, too.
    skips = tuple(place + tries for tries, place in enumerate(_places(call)))
    return pytest.param(Case(fault, call, skips, tls=tls), id=f"{fault}-{call}-{'https' if tls else 'http'}")


def _expected(case: Case) -> Snapshot:
    return TAP.loaded(old=OLD if case.replaces or case.old else ())


def test_an_undisturbed_run_makes_the_calls_that_are_disturbed(tenant: Tenant) -> None:
    """An undisturbed run makes each kind of call as often as `CALLS` says."""
    new = Case("503", "list-load", ())(tenant)
    replacing = Case("503", "clear", ())(tenant)

    counted = {
        call: sum(entry["method"] == method and re.search(path, entry["path"]) is not None for entry in requests)
        for requests, calls in ((new.requests, list(CALLS)[:-1]), (replacing.requests, ["clear"]))
        for call in calls
        for method, path, _ in [CALLS[call]]
    }
    assert counted == {call: count for call, (_, _, count) in CALLS.items()}
    assert new.held == TAP.loaded()
    assert replacing.held == TAP.loaded(old=OLD)
    assert new.run.position == replacing.run.position == len(TAP.records)
    # For each batch of ten records, the newest STATE that waits for it.
    assert [value["position"] for _, value in new.run.printed] == [7, 14, 28, 35, 49, 60]
    assert [value["position"] for _, value in replacing.run.printed] == [60]
    assert not first_false_state(TAP, new.run.printed, new.writes)
    assert not first_false_state(TAP, replacing.run.printed, replacing.writes)


def test_a_state_that_is_ahead_is_seen(tenant: Tenant) -> None:
    """`first_false_state` finds a STATE that is printed before its loads, or without the loads of its Segments."""
    outcome = Case("503", "list-load", ())(tenant)

    for moment, value in outcome.run.printed:
        before = [write for write in outcome.writes if write["monotonic"] <= moment]
        assert not first_false_state(TAP, [(moment, value)], before)
        loads = [write for write in before if write["operation"] in {"list_load", "segment_load"}]
        first = min(write["monotonic"] for write in loads)
        assert first_false_state(TAP, [(first - 0.001, value)], before)
        assert first_false_state(
            TAP, [(moment, value)], [write for write in before if write["operation"] == "list_load"]
        )


@pytest.mark.parametrize(
    "case",
    [_everywhere(fault, call) for fault in PASSING for call in CALLS]
    + [_everywhere(fault, "list-load", tls=False) for fault in PASSING],
)
def test_what_passes_is_tried_again(case: Case, outcome: Outcome) -> None:
    """A temporary fault at any call changes neither the loaded data nor the truth of a STATE."""
    assert outcome.fired == len(case.skips)
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.held == _expected(case)
    assert outcome.run.position == len(TAP.records)
    assert not first_false_state(TAP, outcome.run.printed, outcome.writes)
    assert not order_violations(outcome.writes)
    assert "trying again" in outcome.run.stderr


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case("413", call, (skip,)), id=f"{call}-{skip}")
        for call, skip in [(call, skip) for call in ("list-load", "segment-load") for skip in _places(call)]
    ],
)
def test_a_body_that_is_too_large_is_halved(case: Case, outcome: Outcome) -> None:
    """A 413 halves the batch. Everything is loaded, and each STATE is true."""
    assert outcome.fired == len(case.skips)
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.held == _expected(case)
    assert not first_false_state(TAP, outcome.run.printed, outcome.writes)
    assert not order_violations(outcome.writes)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case("not-found", call, (skip,)), id=f"{call}-{skip}")
        for call, skip in [
            ("GET-list", 1),
            ("GET-fields", 0),
            ("GET-fields", 1),
            ("POST-fields", 0),
            ("POST-segment", 0),
            ("list-load", 0),
            ("segment-load", 0),
        ]
    ],
)
def test_what_was_made_just_now_is_waited_for(case: Case, outcome: Outcome) -> None:
    """A new List or Segment that is not found for a moment is waited for."""
    assert outcome.fired == len(case.skips)
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.held == _expected(case)
    assert not first_false_state(TAP, outcome.run.printed, outcome.writes)


_CREATING = {"POST-list", "POST-fields", "GET-segment", "POST-segment"}
_REFUSED = [
    (status, call)
    for status in (400, 401, 403, 404, 422)
    for call in CALLS
    # What is not found is made, and what was just made is waited for: both have tests of their own.
    if not (status == 404 and call in {"GET-list", "GET-segment", "POST-fields", "POST-segment"})
    # Without the listing, the target looks up each Segment.
    and call != "GET-segments"
]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(str(status), call, old=call not in _CREATING, times=0),
            id=f"{status}-{call}",
        )
        for status, call in _REFUSED
    ],
)
def test_a_refusal_fails_at_once(case: Case, outcome: Outcome) -> None:
    """Another 4xx ends the run with one line, without a second try and without a STATE that is not true."""
    message = outcome.run.error_line()
    assert case.fault in message or case.fault == "404"
    assert outcome.fired == 1
    # A busy machine may take longer than the second that calls have here: that is tried again, and is no refusal.
    retries = [line for line in outcome.run.stderr.splitlines() if "trying again" in line]
    assert all("no response in time" in line for line in retries)
    assert not first_false_state(TAP, outcome.run.printed, outcome.writes)
    assert outcome.run.position < len(TAP.records)

"""Several Lists in one run: what happens to one of them holds up the others no more than it must."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode

from .harness import Command, Finished, Tap, untrue

if TYPE_CHECKING:
    from collections.abc import Callable

    from .harness import Selligent

SETTINGS: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "batch_max_age_seconds": 1,
    "segment_batch_max_age_seconds": 1,
}
SUMMARY = re.compile(r"\| List fine: [\d,]+ read")
FAIL: dict[str, Any] = {"kind": "status", "status": 400, "message": "No luck", "times": 0}


def tap_of(*streams: str, state_every: int = 1) -> Tap:
    """Return a tap with a record in a Segment for each stream named, in this order."""
    return Tap(
        tuple((stream, f"{stream}{number}", ("s",)) for number, stream in enumerate(streams)), state_every=state_every
    )


def ended(command: Command, meanwhile: Callable[[], object] = lambda: None) -> Finished:
    """Wait until the command ends by itself, with its input open; return how it did."""
    assert not command.wait_until(lambda: bool(meanwhile()))
    return command.finish()


@pytest.mark.parametrize("path", ["/dead/data/load", "/dead/segments/s/data/load"], ids=["List", "Segment"])
def test_a_failed_load_ends_a_run_whose_tap_is_silent(selligent: Selligent, path: str) -> None:
    """Nothing more has to come from the tap for the failure of a load to be noticed."""
    tap = tap_of("fine", "dead", "fine")
    selligent.fault(**FAIL, path=path)
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        command.write(encode(tap.messages()))
        finished = ended(command)
    assert f"{path}: 400" in finished.complaint()


def test_a_failed_load_ends_a_run_whose_tap_feeds_other_lists(selligent: Selligent) -> None:
    """While records come for other Lists only, the failure of a load is noticed too."""
    tap = tap_of("dead", "fine")
    selligent.fault(**FAIL, path="/dead/data/load")
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        *_, fine, _ = messages = list(tap.messages())
        command.write(encode(messages))
        finished = ended(command, lambda: command.write(encode([fine])))
    assert "No luck" in finished.complaint()


def test_other_lists_get_their_state_when_one_has_failed(selligent: Selligent) -> None:
    """What was read before the failure is loaded into the other Lists, and each STATE that is true then is printed."""
    tap = tap_of("fine", "dead", "fine", "dead", "dead")
    selligent.fault(**FAIL, path="/dead/data/load")
    # The batch of the other List is still open when the load fails.
    settings = SETTINGS | {"batch_max_age_seconds": 60, "batch_size_rows": 3}
    with Command(selligent.config(**tap.settings(), **settings)) as command:
        command.write(encode(tap.messages()))
        finished = ended(command)
    assert "No luck" in finished.complaint()
    assert finished.position == 1
    assert selligent.rows("KEY", list_api_name="fine") == [["fine0"], ["fine2"]]
    assert selligent.members("s", "KEY", "fine") == ["fine0", "fine2"]


def test_every_failure_is_told(selligent: Selligent) -> None:
    """Where the loads of two Lists fail, the log says so of both."""
    tap = tap_of("dead", "gone")
    selligent.fault(**FAIL, path="/dead/data/load")
    selligent.fault(**FAIL | {"message": "No luck either"}, path="/gone/data/load")
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        command.feed(encode(tap.messages()))
        finished = command.finish()
    assert finished.complaint()
    assert "No luck either" in finished.stderr
    assert finished.stderr.replace("No luck either", "").count("No luck") == 1


BAD = encode([{"type": "RECORD", "stream": "fine", "record": {"key": None, "segments": ["s"]}}])
ENDINGS: dict[str, tuple[dict[str, Any], bytes]] = {
    "failed load": ({}, encode(tap_of("dead").messages())),
    "rejected record": ({"skip_invalid_records": False}, BAD),
    "too many rejects": ({"max_rejects": "0"}, BAD),
    "too many rejects at the end": ({"max_rejects": "1%"}, BAD),
    "broken line": ({}, b"{"),
    "unknown message": ({}, b'{"type": "WHAT"}\n'),
    "record before its schema": ({}, encode([{"type": "RECORD", "stream": "what", "record": {}}])),
    "stream without key": ({}, encode([{"type": "SCHEMA", "stream": "what", "schema": {"properties": {}}}])),
    "end of the input": ({}, b""),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_summary_is_printed_in_every_ending(selligent: Selligent, ending: str) -> None:
    """However a run ends, the log says what became of the records, once, and what was read before is loaded."""
    settings, rest = ENDINGS[ending]
    tap = tap_of("fine", "fine")
    selligent.fault(**FAIL, path="/dead/data/load")
    own = {"streams": {"fine": {"list_api_name": "fine"}, "dead": {"list_api_name": "dead"}}}
    config = selligent.config(**tap.settings() | own, **SETTINGS, **settings)
    with Command(config) as command:
        command.feed(encode(tap.messages()) + rest)
        finished = command.finish()
    if ending == "end of the input":
        assert finished.returncode == 0
    else:
        finished.complaint()
    assert len(SUMMARY.findall(finished.stderr)) == 1
    assert "2 sent, 2 inserted" in finished.stderr
    assert finished.position == 2


def test_the_summary_is_printed_after_a_signal(selligent: Selligent) -> None:
    """A run that is stopped says what became of the records, too."""
    tap = tap_of("fine", "fine")
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        command.feed(encode(tap.messages()), close=False)
        command.wait_until(lambda: "list_load" in {write["operation"] for write in selligent.journal("writes")})
        command.process.send_signal(signal.SIGTERM)
        finished = command.finish()
    assert finished.returncode == 128 + signal.SIGTERM
    assert len(SUMMARY.findall(finished.stderr)) == 1


@pytest.mark.parametrize("by_turns", [True, False], ids=["by turns", "one after the other"])
def test_a_busy_list_does_not_hold_up_others(selligent: Selligent, by_turns: bool) -> None:  # noqa: FBT001
    """While one List is busy, all records of another are loaded, however the tap mixes them."""
    names = ("busy", "fine") * 10_000 if by_turns else ("busy",) * 10_000 + ("fine",) * 10_000
    tap = tap_of(*names, state_every=1000)
    selligent.fault("busy", path="/busy/data/load", times=0)
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        command.feed(encode(tap.messages()))
        assert command.wait_until(lambda: rows_written(selligent, "fine") == 10_000)
        assert rows_written(selligent, "busy") == 0
        selligent.clear_faults()
        finished = command.finish()
    assert finished.returncode == 0, finished.stderr
    assert finished.position == 20_000
    assert rows_written(selligent, "busy") == 10_000
    assert not untrue(tap, finished.printed, selligent.journal("writes"))


def rows_written(selligent: Selligent, list_api_name: str) -> int:
    """Return how many rows are written to a List."""
    writes = selligent.journal("writes")
    loads = [write for write in writes if write["operation"] == "list_load" and write["list"] == list_api_name]
    return sum(len(write["values"]) for write in loads)


@pytest.mark.parametrize(
    "stall",
    [{"kind": "busy", "times": 0}, {"kind": "delay", "seconds": 6}],
    ids=["busy List", "one slow answer"],
)
@pytest.mark.parametrize("path", ["/people/data/load", "/people/segments/s/data/load"], ids=["List", "Segment"])
def test_a_stall_delays_state_by_its_own_length_only(selligent: Selligent, stall: dict[str, Any], path: str) -> None:
    """After a stall, rows are loaded at the ages of the settings again, not at four times its length."""
    tap = tap_of(*["people"] * 2, state_every=1)
    *schemas, first, first_state, second, second_state, _ = tap.messages()
    with Command(selligent.config(**tap.settings(), **SETTINGS)) as command:
        selligent.fault(**stall, path=path)
        command.write(encode([*schemas, first, first_state]))
        assert command.wait_until(lambda: selligent.fired() > 0)
        began = time.monotonic()
        assert command.wait_until(lambda: time.monotonic() - began > 6)
        selligent.clear_faults()
        assert command.wait_until(lambda: command.printed == 1)
        command.write(encode([second, second_state]))
        sent = time.monotonic()
        assert command.wait_until(lambda: command.printed == 2)
        waited = time.monotonic() - sent
        assert command.finish().returncode == 0
    # Four times the stall would be 24 s.
    assert waited < 18

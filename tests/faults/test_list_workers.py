"""Several Lists in one run: a failure or a stall of one List delays the others as little as possible."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import FinishedRun, RunningCommand, Tenant, encode

from .tap import Tap
from .writes import first_false_state

if TYPE_CHECKING:
    from collections.abc import Callable


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


def ended(command: RunningCommand, meanwhile: Callable[[], object] = lambda: None) -> FinishedRun:
    """Wait until the command ends by itself, with its input open; return how it did."""
    assert not command.wait_until(lambda: bool(meanwhile()))
    return command.finish()


@pytest.mark.parametrize("path", ["/dead/data/load", "/dead/segments/s/data/load"], ids=["List", "Segment"])
def test_a_failed_load_ends_a_run_whose_tap_is_silent(tenant: Tenant, path: str) -> None:
    """A failed load ends the run although the tap sends nothing more."""
    tap = tap_of("fine", "dead", "fine")
    tenant.add_fault(**FAIL, path=path)
    with RunningCommand(tenant.config(**tap.settings(), **SETTINGS)) as command:
        command.write(encode(tap.messages()))
        finished = ended(command)
    assert f"{path}: 400" in finished.error_line()


def test_a_failed_load_ends_a_run_whose_tap_feeds_other_lists(tenant: Tenant) -> None:
    """A failed load ends the run although records come for other Lists only."""
    tap = tap_of("dead", "fine")
    tenant.add_fault(**FAIL, path="/dead/data/load")
    with RunningCommand(tenant.config(**tap.settings(), **SETTINGS)) as command:
        *_, fine, _ = messages = list(tap.messages())
        command.write(encode(messages))
        finished = ended(command, lambda: command.write(encode([fine])))
    assert "No luck" in finished.error_line()


def test_other_lists_get_their_state_when_one_has_failed(tenant: Tenant) -> None:
    """Records read before the failure are loaded into the other Lists, and each STATE that is then true is printed."""
    tap = tap_of("fine", "dead", "fine", "dead", "dead")
    tenant.add_fault(**FAIL, path="/dead/data/load")
    # The batch of the other List is still open when the load fails.
    settings = SETTINGS | {"batch_max_age_seconds": 60, "batch_size_rows": 3}
    with RunningCommand(tenant.config(**tap.settings(), **settings)) as command:
        command.write(encode(tap.messages()))
        finished = ended(command)
    assert "No luck" in finished.error_line()
    assert finished.position == 1
    assert tenant.rows("KEY", list_api_name="fine") == [["fine0"], ["fine2"]]
    assert tenant.members("s", "KEY", "fine") == ["fine0", "fine2"]


def test_every_failure_is_told(tenant: Tenant) -> None:
    """If the loads of two Lists fail, the log names both failures."""
    tap = tap_of("dead", "gone")
    tenant.add_fault(**FAIL, path="/dead/data/load")
    tenant.add_fault(**FAIL | {"message": "No luck either"}, path="/gone/data/load")
    with RunningCommand(tenant.config(**tap.settings(), **SETTINGS)) as command:
        command.write_in_background(encode(tap.messages()))
        finished = command.finish()
    assert finished.error_line()
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
def test_the_summary_is_printed_in_every_ending(tenant: Tenant, ending: str) -> None:
    """However a run ends, the log has one summary, and records read before the end are loaded."""
    settings, rest = ENDINGS[ending]
    tap = tap_of("fine", "fine")
    tenant.add_fault(**FAIL, path="/dead/data/load")
    own = {"streams": {"fine": {"list_api_name": "fine"}, "dead": {"list_api_name": "dead"}}}
    config = tenant.config(**tap.settings() | own, **SETTINGS, **settings)
    with RunningCommand(config) as command:
        command.write_in_background(encode(tap.messages()) + rest)
        finished = command.finish()
    if ending == "end of the input":
        assert finished.returncode == 0
    else:
        finished.error_line()
    assert len(SUMMARY.findall(finished.stderr)) == 1
    assert "2 sent, 2 inserted" in finished.stderr
    assert finished.position == 2


def test_the_summary_is_printed_after_a_signal(tenant: Tenant) -> None:
    """A run that is stopped by a signal prints the summary, too."""
    tap = tap_of("fine", "fine")
    with RunningCommand(tenant.config(**tap.settings(), **SETTINGS)) as command:
        command.write_in_background(encode(tap.messages()), close=False)
        command.wait_until(lambda: "list_load" in {write["operation"] for write in tenant.read_journal("writes")})
        command.process.send_signal(signal.SIGTERM)
        finished = command.finish()
    assert finished.returncode == 128 + signal.SIGTERM
    assert len(SUMMARY.findall(finished.stderr)) == 1


@pytest.mark.parametrize("by_turns", [True, False], ids=["by turns", "one after the other"])
def test_a_busy_list_does_not_hold_up_others(tenant: Tenant, by_turns: bool) -> None:  # noqa: FBT001
    """While one List is busy, all records of another List are loaded, in whatever order the tap sends them."""
    names = ("busy", "fine") * 10_000 if by_turns else ("busy",) * 10_000 + ("fine",) * 10_000
    tap = tap_of(*names, state_every=1000)
    tenant.add_fault("busy", path="/busy/data/load", times=0)
    with RunningCommand(tenant.config(**tap.settings(), **SETTINGS)) as command:
        command.write_in_background(encode(tap.messages()))
        assert command.wait_until(lambda: rows_written(tenant, "fine") == 10_000)
        assert rows_written(tenant, "busy") == 0
        tenant.clear_faults()
        finished = command.finish()
    assert finished.returncode == 0, finished.stderr
    assert finished.position == 20_000
    assert rows_written(tenant, "busy") == 10_000
    assert not first_false_state(tap, finished.printed, tenant.read_journal("writes"))


def rows_written(tenant: Tenant, list_api_name: str) -> int:
    """Return how many rows are written to a List."""
    writes = tenant.read_journal("writes")
    loads = [write for write in writes if write["operation"] == "list_load" and write["list"] == list_api_name]
    return sum(len(write["values"]) for write in loads)


@pytest.mark.parametrize(
    "stall",
    [{"kind": "busy", "times": 0}, {"kind": "delay", "seconds": 5}],
    ids=["busy List", "one slow answer"],
)
@pytest.mark.parametrize("path", ["/people/data/load", "/people/segments/s/data/load"], ids=["List", "Segment"])
def test_a_stall_delays_state_by_its_own_length_only(tenant: Tenant, stall: dict[str, Any], path: str) -> None:
    """After a stall, rows are loaded at the ages of the settings again, not at four times its length.

    Another List is the clock: record after record is loaded into it, each at the age of the settings.
    """
    tap = tap_of("people", "people", "clock")
    *schemas, first, first_state, second, second_state, tick, _, _ = tap.messages()
    tick["record"]["segments"] = []
    config = tenant.config(**tap.settings(), **SETTINGS, records_without_segment="list_only")
    with RunningCommand(config) as command:

        def load_tick() -> None:
            before = rows_written(tenant, "clock")
            command.write(encode([tick]))
            assert command.wait_until(lambda: rows_written(tenant, "clock") > before)

        def count_ticks(most: int) -> int:
            """Return after how many ticks the next STATE is printed, or `most`."""
            printed = command.printed_count
            for ticks in range(1, most + 1):
                load_tick()
                if command.printed_count > printed:
                    return ticks
            return most

        tenant.add_fault(**stall, path=path)
        command.write(encode([*schemas, first, first_state]))
        assert command.wait_until(lambda: tenant.count_faults() > 0)
        stalled = count_ticks(4)
        tenant.clear_faults()
        assert command.wait_until(lambda: command.printed_count == 1)
        command.write(encode([second, second_state]))
        assert count_ticks(2 * stalled) < 2 * stalled
        command.finish().succeeded()

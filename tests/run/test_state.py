"""STATE is printed in order, unchanged, and only when the records before it are in Selligent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import RunningCommand, encode, records, run_in_shell, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "seg": "string"})
SETTINGS: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "segment_column": "seg",
    "create_segment_if_not_exists": True,
}


def batches_with_states(count: int) -> list[dict[str, Any]]:
    """Return records, each followed by a STATE of its number."""
    messages = [SCHEMA]
    for number in range(count):
        messages += [*records("key seg", (str(number), "s")), state({"bookmarks": {"customers": number}})]
    return messages


def test_states_are_printed_in_order(tenant: Tenant) -> None:
    """STATEs are printed in order, the newest of those that wait for the same load, and the last one last."""
    run = tenant.run(batches_with_states(7), **SETTINGS, batch_size_rows=2).succeeded()
    assert run.states == [{"bookmarks": {"customers": number}} for number in (1, 3, 5, 6)]


def test_states_of_any_number_take_bounded_memory(tenant: Tenant) -> None:
    """While a List is busy, only a few of the large STATEs that wait are kept."""
    tenant.add_fault("hang", path="/data/load")
    rows = records("key seg", *((str(number), "s") for number in range(10)))
    filler = "x" * 20_000
    with RunningCommand(tenant.config(**SETTINGS, batch_size_rows=4)) as command:
        command.write(encode([SCHEMA, *rows]))
        for number in range(10_000):
            command.write(encode([state({"number": number, "filler": filler})]))
        # The command has read everything that is not in the pipe.
        assert command.peak_memory() < 150 << 20


def test_states_keep_their_value(tenant: Tenant) -> None:
    """A STATE's value is passed on as it is: unicode, big integers, nesting and order of keys."""
    value = {"z": 2**70, "a": {"ä😀": [1.5, None, True, "x\n"]}, "singer": "not ours"}
    run = tenant.run([SCHEMA, state(value)], **SETTINGS).succeeded()
    assert json.loads(run.stdout) == value
    assert list(json.loads(run.stdout)) == list(value)


@pytest.mark.parametrize("value", [{}, None], ids=["empty", "null"])
def test_an_empty_state_is_not_printed(tenant: Tenant, value: Any) -> None:
    """An empty STATE would make the host forget: it is never printed."""
    messages = [SCHEMA, state(value), *records("key seg", ("a", "s")), state({"a": 1}), state(value)]
    assert tenant.run(messages, **SETTINGS).succeeded().states == [{"a": 1}]


def test_a_repeated_state_is_printed_once(tenant: Tenant) -> None:
    """The same STATE again says nothing new."""
    messages = [SCHEMA, state({"a": 1}), state({"a": 1}), *records("key seg", ("a", "s")), state({"a": 1})]
    assert tenant.run(messages, **SETTINGS).succeeded().states == [{"a": 1}]


def test_no_state_without_one(tenant: Tenant) -> None:
    """A run whose tap sends no STATE prints nothing."""
    assert tenant.run([SCHEMA, *records("key seg", ("a", "s"))], **SETTINGS).succeeded().stdout == ""


def test_state_waits_for_segments(tenant: Tenant) -> None:
    """A STATE whose records are in the List but not in their Segment is not printed."""
    tenant.add_fault("status", status=400, path="/segments/s/data/load", times=0)
    run = tenant.run(batches_with_states(3), **SETTINGS, batch_size_rows=1)
    run.error_line()
    assert len(tenant.rows("KEY")) == 3
    assert run.stdout == ""


def test_a_state_before_all_records_is_printed(tenant: Tenant) -> None:
    """A STATE that covers nothing is true at once, also when the run fails later."""
    tenant.add_fault("status", status=400, path="/data/load", times=0)
    messages = [SCHEMA, state({"start": 1}), *records("key seg", ("a", "s")), state({"end": 1})]
    run = tenant.run(messages, **SETTINGS)
    run.error_line()
    assert run.states == [{"start": 1}]


NOT_RESUMABLE: dict[str, dict[str, Any]] = {
    "replace": {"segment_data_import_option": "replace"},
    "first match": {"deduplication": "ImportFirstMatch"},
    "only insert, last match": {"list_data_import_option": "OnlyInsert"},
}
"""Settings with which the effect of a record depends on the run it is in."""


@pytest.mark.parametrize("settings", NOT_RESUMABLE.values(), ids=NOT_RESUMABLE)
def test_runs_that_cannot_be_resumed_print_state_at_the_end(tenant: Tenant, settings: dict[str, Any]) -> None:
    """A run that cannot be resumed prints its last STATE, and the log names the setting that is the reason."""
    run = tenant.run(batches_with_states(3), **SETTINGS, **settings, batch_size_rows=1).succeeded()
    (line,) = (line for line in run.log if "STATE will be printed at the end only" in line)
    assert all(word in line for word in next(iter(settings.items())))
    assert run.states[-1] == {"bookmarks": {"customers": 2}}


@pytest.mark.parametrize("settings", NOT_RESUMABLE.values(), ids=NOT_RESUMABLE)
def test_runs_that_cannot_be_resumed_print_no_state_if_they_fail(tenant: Tenant, settings: dict[str, Any]) -> None:
    """A run that cannot be resumed and fails prints no STATE, so that it is repeated as a whole."""
    tenant.add_fault("status", status=400, path="/contacts/data/load", skip=1, times=0)
    run = tenant.run(batches_with_states(3), **SETTINGS, **settings, batch_size_rows=1)
    run.error_line()
    assert run.stdout == ""


def test_rejected_records_do_not_hold_state_back(tenant: Tenant) -> None:
    """A STATE after a rejected record is printed."""
    messages = [SCHEMA, *records("key seg", ("a", "s"), (None, "s")), state({"a": 1})]
    assert tenant.run(messages, **SETTINGS).succeeded().states == [{"a": 1}]


def test_state_keeps_up_with_a_slow_tap(tenant: Tenant) -> None:
    """While the tap is silent, rows are loaded when they reach the age limit, and their STATE is printed."""
    config = tenant.config(**SETTINGS, batch_max_age_seconds=1, segment_batch_max_age_seconds=1)
    with RunningCommand(config) as command:
        command.write(encode([SCHEMA, *records("key seg", ("a", "s")), state({"a": 1})]))
        assert command.read_state() == {"a": 1}
        assert tenant.members("s", "KEY") == ["a"]
        command.write(encode([*records("key seg", ("b", "s")), state({"a": 2})]))
        finished = command.finish().succeeded()
    assert finished.states == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ('"$0" "$@" | :', "standard output is closed"),
        ('"$0" "$@" >&-', "standard output is closed"),
        ('"$0" "$@" >/dev/full', "standard output is not writable (No space left on device)"),
    ],
    ids=["pipe", "descriptor", "full disk"],
)
@pytest.mark.parametrize("loads", [True, False], ids=["after loads", "before any load"])
def test_standard_output_that_is_closed_ends_the_run(tenant: Tenant, command: str, words: str, loads: bool) -> None:  # noqa: FBT001
    """If standard output is closed, the run ends with one error line and exit code 1."""
    rows = records("key seg", ("a", "s")) if loads else []
    run = run_in_shell(
        f"{command}; exit ${{PIPESTATUS[0]}}", tenant.config(**SETTINGS), [SCHEMA, *rows, state({"a": 1})]
    )
    assert words in run.error_line()
    assert tenant.lists() == {"contacts": "Userlist"}


def test_a_second_run_changes_nothing(tenant: Tenant) -> None:
    """The same messages again end in the same List and Segments: loads are upserts by key."""
    held = []
    for _ in range(2):
        tenant.run(batches_with_states(5), **SETTINGS, batch_size_rows=2).succeeded()
        held.append((tenant.rows("ID", "KEY"), tenant.members("s", "KEY")))
    assert held[0] == held[1]
    assert len(held[0][0]) == 5

"""A run by which members or records leave is killed: nobody who stays is ever missing, and the next run ends right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, RunningCommand, encode, record, records, run_target, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

_STAYING = [f"k{number:02}" for number in range(30)]
_LEAVING = [f"x{number:02}" for number in range(12)]
_NEW = [f"n{number:02}" for number in range(9)]
_SETTINGS: dict[str, Any] = {
    "segment_column": "seg",
    "field_mapping": {"action": None},
    "batch_size_rows": 10,
    "segment_batch_size_rows": 7,
}
_VERSION = 1_790_000_000_000
_ACTIVATE = {"type": "ACTIVATE_VERSION", "stream": "customers", "version": _VERSION}


@dataclass(frozen=True)
class Mode:
    """A way for members to leave.

    Args:
        calls: How many calls a run has that is not disturbed.
        settings: The settings.
        messages: What the tap sends between its SCHEMA and its STATE.
        joins: Whether the run adds members.
        deletes: Whether those who leave the Segment leave the List, too.
    """

    calls: int
    settings: dict[str, Any]
    messages: list[Message]
    joins: bool = True
    deletes: bool = False
    content: bytes = field(init=False)

    def __post_init__(self) -> None:
        columns = schema({"key": "string", "seg": "string", "action": "string"})
        object.__setattr__(self, "content", encode([columns, *self.messages, state({"done": 1})]))


def _rows(keys: list[str], action: str = "add") -> list[Message]:
    return records("key seg action", *((key, "vip", action) for key in keys))


def _versions(keys: list[str]) -> list[Message]:
    return [{**message, "version": _VERSION} for message in _rows(keys)]


_MARKED = [record({"key": key, "seg": "vip", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}) for key in _LEAVING]
_MODES = {
    "mirror": Mode(20, {"segment_data_import_option": "mirror"}, _rows(_STAYING + _NEW)),
    "mirror without the List": Mode(
        19, {"segment_data_import_option": "mirror", "load_list": False}, _rows(_STAYING + _NEW)
    ),
    "actions": Mode(17, {"action_column": "action"}, _rows(_LEAVING, "remove") + _rows(_STAYING + _NEW)),
    "remove": Mode(5, {"segment_data_import_option": "remove"}, _rows(_LEAVING), joins=False),
    "marked": Mode(17, {"deleted_records": "leave_segments"}, _MARKED + _rows(_STAYING + _NEW)),
    "version": Mode(19, {"deleted_records": "leave_segments"}, [*_versions(_STAYING + _NEW), _ACTIVATE]),
    "version deletes": Mode(
        19, {"deleted_records": "delete"}, [_ACTIVATE, *_versions(_STAYING + _NEW), _ACTIVATE], deletes=True
    ),
}


@pytest.fixture
def people(tenant: Tenant) -> Tenant:
    """A tenant with a List of all of them. Those who stay and those who leave are in Segment vip."""
    tenant.create_list(KEY="Text(9)")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [[key] for key in _STAYING + _LEAVING + _NEW])
    tenant.add_members("vip", "KEY", _STAYING + _LEAVING)
    return tenant


def check_end(people: Tenant, mode: Mode, writes: list[dict[str, Any]]) -> None:
    """Check what there is in the end, and that no other than those who leave has ever been taken away."""
    wanted = sorted(_STAYING + _NEW if mode.joins else _STAYING)
    assert people.members("vip", "KEY") == wanted
    left = set(_STAYING + _NEW) if mode.deletes else {*_STAYING, *_NEW, *_LEAVING}
    assert {key for (key,) in people.rows("KEY")} == left
    removed = [
        key for write in writes if write["operation"] in {"segment_delete", "list_delete"} for (key,) in write["keys"]
    ]
    assert set(removed) == set(_LEAVING)
    assert not [write for write in writes if write["operation"] == "segment_clear"]


@pytest.mark.parametrize("mode", _MODES.values(), ids=_MODES)
def test_a_run_that_is_not_disturbed(people: Tenant, mode: Mode) -> None:
    """It ends right, and has as many calls as the other test takes it to have."""
    begun = len(people.read_journal("writes"))
    people.run(mode.content, **_SETTINGS, **mode.settings).succeeded()
    assert len(people.calls()) == mode.calls
    check_end(people, mode, people.read_journal("writes")[begun:])


@pytest.mark.parametrize(
    ("from_end", "when"), [(-9, "before"), (-3, "after"), (-2, "before"), (-2, "after"), (-1, "before"), (-1, "after")]
)
@pytest.mark.parametrize("mode", _MODES.values(), ids=_MODES)
def test_a_killed_run_does_no_harm(people: Tenant, mode: Mode, from_end: int, when: str) -> None:
    """Wherever it is killed, also at its last calls, by which they leave: the run after it ends as if undisturbed."""
    config = people.config(**_SETTINGS, **mode.settings)
    begun = len(people.read_journal("writes"))
    people.add_fault("hang", skip=max(0, mode.calls + from_end), when=when)
    with RunningCommand(config) as command:
        command.write_in_background(mode.content)
        assert command.wait_until(lambda: people.count_faults() > 0)
        command.process.kill()
        assert command.finish().states == []
    people.clear_faults()

    done = run_target(config, mode.content).succeeded()

    assert done.states == [{"done": 1}]
    check_end(people, mode, people.read_journal("writes")[begun:])

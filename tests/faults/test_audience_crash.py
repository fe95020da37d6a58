"""A run that mirrors or removes and is killed: nobody who stays is ever missing, and the next run ends right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import RunningCommand, encode, records, run_target, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

_STAYING = [f"k{number:02}" for number in range(30)]
_LEAVING = [f"x{number:02}" for number in range(12)]
_NEW = [f"n{number:02}" for number in range(9)]
_COLUMNS = schema({"key": "string", "seg": "string", "action": "string"})
_SETTINGS: dict[str, Any] = {
    "segment_column": "seg",
    "field_mapping": {"action": None},
    "batch_size_rows": 10,
    "segment_batch_size_rows": 7,
}
_MODES: dict[str, tuple[dict[str, Any], bytes]] = {
    "mirror": (
        {"segment_data_import_option": "mirror"},
        encode([_COLUMNS, *records("key seg", *((key, "vip") for key in _STAYING + _NEW)), state({"done": 1})]),
    ),
    "actions": (
        {"action_column": "action"},
        encode(
            [
                _COLUMNS,
                *records("key seg action", *((key, "vip", "remove") for key in _LEAVING)),
                *records("key seg action", *((key, "vip", "add") for key in _STAYING + _NEW)),
                state({"done": 1}),
            ]
        ),
    ),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("request_number", [0, 2, 4, 6, 9, 12, 14, 15])
@pytest.mark.parametrize("mode", _MODES)
def test_a_killed_run_does_no_harm(tenant: Tenant, mode: str, request_number: int, when: str) -> None:
    """Wherever it is killed, the run after it ends as one that was never disturbed."""
    tenant.create_list(KEY="Text(9)")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [[key] for key in _STAYING + _LEAVING])
    tenant.add_members("vip", "KEY", _STAYING + _LEAVING)
    settings, content = _MODES[mode]
    config = tenant.config(**_SETTINGS, **settings)
    begun = len(tenant.read_journal("writes"))
    tenant.add_fault("hang", skip=request_number, when=when)
    with RunningCommand(config) as command:
        command.write_in_background(content)
        command.wait_until(lambda: tenant.count_faults() > 0)
        command.process.kill()
        assert command.finish().states == []
    tenant.clear_faults()

    done = run_target(config, content).succeeded()

    assert done.states == [{"done": 1}]
    assert tenant.members("vip", "KEY") == sorted(_STAYING + _NEW)
    written = tenant.read_journal("writes")[begun:]
    removed = [key for write in written if write["operation"] == "segment_delete" for (key,) in write["keys"]]
    assert set(removed) == set(_LEAVING)
    assert not [write for write in written if write["operation"] in {"segment_clear", "list_delete"}]

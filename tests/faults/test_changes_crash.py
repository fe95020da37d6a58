"""A run that sends changes only and is killed: the run after it ends right, even if the source has changed back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import RunningCommand, encode, records, run_target, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Message, Tenant

_KEYS = [f"k{number:02}" for number in range(30)]
_COLUMNS = schema({"key": "string", "value": "integer", "seg": "string"})
_SETTINGS: dict[str, Any] = {
    "segment_column": "seg",
    "changes_only": True,
    "batch_size_rows": 4,
    "segment_batch_size_rows": 5,
}


def _night(*changed: str, segment: str = "s") -> list[Message]:
    """Return the messages of a run in which the values of some keys are others, with a STATE after each record."""
    messages: list[Message] = [_COLUMNS]
    for number, key in enumerate(_KEYS):
        named = segment if key in changed else "s"
        messages += [*records("key value seg", (key, int(key in changed), named)), state({"read": number + 1})]
    return messages


def _counts(run: FinishedRun) -> list[str]:
    """Return what a run, or a dry run, says of unchanged, new and changed records."""
    (line,) = (line for line in run.stderr.splitlines() if "List contacts: 30 read" in line)
    return re.findall(r"\d+ (?:unchanged|new|changed)", line)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("request_number", [2, 4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("back", [True, False], ids=["back", "again"])
def test_a_killed_run_hides_no_change(
    tenant: Tenant, tmp_path: Path, request_number: int, when: str, *, back: bool
) -> None:
    """Neither if the run after it reads the same records, nor if it reads the old ones again."""
    tenant.create_list(KEY="Text(9)", VALUE="Long")
    for segment in ("s", "t"):
        tenant.create_segment(segment)
    config = tenant.config(snapshot_path=str(tmp_path / "snapshot.db"), **_SETTINGS)
    run_target(config, _night()).succeeded()
    changed = _KEYS[3:20]
    tenant.add_fault("hang", skip=request_number, when=when)
    with RunningCommand(config) as command:
        command.write_in_background(encode(_night(*changed, segment="t")))
        assert command.wait_until(lambda: tenant.count_faults() > 0)
        command.process.kill()
        killed = command.finish()
    tenant.clear_faults()
    position = max((one["read"] for one in killed.states), default=0)
    held = dict(tenant.rows("KEY", "VALUE"))
    members = tenant.members("t", "KEY")
    covered = [key for key in _KEYS[:position] if key in changed]
    assert {held[key] for key in covered} <= {1}
    assert set(covered) <= set(members)

    next_night = _night() if back else _night(*changed, segment="t")
    files = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    planned = run_target(config, next_night, "--dry-run").succeeded()
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == files
    after = run_target(config, next_night).succeeded()
    assert _counts(planned) == _counts(after)

    expected = {key: int(key in changed and not back) for key in _KEYS}
    assert dict(tenant.rows("KEY", "VALUE")) == expected
    assert set(tenant.members("s", "KEY")) == set(_KEYS)
    assert set(tenant.members("t", "KEY")) == set(members if back else changed)
    assert after.states[-1] == {"read": len(_KEYS)}
    again = run_target(config, next_night).succeeded()
    assert f"{len(_KEYS)} unchanged" in again.stderr

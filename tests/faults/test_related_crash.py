"""A run of related Lists that is killed: no child is loaded before its parents, and the next run ends right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, RunningCommand, encode, record, run_target, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

_PEOPLE = 20
_SETTINGS: dict[str, Any] = {
    "list_api_name": "people",
    "create_list_if_not_exists": True,
    "batch_size_rows": 6,
    "streams": {
        "people": {},
        "events": {
            "list_api_name": "events",
            "list_type": "Datalist",
            "relation": {"list": "people", "scope": "EVENTS", "field": "PERSON"},
        },
    },
}


def _content() -> bytes:
    messages: list[Message] = [
        schema({"key": "string", "person": "string"}, stream="events"),
        schema({"person": "string"}, ["person"], stream="people"),
    ]
    for number in range(_PEOPLE):
        messages.append(record({"key": f"e{number}", "person": f"p{number}"}, "events"))
        messages.append(record({"person": f"p{number}"}, "people"))
        messages.append(state({"position": number + 1}))
    return encode(messages)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("request_number", [0, 5, 9, 12, 13, 14, 15, 16, 17])
def test_a_killed_run_does_no_harm(tenant: Tenant, request_number: int, when: str) -> None:
    """Wherever it is killed, no event came before all people, no STATE is printed, and the next run loads all."""
    config = tenant.config(**_SETTINGS)
    begun = len(tenant.read_journal("writes"))
    tenant.add_fault("hang", skip=request_number, when=when)
    with RunningCommand(config) as command:
        command.write_in_background(_content())
        assert command.wait_until(lambda: tenant.count_faults() > 0)
        command.process.kill()
        assert command.finish().states == []
    tenant.clear_faults()
    loads = [write for write in tenant.read_journal("writes")[begun:] if write["operation"] == "list_load"]
    lists = [write["list"] for write in loads]
    assert lists == sorted(lists, reverse=True)
    assert "events" not in lists or lists.count("people") == -(-_PEOPLE // 6)

    done = run_target(config, _content()).succeeded()

    assert done.states[-1] == {"position": _PEOPLE}
    assert len(tenant.rows("PERSON", list_api_name="people")) == _PEOPLE
    assert len(tenant.rows("KEY", list_api_name="events")) == _PEOPLE
    assert len(tenant.call_api("GET", "/lists/people/relations")["relations"]) == 1

"""A run that is killed while the List that it created still grows: the next run adds the fields that are missing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import RunningCommand, Tenant, encode, record, run_target, schema, state

FIRST = [schema({"key": "string"}), record({"key": "a"})]
LATER: dict[str, list[dict[str, Any]]] = {
    "a second stream": [
        schema({"key": "string", "more": "integer"}, stream="orders"),
        record({"key": "b", "more": 2}, stream="orders"),
    ],
    "a growing schema": [schema({"key": "string", "more": "integer"}), record({"key": "b", "more": 2})],
}
SETTINGS: dict[str, Any] = {"create_list_if_not_exists": True, "batch_size_rows": 1, "unlisted_streams": "load"}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_a_list_with_records_gets_its_missing_fields(tenant: Tenant, later: list[dict[str, Any]]) -> None:
    """A run is killed when its new List holds records but not yet all fields; the next run completes it."""
    config = tenant.config(**SETTINGS)
    with RunningCommand(config) as command:
        command.write(encode(FIRST))
        assert command.wait_until(lambda: "contacts" in tenant.lists() and bool(tenant.rows("ID")))
        command.process.kill()
        command.finish()
    assert tenant.fields() == {"KEY": "Text(500)"}

    second = run_target(config, [*FIRST, *later, state({"position": 1})])

    assert second.returncode == 0, second.stderr
    assert tenant.fields() == {"KEY": "Text(500)", "MORE": "Long"}
    assert tenant.rows("KEY", "MORE") == [["a", None], ["b", 2]]
    assert second.position == 1


@pytest.mark.parametrize("description", ["Customers of the shop", "", "Created by target-selligent for the shop"])
def test_lists_of_others_are_left_alone(tenant: Tenant, description: str) -> None:
    """A List with another description gets no fields, not even if it is empty: the run ends and names them."""
    tenant.create_list(KEY="Text(500)")
    tenant.set_description(description)
    run_on = run_target(tenant.config(**SETTINGS), [*LATER["a growing schema"], state({"position": 1})])
    assert "MORE" in run_on.error_line()
    assert tenant.fields() == {"KEY": "Text(500)"}
    assert run_on.printed == []


def test_a_list_of_ours_is_left_alone_unless_it_may_be_created(tenant: Tenant) -> None:
    """Without create_list_if_not_exists, a List that an earlier run created gets no fields either."""
    assert run_target(tenant.config(**SETTINGS), FIRST).returncode == 0
    error_line = run_target(tenant.config(), LATER["a growing schema"]).error_line()
    assert "MORE" in error_line
    assert tenant.fields() == {"KEY": "Text(500)"}

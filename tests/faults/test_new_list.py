"""A run that is killed while the List that it created still grows: the next run adds the fields that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, schema, state

from .harness import Command, run

if TYPE_CHECKING:
    from .harness import Selligent

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
def test_a_list_with_records_gets_its_missing_fields(selligent: Selligent, later: list[dict[str, Any]]) -> None:
    """A run is killed when its new List holds records but not yet all fields; the next run completes it."""
    config = selligent.config(**SETTINGS)
    with Command(config) as command:
        command.write(encode(FIRST))
        assert command.wait_until(lambda: "contacts" in selligent.lists() and bool(selligent.rows("ID")))
        command.process.kill()
        command.finish()
    assert selligent.fields() == {"KEY": "Text(500)"}

    second = run(config, [*FIRST, *later, state({"position": 1})])

    assert second.returncode == 0, second.stderr
    assert selligent.fields() == {"KEY": "Text(500)", "MORE": "Long"}
    assert selligent.rows("KEY", "MORE") == [["a", None], ["b", 2]]
    assert second.position == 1


@pytest.mark.parametrize("description", ["Customers of the shop", "", "Created by target-selligent for the shop"])
def test_lists_of_others_are_left_alone(selligent: Selligent, description: str) -> None:
    """A List with another description gets no fields, not even if it is empty: the run ends and names them."""
    selligent.create_list(KEY="Text(500)")
    selligent.describe(description)
    run_on = run(selligent.config(**SETTINGS), [*LATER["a growing schema"], state({"position": 1})])
    assert "MORE" in run_on.complaint()
    assert selligent.fields() == {"KEY": "Text(500)"}
    assert run_on.printed == []


def test_a_list_of_ours_is_left_alone_unless_it_may_be_created(selligent: Selligent) -> None:
    """Without create_list_if_not_exists, a List that an earlier run created gets no fields either."""
    assert run(selligent.config(**SETTINGS), FIRST).returncode == 0
    complaint = run(selligent.config(), LATER["a growing schema"]).complaint()
    assert "MORE" in complaint
    assert selligent.fields() == {"KEY": "Text(500)"}

"""Records without a key are loaded by the alternate key."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

SETTINGS: dict[str, Any] = {"key_fields": "USER_ID", "alternate_key_fields": "EMAIL"}
COLUMNS = schema({"user_id": "integer", "email": "string", "name": "string", "seg": "string"}, ["user_id"])


def people(*rows: tuple[Any, Any, str]) -> list[Message]:
    """Return a SCHEMA, the records of people, and a STATE."""
    found = [record({"user_id": user, "email": email, "name": name, "seg": "vip"}) for user, email, name in rows]
    return [COLUMNS, *found, state({"n": len(rows)})]


@pytest.fixture(autouse=True)
def _lists(tenant: Tenant) -> None:
    tenant.create_list(USER_ID="Long", EMAIL="Text(50)", NAME="Text(50)")
    tenant.create_segment("vip")


def keys_of_loads(tenant: Tenant) -> list[tuple[str, str]]:
    """Return key fields and fields of the last run's List loads."""
    return [(entry["query"]["keyFields"], entry["query"]["fields"]) for entry in tenant.requests("/contacts/data/load")]


@pytest.mark.parametrize("validate", [True, False])
def test_each_record_is_matched_by_the_key_that_it_has(tenant: Tenant, *, validate: bool) -> None:
    """A null key is not sent, so it cannot delete the key of the person whom the alternate key finds."""
    tenant.load_rows("USER_ID,EMAIL,NAME", [[1, "a@x", "old"], [2, "b@x", "old"]])
    content = people((1, "new@x", "by key"), (None, "b@x", "by mail"), (None, "c@x", "new"), (3, None, "no mail"))
    del content[3]["record"]["user_id"]
    run = tenant.run(content, **SETTINGS, segment_column="seg", validate_records=validate).succeeded()
    assert sorted(tenant.rows("USER_ID", "EMAIL", "NAME"), key=str) == sorted(
        [[1, "new@x", "by key"], [2, "b@x", "by mail"], [None, "c@x", "new"], [3, None, "no mail"]], key=str
    )
    assert keys_of_loads(tenant) == [
        ("USER_ID", "USER_ID,EMAIL,NAME"), ("EMAIL", "EMAIL,NAME"), ("USER_ID", "USER_ID,EMAIL,NAME")
    ]  # fmt: skip
    assert sorted(tenant.members("vip", "NAME")) == ["by key", "by mail", "new", "no mail"]
    loads = [entry["query"]["keyFields"] for entry in tenant.requests("/segments/vip/data/load")]
    assert sorted(loads) == ["EMAIL", "USER_ID"]
    assert run.states == [{"n": 4}]


def test_the_order_of_the_tap_is_kept_between_the_keys(tenant: Tenant) -> None:
    """One person may come by both keys: the loads are in the order of the records, and the last one counts."""
    tenant.run(people((1, "a@x", "1"), (None, "a@x", "2"), (1, "a@x", "3"), (None, "a@x", "4")), **SETTINGS,
               field_mapping={"seg": None}).succeeded()  # fmt: skip
    assert tenant.rows("USER_ID", "NAME") == [[1, "4"]]
    assert [keys for keys, _ in keys_of_loads(tenant)] == ["USER_ID", "EMAIL"] * 2


def test_a_record_without_either_key_is_rejected(tenant: Tenant) -> None:
    """It is the only one that is rejected, and blank is as good as null."""
    run = tenant.run(people((1, "a@x", "1"), (None, " ", "2"), (None, "c@x", "3")), **SETTINGS,
                     field_mapping={"seg": None}).succeeded()  # fmt: skip
    assert sorted(tenant.rows("NAME")) == [["1"], ["3"]]
    assert any("rejected 1 records" in line and "missing_key" in line for line in run.log)


@pytest.mark.parametrize(
    "settings",
    [
        {"deduplication": "ImportFirstMatch"},
        {"list_data_import_option": "OnlyInsert"},
        {"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"},
    ],
    ids=str,
)
def test_first_and_last_of_each_key(tenant: Tenant, settings: dict[str, Any]) -> None:
    """The first or last record counts among those with one key, and among those with one alternate key."""
    rows = [(1, None, "first"), (None, "a@x", "first"), (1, None, "last"), (None, "a@x", "last")]
    tenant.run(people(*rows), **SETTINGS, **settings, field_mapping={"seg": None}).succeeded()
    wins = "first" if "deduplication" in settings else "last"
    assert tenant.rows("NAME") == [[wins], [wins]]


def test_members_leave_by_the_key_that_they_have(tenant: Tenant) -> None:
    """With `remove`, each record leaves by its own key."""
    tenant.load_rows("USER_ID,EMAIL,NAME", [[1, "a@x", "a"], [2, "b@x", "b"], [3, "c@x", "c"]])
    tenant.add_members("vip", "USER_ID", [1, 2, 3])
    settings: dict[str, Any] = {"segment_column": "seg", "segment_data_import_option": "remove"}
    tenant.run(people((1, None, ""), (None, "b@x", "")), **SETTINGS, **settings).succeeded()
    assert tenant.members("vip", "USER_ID") == [3]


def test_rejected_members_are_replayed_by_their_key(tenant: Tenant, tmp_path: Path) -> None:
    """A refused member is in the rejects file with the key by which it was sent, and a replay adds it."""
    file = tmp_path / "rejects.jsonl"
    settings = {**SETTINGS, "segment_column": "seg", "rejects_path": str(file)}
    tenant.add_fault("partial", path="segments/vip/data/load", rows=[0], times=1)
    tenant.run(people((None, "a@x", "a")), **settings)
    command = [sys.executable, "-m", "target_selligent.commands.replay", str(file)]
    replayed = subprocess.run(command, check=True, capture_output=True).stdout
    tenant.clear_faults()
    tenant.run(replayed, **settings).succeeded()
    assert tenant.members("vip", "EMAIL") == ["a@x"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alternate_key_fields": "MALI"}, "alternate_key_fields names MALI"),
        ({"alternate_key_fields": "user_id"}, "name the same fields"),
        ({"segment_column": "seg", "action_column": "name"}, "action_column contradict each other"),
        ({"deleted_records": "delete"}, "deleted_records contradict each other"),
        ({"segment_column": "seg", "segment_data_import_option": "mirror"}, "mirror contradict each other"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(tenant: Tenant, settings: dict[str, str], words: str) -> None:
    """Unknown fields and settings that contradict alternate keys end the run before it loads."""
    run = tenant.run(people((1, "a@x", "a")), **{**SETTINGS, **settings})
    assert run.returncode == (1 if "names MALI" in words else 2)
    assert words in run.stderr
    assert tenant.rows("NAME") == []

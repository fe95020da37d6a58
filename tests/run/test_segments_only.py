"""With `load_list: false`, only Segments are loaded: the List stays as it is, and others than its records are named."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, RunningCommand, encode, record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

COLUMNS = {"key": "string", "value": "string", "seg": "string"}
SETTINGS: dict[str, Any] = {"load_list": False, "segment_column": "seg", "create_segment_if_not_exists": True}
BEFORE = [["a", "0"], ["b", "0"], ["Bob", "0"]]


def rows(*values: tuple[Any, ...], stream: str = "customers") -> list[Message]:
    """Return a RECORD for each key, value and Segment."""
    return records("key value seg", *values, stream=stream)


@pytest.fixture(params=[False, True], ids=["finds", "inserts"])
def contacts(request: pytest.FixtureRequest, tenant: Tenant) -> Tenant:
    """A tenant with three people, whose Segment loads may insert others. The vendor does not say whether they do."""
    tenant.create_list(KEY="Text(10)", NOTE="Text(3)")
    tenant.load_rows("KEY,NOTE", BEFORE)
    tenant.set_options(segment_load_inserts=request.param)
    return tenant


def not_found(path: Path) -> list[tuple[Any, ...]]:
    """Return the keys and messages of a rejects file whose records the List does not have."""
    messages = [json.loads(line) for line in path.read_text().splitlines()]
    return [(one["type"], one["record"]["key"]) for one in messages if one.get("code") == "not_in_list"]


def test_only_people_of_the_list_join(contacts: Tenant, tmp_path: Path) -> None:
    """Others are counted, named in the rejects file and nowhere created. Columns need no fields."""
    path = tmp_path / "rejects"
    values = [("a", "1", "vip"), ("x", "1", "vip"), ("b", "2", "vip"), ("y", "2", "new"), ("a", "3", "new")]
    content = [schema(COLUMNS), *rows(*values), state({"a": 1})]
    run = contacts.run(content, **SETTINGS, rejects_path=str(path)).succeeded()
    assert contacts.rows("KEY", "NOTE") == BEFORE
    assert contacts.fields() == {"KEY": "Text(10)", "NOTE": "Text(3)"}
    assert contacts.writes("list_load") == []
    assert contacts.members("vip", "KEY") == ["a", "b"]
    assert contacts.members("new", "KEY") == ["a"]
    assert not_found(path) == [("RECORD", "x"), ("RECORD", "y")]
    assert run.states == [{"a": 1}]
    summary = [line for line in run.log if line.startswith(("List contacts: 5", "rejected"))]
    assert "5 read, 0 sent, 0 inserted, 0 updated, 0 duplicates, 2 not found" in summary[0]
    assert summary[1] == "rejected 2 records of stream customers: not_in_list"


def test_rejected_records_can_be_replayed(contacts: Tenant, tmp_path: Path) -> None:
    """Once they are in the List."""
    path = tmp_path / "rejects"
    contacts.run([schema(COLUMNS), *rows(("x", "1", "vip"))], **SETTINGS, rejects_path=str(path)).succeeded()
    contacts.load_rows("KEY", [["x"]])
    command = [sys.executable, "-m", "target_selligent.commands.replay", str(path)]
    replayed = subprocess.run(command, capture_output=True, check=True).stdout
    contacts.run(replayed, **SETTINGS).succeeded()
    assert contacts.members("vip", "KEY") == ["x"]


@pytest.mark.parametrize("folds", [False, True])
@pytest.mark.parametrize(("comparison", "joins"), [("ignore_case", True), ("exact", False)])
def test_a_key_in_another_spelling(
    contacts: Tenant,
    folds: bool,  # noqa: FBT001 - a case
    comparison: str,
    joins: bool,  # noqa: FBT001 - a case
) -> None:
    """By `key_comparison` it is somebody of the List or nobody, whatever the tenant does. Nobody is created."""
    contacts.set_options(case_insensitive_keys=folds)
    content = [schema(COLUMNS), *rows(("BOB ", "1", "vip"), ("a", "1", "vip"))]
    contacts.run(content, **SETTINGS, key_comparison=comparison).succeeded()
    assert contacts.rows("KEY", "NOTE") == BEFORE
    assert contacts.members("vip", "KEY") == [*(["Bob"] if joins else []), "a"]


def test_somebody_who_has_left_the_list_meanwhile(contacts: Tenant, tmp_path: Path) -> None:
    """The answer counts that a key is not found and does not name it: it is found out, and named."""
    contacts.set_options(segment_load_inserts=False)
    path = tmp_path / "rejects"
    quick = {"batch_max_age_seconds": 1, "segment_batch_max_age_seconds": 1, "rejects_path": str(path)}
    with RunningCommand(contacts.config(**SETTINGS, **quick)) as command:
        command.write(encode([schema(COLUMNS), *rows(("a", "1", "vip")), state({"a": 1})]))
        assert command.read_state() == {"a": 1}
        query = {"keyFields": "KEY", "fields": "KEY"}
        contacts.call_api("DELETE", "/lists/contacts/data", params=query, json=[["b"]])
        command.write(encode([*rows(("b", "1", "vip"), ("Bob", "1", "vip"), ("b", "1", "new")), state({"a": 2})]))
        assert command.read_state() == {"a": 2}
        command.finish().succeeded()
    assert contacts.members("vip", "KEY") == ["Bob", "a"]
    assert not_found(path) == [("SEGMENT_MEMBER", "b")] * 2


def test_people_that_the_same_run_loads(contacts: Tenant) -> None:
    """They are in the List, whenever they came; so are those who get another key."""
    contacts.call_api(
        "POST", "/lists/contacts/fields", json={"fields": [{"name": "MAIL", "data_type": "Text", "length": 20}]}
    )
    columns = {"key": "string", "mail": "string", "seg": "string"}
    people, joins, by_mail = (schema(columns, [key], name) for name, key in KEYS.items())
    content = [people, joins, by_mail]
    for number in range(3):
        key, mail = f"p{number}", f"{number}@x"
        content.append(record({"key": key, "mail": f"old{number}@x", "seg": None}, "people"))
        content.append(record({"key": key, "seg": "vip"}, "joins"))
        content.append(record({"key": key, "mail": mail, "seg": None}, "people"))
        content.append(record({"mail": mail, "seg": "mails"}, "by_mail"))
        content.append(record({"mail": f"old{number}@x", "seg": "mails"}, "by_mail"))
    streams = {"people": {"load_list": True, "segment_column": None, "field_mapping": {"seg": None}}}
    own: dict[str, Any] = {name: {} for name in ("joins", "by_mail")}
    contacts.run(content, **SETTINGS, streams={**streams, **own}, batch_size_rows=1).succeeded()
    assert contacts.members("vip", "KEY") == contacts.members("mails", "KEY") == ["p0", "p1", "p2"]
    assert len(contacts.rows("KEY")) == 6


KEYS = {"people": "key", "joins": "key", "by_mail": "mail"}


def test_a_run_that_finds_nobody_succeeds(contacts: Tenant) -> None:
    """As with OnlyUpdate: it may be right that nobody is in the List yet. In a strict run it is not."""
    content = [schema(COLUMNS), *rows(("x", "1", "vip")), state({"a": 1})]
    assert contacts.run(content, **SETTINGS).succeeded().states == [{"a": 1}]
    assert contacts.rows("KEY", "NOTE") == BEFORE
    run = contacts.run(content, **SETTINGS, skip_invalid_records=False)
    assert "no record of the List has its key, and load_list is false" in run.error_line()
    assert run.states == []


def test_a_stream_whose_members_are_all_refused_fails(contacts: Tenant) -> None:
    """Nothing of it is loaded."""
    contacts.create_segment("vip")
    contacts.add_fault("partial", path="/segments/vip/data/load$", rows=[0], times=0)
    run = contacts.run([schema(COLUMNS), *rows(("a", "1", "vip")), state({"a": 1})], **SETTINGS)
    assert "none of the 1 records of stream customers could be loaded" in run.error_line()
    assert run.states == []


def test_the_list_must_be_there_and_readable(tenant: Tenant) -> None:
    """Whatever the other settings allow: the run ends before anything is loaded."""
    content = [schema(COLUMNS), *rows(("a", "1", "vip"))]
    run = tenant.run(content, **SETTINGS, create_list_if_not_exists=True)
    assert "List contacts does not exist, and stream customers creates nothing in it" in run.error_line()
    tenant.create_list(OTHER="Text(5)")
    run = tenant.run(content, **SETTINGS, create_list_if_not_exists=True)
    assert "KEY (column key)" in run.error_line()
    assert tenant.fields() == {"OTHER": "Text(5)"}
    tenant.set_options(denied=["Data_SearchData"])
    run = tenant.run(content, **SETTINGS, field_mapping={"key": "OTHER"})
    assert "data/search" in run.error_line()
    assert tenant.segments() == {}


@pytest.mark.parametrize(
    ("settings", "values", "members"),
    [
        ({"segment_data_import_option": "replace"}, [("a", "1", "vip"), ("x", "1", "vip")], ["a"]),
        (
            {"segment_data_import_option": "mirror", "max_removals": "100%"},
            [("a", "1", "vip"), ("x", "1", "vip")],
            ["a"],
        ),
        ({"segment_data_import_option": "remove"}, [("b", "1", "vip"), ("x", "1", "vip")], []),
        (
            {"action_column": "value", "action_values": {"1": "add", "0": "remove"}},
            [("a", "1", "vip"), ("b", "0", "vip"), ("x", "1", "vip"), ("x", "0", "vip")],
            ["a"],
        ),
        ({"deduplication": "ImportFirstMatch"}, [("a", "1", "new"), ("a", "1", "vip")], ["a", "b"]),
        ({"list_data_import_option": "OnlyInsert"}, [("a", "1", "vip"), ("x", "1", "vip")], ["a", "b"]),
        ({"mode": "Stream"}, [("a", "1", "vip"), ("x", "1", "vip")], ["a", "b"]),
        ({"segment_column": None, "segment": "vip"}, [("a", "1", "new"), ("x", "1", "new")], ["a", "b"]),
        (
            {"max_parallel_requests_per_list": 3, "batch_size_rows": 1},
            [("a", "1", "vip"), ("x", "1", "vip")],
            ["a", "b"],
        ),
    ],
    ids=str,
)
def test_other_settings(
    contacts: Tenant, settings: dict[str, Any], values: list[tuple[str, str, str]], members: list[str]
) -> None:
    """They do with Segments what they always do. The List stays as it is."""
    contacts.set_options(parallel_bulk=True)
    contacts.create_segment("vip")
    contacts.add_members("vip", "KEY", ["b"])
    contacts.run([schema(COLUMNS), *rows(*values), state({"a": 1})], **{**SETTINGS, **settings}).succeeded()
    assert contacts.members("vip", "KEY") == members
    assert contacts.rows("KEY", "NOTE") == BEFORE


def test_deleted_records_leave_segments(contacts: Tenant) -> None:
    """Also those that the List does not have, and those that no other record names."""
    contacts.create_segment("vip")
    contacts.add_members("vip", "KEY", ["b"])
    deleted = [{"key": key, "seg": "vip", "_sdc_deleted_at": "2024-01-01"} for key in ("b", "x")]
    content = [schema(COLUMNS), *rows(("a", "1", "vip")), *map(record, deleted)]
    contacts.run(content, **SETTINGS, deleted_records="leave_segments").succeeded()
    assert contacts.members("vip", "KEY") == ["a"]
    assert contacts.rows("KEY", "NOTE") == BEFORE


def test_an_alternate_key(contacts: Tenant, tmp_path: Path) -> None:
    """Each record is looked for by the key that it has."""
    path = tmp_path / "rejects"
    content = [
        schema({"key": {"type": ["string", "null"]}, "note": "string", "seg": "string"}),
        *records("key note seg", ("a", "9", "vip"), (None, "0", "zero"), (None, "7", "vip"), ("x", "0", "vip")),
    ]
    contacts.run(content, **SETTINGS, alternate_key_fields="NOTE", rejects_path=str(path)).succeeded()
    assert contacts.members("vip", "KEY") == ["a"]
    assert contacts.members("zero", "KEY") == ["Bob", "a", "b"]
    assert not_found(path) == [("RECORD", None), ("RECORD", "x")]
    assert contacts.rows("KEY", "NOTE") == BEFORE


def test_a_long_list_is_read_once(contacts: Tenant) -> None:
    """All pages are; later batches only look for newer records if somebody is missing."""
    contacts.load_rows("KEY", [[f"k{number}"] for number in range(25_000)])
    values = [(f"k{number}", "1", "vip") for number in (0, 9_999, 10_000, 24_999)]
    content = [schema(COLUMNS), *rows(*values, ("x", "1", "vip"), *values)]
    contacts.run(content, **SETTINGS, batch_size_rows=1).succeeded()
    assert contacts.members("vip", "KEY") == sorted(key for key, _, _ in values)
    # One for the right, three pages and an empty one; one because of a missing key.
    assert len(contacts.requests("/lists/contacts/data/search")) == 6

"""Records of one key with different columns are sent as one row; each of them is still answered for."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Message, Tenant

LOAD = "/contacts/data/load"
COLUMNS: dict[str, Any] = {
    "key": "string",
    "a": {"type": ["string", "null"]},
    "b": {"type": ["string", "null"]},
    "c": {"type": ["string", "null"]},
    "seg": {"type": ["array", "string", "null"]},
}
DESCRIBED = schema(COLUMNS)


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List whose fields take three characters, and two Segments."""
    tenant.create_list(KEY="Text(10)", A="Text(3)", B="Text(3)", C="Text(3)")
    for segment in ("s", "t"):
        tenant.create_segment(segment)
    return tenant


def messages(*values: dict[str, Any]) -> list[Message]:
    """Return the messages of records of the Segment s, and a STATE."""
    return [DESCRIBED, *(record({"seg": "s", **one}) for one in values), state(1)]


@pytest.mark.parametrize("keys", [2000, 20_000])
def test_few_loads_if_records_lack_columns(tenant: Tenant, keys: int) -> None:
    """50,000 records of few keys, with 30 % of the columns left out, need 60 loads at most; the List is the same."""
    names = [f"c{number}" for number in range(5)]
    tenant.create_list(KEY="Text(10)", **{name.upper(): "Long" for name in names})
    rand = random.Random(keys)  # noqa: S311 - the same records in every run
    held: dict[str, list[int | None]] = {}
    lines = [schema({"key": "string", **dict.fromkeys(names, "integer")})]
    for number in range(50_000):
        key = f"k{rand.randrange(keys)}"
        values = {name: number for name in names if rand.random() > 0.3}
        row = held.setdefault(key, [None] * len(names))
        row[:] = [values.get(name, old) for name, old in zip(names, row, strict=True)]
        lines.append(record({"key": key, **values}))
    run = tenant.run([*lines, state(1)], batch_max_age_seconds=600).succeeded()
    assert run.states == [1]
    assert len(tenant.requests(LOAD)) <= 60
    found = {key: values for key, *values in tenant.rows("KEY", *map(str.upper, names))}
    assert found == held
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert "50,000 read" in line
    sent = sum(entry["rows"] for entry in tenant.requests(LOAD))
    assert f"{sent:,} sent, {len(held):,} inserted" in line


def test_values_lie_over_each_other(contacts: Tenant) -> None:
    """A null deletes the value of an earlier record; a missing column does not."""
    values: list[dict[str, Any]] = [
        {"key": "x", "a": "1", "b": "1"},
        {"key": "y", "a": "2"},
        {"key": "x", "a": None},
        {"key": "x", "b": "3"},
    ]
    run = contacts.run(messages(*values), segment_column="seg").succeeded()
    assert sorted(contacts.rows("KEY", "A", "B")) == [["x", None, "3"], ["y", "2", None]]
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert "4 read, 2 sent, 2 inserted, 0 updated, 2 duplicates" in line
    assert sum(entry["rows"] for entry in contacts.requests(LOAD)) == 2


def test_a_member_of_all_segments_that_its_records_name(contacts: Tenant) -> None:
    """One row in the List, and a member of the Segments of each record."""
    values: list[dict[str, Any]] = [{"key": "x", "a": "1", "seg": "s"}, {"key": "x", "b": "2", "seg": ["t"]}]
    contacts.run(messages(*values), segment_column="seg").succeeded()
    assert contacts.rows("KEY", "A", "B") == [["x", "1", "2"]]
    assert [contacts.members(segment, "KEY") for segment in ("s", "t")] == [["x"], ["x"]]


def rejects_in(path: Path) -> list[dict[str, Any]]:
    """Return the rejected records of a rejects file."""
    lines = map(json.loads, path.read_text().splitlines())
    return [line["record"] for line in lines if line["type"] == "RECORD"]


@pytest.mark.parametrize("told", ["listed", "counted", "whole"])
@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_bad_record_takes_no_good_one_with_it(contacts: Tenant, tmp_path: Path, told: str, bad: int) -> None:
    """If Selligent refuses a merged row, its records are loaded one by one, and only the bad one is rejected."""
    contacts.set_options(invalid_rows=told)
    values: list[dict[str, Any]] = [{"key": "x", "a": "1"}, {"key": "x", "b": "2"}, {"key": "x", "c": "3"}]
    values[bad]["abc"[bad]] = "too long"
    others = [{"key": f"k{number}", "a": "ok", "b": "ok", "c": "ok"} for number in range(4)]
    path = tmp_path / "rejects.jsonl"
    run = contacts.run(messages(*values, *others), segment_column="seg", rejects_path=str(path)).succeeded()
    held: dict[str, str] = {}
    for number, one in enumerate(values):
        held |= one if number != bad else {}
    (row,) = [row for row in contacts.rows("KEY", "A", "B", "C") if row[0] == "x"]
    assert row == ["x", held.get("a"), held.get("b"), held.get("c")]
    assert run.states == [1]
    assert contacts.members("s", "KEY") == sorted(["x", *(one["key"] for one in others)])
    written = [{name: value for name, value in one.items() if name != "seg"} for one in rejects_in(path)]
    # Later records of the key follow, so that a replay does not bring back old values.
    assert written[0] == values[bad]
    assert sorted(map(str, written[1:])) == sorted(map(str, values[bad + 1 :]))
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert "7 read, 7 sent" in line
    assert "0 duplicates, 0 not found, 1 refused" in line


def test_a_value_that_is_overwritten_before_it_is_sent_is_not_refused(contacts: Tenant) -> None:
    """Selligent never sees it, and the List ends as the tap says."""
    values = [{"key": "x", "a": "too long", "b": "1"}, {"key": "x", "a": "2"}]
    run = contacts.run(messages(*values), segment_column="seg").succeeded()
    assert contacts.rows("KEY", "A", "B") == [["x", "2", "1"]]
    assert "Rejected" not in run.stderr


def test_a_bad_record_ends_a_strict_run(contacts: Tenant) -> None:
    """By `skip_invalid_records`: the error names the record, although it was merged with another one."""
    values: list[dict[str, Any]] = [{"key": "x", "a": "1"}, {"key": "x", "b": "too long"}]
    run = contacts.run(messages(*values), segment_column="seg", skip_invalid_records=False)
    assert run.returncode == 1
    assert "record 2" in run.error_line()
    assert run.states == []


def test_a_record_of_an_impossible_segment_is_rejected_alone(contacts: Tenant) -> None:
    """The others of its key are loaded as if it had not come."""
    values: list[dict[str, Any]] = [
        {"key": "x", "a": "1"},
        {"key": "x", "b": "2", "seg": "no, a list"},
        {"key": "x", "a": "3"},
    ]
    run = contacts.run(
        messages(*values, {"key": "y", "a": "4"}), segment_column="seg", create_segment_if_not_exists=True
    ).succeeded()
    assert sorted(contacts.rows("KEY", "A", "B")) == [["x", "3", None], ["y", "4", None]]
    assert contacts.members("s", "KEY") == ["x", "y"]
    assert run.states == [1]


@pytest.mark.parametrize(
    "settings",
    [{"error_handling": "StopOnError"}, {"mode": "Stream"}, {"list_data_import_option": "OnlyUpdate"}],
    ids=["StopOnError", "Stream", "OnlyUpdate"],
)
def test_other_options_send_each_record(contacts: Tenant, settings: dict[str, Any]) -> None:
    """Selligent must see each of them."""
    contacts.load_rows("KEY", [["x"]])
    before = len(contacts.requests(LOAD))
    contacts.run(messages({"key": "x", "a": "1"}, {"key": "x", "b": "2"}), segment_column="seg", **settings).succeeded()
    assert contacts.rows("KEY", "A", "B") == [["x", "1", "2"]]
    assert [entry["rows"] for entry in contacts.requests(LOAD)[before:]] == [1, 1]


def test_merged_rows_of_a_list_that_waits(tenant: Tenant) -> None:
    """A List that waits for its parent is loaded from a file: merged rows and their records are in it, too."""
    tenant.create_list("parents", PARENT="Text(9)")
    tenant.create_list("events", KEY="Text(10)", A="Text(3)", B="Text(3)", PARENT="Text(9)")
    columns = {"key": "string", "a": "string", "b": "string", "parent": "string"}
    lines = [
        schema(columns, stream="events"),
        record({"key": "x", "a": "1", "parent": "p"}, "events"),
        record({"key": "x", "b": "too long"}, "events"),
        record({"key": "x", "a": "2"}, "events"),
        schema({"parent": "string"}, keys=["parent"], stream="parents"),
        record({"parent": "p"}, "parents"),
        state(1),
    ]
    relation = {"list": "parents", "scope": "EVENTS", "field": "PARENT"}
    streams = {
        "events": {"list_api_name": "events", "relation": relation},
        "parents": {"list_api_name": "parents"},
    }
    run = tenant.run(lines, streams=streams).succeeded()
    assert tenant.rows("KEY", "A", "B", "PARENT", list_api_name="events") == [["x", "2", None, "p"]]
    assert run.states == [1]
    assert "Rejected record 2" in run.stderr

"""Rows that Selligent refuses: the right ones are rejected, whatever its answer leaves open."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Tenant

LOAD = "/contacts/data/load"
COLUMNS = {"key": "string", "value": "string", "seg": "string"}
BASES = pytest.mark.parametrize("base", [0, 1], ids="first is {}".format)
FAILURES = pytest.mark.parametrize("told", ["counted", "whole"])


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List whose VALUE takes three characters and whose MARK too, and a Segment."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)", MARK="Text(3)")
    tenant.create_segment("s")
    return tenant


def rejected(run: FinishedRun) -> list[int]:
    """Return the numbers of the records that a run rejected, in order."""
    return sorted(int(line.split()[2]) for line in run.log if line.startswith("Rejected record"))


def run_marks(contacts: Tenant, marks: list[str | None], **settings: Any) -> FinishedRun:
    """Load records with a MARK, in which no value shows which one is at fault."""
    rows = records("key mark seg", *((f"k{number}", mark, "s") for number, mark in enumerate(marks, 1)))
    described = schema({"key": "string", "mark": "string", "seg": "string"})
    return contacts.run([described, *rows, state(1)], segment_column="seg", **settings)


def keys(*numbers: int) -> list[str]:
    """Return the keys of records by their number."""
    return [f"k{number}" for number in numbers]


GOOD, BAD = "ok", "\N{GRINNING FACE}" * 2
"""Two characters that Selligent counts as four: too long for three, but not so for certain."""


@BASES
@pytest.mark.parametrize("mode", ["Sync", "Stream"])
@pytest.mark.parametrize("option", ["InsertAndUpdate", "OnlyInsert"])
@pytest.mark.parametrize(
    ("marks", "bad"),
    [
        ([GOOD, BAD, GOOD, GOOD], [2]),
        ([GOOD, BAD, BAD, GOOD], [2, 3]),
        ([GOOD, BAD, GOOD, BAD, GOOD], [2, 4]),
        ([BAD, GOOD, GOOD], [1]),
        ([GOOD, GOOD, BAD], [3]),
    ],
    ids=["one", "two together", "two apart", "the first", "the last"],
)
def test_the_right_rows_are_rejected(  # noqa: PLR0913 - what may differ
    contacts: Tenant, base: int, mode: str, option: str, marks: list[str | None], bad: list[int]
) -> None:
    """Counted from 0 or from 1, the refused rows are rejected, and all others are in the List and in the Segment."""
    contacts.set_options(record_index_base=base)
    run = run_marks(contacts, marks, mode=mode, list_data_import_option=option).succeeded()
    good = [number for number in range(1, len(marks) + 1) if number not in bad]
    assert rejected(run) == bad
    assert sorted(contacts.rows("KEY")) == [[key] for key in keys(*good)]
    assert contacts.members("s", "KEY") == keys(*good)
    assert run.states == [1]
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert f"{len(marks)} sent, {len(good)} inserted, 0 updated" in line
    assert f"{len(bad)} refused" in line


@BASES
def test_it_is_found_out_once_a_run(contacts: Tenant, base: int) -> None:
    """Two rows are sent alone at most, after the first refusal that leaves it open; then it is known for all Lists."""
    contacts.create_list("others", KEY="Text(10)", MARK="Text(3)")
    contacts.set_options(record_index_base=base)
    messages = []
    for stream in ("customers", "others"):
        messages.append(schema({"key": "string", "mark": "string"}, stream=stream))
        rows = [(f"k{number}", BAD if number % 4 == 1 else GOOD) for number in range(12)]
        messages += records("key mark", *rows, stream=stream)
    streams = {"others": {"list_api_name": "others"}}
    settings: dict[str, Any] = {"batch_size_rows": 4, "max_parallel_requests_per_list": 1}
    run = contacts.run(messages, streams=streams, **settings).succeeded()
    good = [[f"k{number}"] for number in range(12) if number % 4 != 1]
    for name in ("contacts", "others"):
        assert sorted(contacts.rows("KEY", list_api_name=name)) == sorted(good)
    assert len(rejected(run)) == 6
    loads = Counter(entry["rows"] for entry in contacts.requests("data/load"))
    assert loads[4] == 6
    # Lists are loaded side by side: each may ask before the other has its answer.
    assert loads[1] <= 2 * (2 - base)


@BASES
@pytest.mark.parametrize("value", [("ok", "too long"), ("too long", "ok")], ids=["second", "first"])
def test_a_value_that_shows_it_needs_no_call(contacts: Tenant, base: int, value: tuple[str, str]) -> None:
    """Where one of the two rows has a text longer than the field that is named, that is the one, without a call."""
    contacts.set_options(record_index_base=base)
    values = ["ok", *value, "ok", "ok"]
    rows = records("key value", *((f"k{number}", text) for number, text in enumerate(values, 1)))
    run = contacts.run([schema({"key": "string", "value": "string"}), *rows]).succeeded()
    assert rejected(run) == [values.index("too long") + 1]
    assert len(contacts.requests(LOAD)) == 1


@BASES
@pytest.mark.parametrize("again", ["k1", "K1", "k2"], ids=["before", "before, spelt otherwise", "the refused one"])
def test_a_row_that_is_sent_again_does_not_win(contacts: Tenant, base: int, again: str) -> None:
    """A later record of a key that was sent alone once more still has the last word."""
    contacts.set_options(record_index_base=base, case_insensitive_keys=True)
    rows = records("key value mark", ("k1", "old", GOOD), ("k2", "old", BAD), (again, "new", GOOD), ("k4", "x", GOOD))
    described = schema({"key": "string", "value": "string", "mark": "string"})
    contacts.run([described, *rows]).succeeded()
    assert "new" in [value for key, value in contacts.rows("KEY", "VALUE") if key.casefold() == again.casefold()]
    assert len(contacts.rows("KEY")) == (2 if again != "k2" else 3)


@BASES
def test_a_row_that_is_taken_when_it_is_sent_again(contacts: Tenant, base: int) -> None:
    """If neither row is refused alone, both are in: nothing is rejected, and nothing is concluded from it."""
    contacts.set_options(record_index_base=base)
    contacts.add_fault("partial", path=LOAD, rows=[1 - base])
    run = run_marks(contacts, [GOOD] * 4).succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key in keys(1, 2, 3, 4)]
    assert contacts.members("s", "KEY") == keys(1, 2, 3, 4)
    assert rejected(run) == []


@BASES
def test_a_strict_load_names_the_right_row(contacts: Tenant, base: int) -> None:
    """With StopOnError, the record that is named is the one at fault, and no later one is loaded."""
    contacts.set_options(record_index_base=base)
    run = run_marks(contacts, [GOOD, GOOD, BAD, GOOD, GOOD], error_handling="StopOnError")
    assert "StopOnError" in run.error_line()
    assert rejected(run) == [3]
    assert sorted(contacts.rows("KEY")) == [["k1"], ["k2"]]
    assert run.states == []


@BASES
def test_loads_side_by_side(contacts: Tenant, base: int) -> None:
    """Loads of one List that overlap find it out alike."""
    contacts.set_options(record_index_base=base, parallel_bulk=True)
    marks = [BAD if number % 4 == 1 else GOOD for number in range(40)]
    run = run_marks(contacts, [*marks], batch_size_rows=4, max_parallel_requests_per_list=4).succeeded()
    good = [number for number, mark in enumerate(marks, 1) if mark == GOOD]
    assert sorted(contacts.rows("KEY")) == sorted([key] for key in keys(*good))
    assert rejected(run) == [number for number in range(1, 41) if number not in good]


@FAILURES
def test_rows_that_are_not_named_are_found(contacts: Tenant, told: str, tmp_path: Path) -> None:
    """An answer that names no row, or fails the load for one, ends in rejected records, and all others are loaded."""
    contacts.set_options(invalid_rows=told)
    rejects = tmp_path / "rejects.jsonl"
    marks = [BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD, BAD]
    run = run_marks(contacts, [*marks], rejects_path=str(rejects)).succeeded()
    assert sorted(contacts.rows("KEY")) == [[key] for key in keys(2, 3, 5, 6, 7)]
    assert contacts.members("s", "KEY") == keys(2, 3, 5, 6, 7)
    assert rejected(run) == [1, 4, 8]
    assert run.states == [1]
    messages = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
    lines = [message for message in messages if message["type"] == "RECORD"]
    assert [line["record"]["key"] for line in lines] == keys(1, 4, 8)
    assert all(line["reason"] for line in lines)
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert "8 sent" in line
    assert "3 refused" in line


def test_a_load_that_failed_whole_ends_in_rejected_records(contacts: Tenant) -> None:
    """`Failed` with counts and without rows is about rows, also where all fail: this run and the next one go on."""
    contacts.set_options(invalid_rows="counted")
    for _ in range(2):
        run = run_marks(contacts, [BAD, BAD, GOOD, GOOD], batch_size_rows=2).succeeded()
        assert rejected(run) == [1, 2]
        assert sorted(contacts.rows("KEY")) == [["k3"], ["k4"]]
        assert run.states == [1]


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_a_fault_of_the_whole_request_ends_the_run(contacts: Tenant, rows: int) -> None:
    """ValidationFailed for whatever is sent is no fault of rows: the run ends soon with Selligent's words, no STATE."""
    contacts.add_fault("result_code", result_code="ValidationFailed", message="Key field unknown", path=LOAD, times=0)
    run = run_marks(contacts, [GOOD] * rows)
    error_line = run.error_line()
    assert "POST lists/contacts/data/load: Selligent answered ValidationFailed" in error_line
    assert "Key field unknown" in error_line
    assert (run.stdout, rejected(run), contacts.rows("KEY")) == ("", [], [])
    assert len(contacts.requests(LOAD)) <= 20


def test_a_fault_that_comes_later_ends_the_run(contacts: Tenant) -> None:
    """When every load fails from some moment on, the records are not rejected one by one: the run ends."""
    contacts.add_fault("result_code", result_code="ValidationFailed", path=LOAD, skip=1, times=0)
    run = run_marks(contacts, [GOOD] * 60, batch_size_rows=20)
    assert "ValidationFailed" in run.error_line()
    assert rejected(run) == []


def test_two_faults_of_one_row_are_one_refused_row(contacts: Tenant) -> None:
    """An answer that names a row twice has refused one row: it is counted and rejected once, with both reasons."""
    faults = [
        {"record_index": 0, "field_name": name, "message": f"{name} is wrong", "validation_code": "InvalidType"}
        for name in ("VALUE", "MARK")
    ]
    body = {
        "result_code": "PartiallySucceeded",
        "errors": None,
        "number_of_inserted_records": 1,
        "number_of_failed_records": 1,
        "invalid_records": faults,
    }
    contacts.add_fault("status", status=200, body=body, path=LOAD)
    run = contacts.run([schema({"key": "string", "value": "string"}), *records("key value", ("a", "x"), ("b", "y"))])
    assert rejected(run.succeeded()) == [1]
    assert "VALUE is wrong; MARK is wrong" in run.stderr
    (line,) = [line for line in run.log if line.startswith("List contacts: ")]
    assert "2 sent, 1 inserted, 0 updated, 0 duplicates, 0 not found, 1 refused" in line


def test_a_refused_record_counts_once(contacts: Tenant) -> None:
    """`max_rejects` counts records: one that three Segments refuse is one, one that the List refuses is another."""
    names = ["s", "t", "u"]
    for name in names[1:]:
        contacts.create_segment(name)
    contacts.add_fault("partial", path="/segments/[^/]+/data/load", rows=[0], times=0)
    segments = {"type": "array", "items": {"type": "string"}}
    messages = [
        schema({"key": "string", "value": "string", "seg": segments}),
        record({"key": "a", "value": "x", "seg": names}),
        record({"key": "b", "value": "too long", "seg": names}),
        record({"key": "c", "value": "x", "seg": [*names, "bad name", "another bad name"]}),
    ]
    run = contacts.run(messages, segment_column="seg", max_rejects=3).succeeded()
    assert rejected(run) == [1, 1, 1, 2, 3, 3]
    assert "max_rejects" in contacts.run(messages, segment_column="seg", max_rejects=2).error_line()


@pytest.mark.parametrize(
    "words",
    [
        None,
        "The list has no unique index on the key fields",
        "A business key is required for this operation",
        "Index is missing: CONTACTS",
    ],
)
def test_a_missing_index_says_what_to_do(contacts: Tenant, words: str | None) -> None:
    """A load that is refused for want of a unique index ends the run at once; the line says which one to create."""
    if words is None:
        contacts.set_options(unique_index_required_above_rows=1)
    else:
        body = {"result_code": "ValidationFailed", "errors": [{"error_code": "ERR", "description": words}]}
        contacts.add_fault("status", status=400, body=body, path=LOAD, times=0)
    run = run_marks(contacts, [GOOD] * 3)
    error_line = run.error_line()
    for word in (
        "create a unique index over the key fields KEY of List contacts",
        "businesskey",
        words or "unique index",
    ):
        assert word in error_line
    assert len(contacts.requests(LOAD)) == 1
    assert run.states == []

"""Records that cannot be loaded: rejected, counted and kept, or the end of the run; never a silent loss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

SCHEMA = schema({"key": "string", "value": "string", "seg": "string"})
SECRETIVE = "alice.private@example.com"
FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "key null": ({"key": None, "value": SECRETIVE, "seg": "s"}, "the key is null or blank"),
    "key blank": ({"key": " ", "value": SECRETIVE, "seg": "s"}, "the key is null or blank"),
    "key missing": ({"value": SECRETIVE, "seg": "s"}, "the key is missing"),
    "no Segment": ({"key": "b", "value": SECRETIVE, "seg": None}, "it names no Segment"),
    "against its schema": ({"key": "b", "value": [SECRETIVE], "seg": "s"}, "it does not match its schema"),
    "refused": ({"key": "b", "value": SECRETIVE, "seg": "s"}, "Selligent refused it"),
}
CASES = pytest.mark.parametrize(("values", "reason"), FAULTY.values(), ids=FAULTY)


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List whose VALUE takes three characters, and a Segment."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)")
    tenant.create_segment("s")
    return tenant


@CASES
def test_faulty_records_are_rejected(contacts: Tenant, tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    """A faulty record is named by number and reason, never by value; it is kept whole, and the others are loaded."""
    good = {"key": "a", "value": "ok", "seg": "s"}
    messages = [SCHEMA, record(good), record(values), record({**good, "key": "c"}), state({"a": 1})]
    rejects = tmp_path / "rejects.jsonl"
    run = contacts.run(messages, segment_column="seg", rejects_path=str(rejects)).succeeded()
    assert contacts.rows("KEY") == [["a"], ["c"]]
    assert contacts.members("s", "KEY") == ["a", "c"]
    assert "Rejected record 2 of stream customers" in run.stderr
    assert reason in run.stderr
    assert SECRETIVE not in run.stderr
    _, line = map(json.loads, rejects.read_text(encoding="utf-8").splitlines())
    assert (line["type"], line["stream"], line["record"]) == ("RECORD", "customers", values)
    assert (line["record_number"], line["list"]) == (2, "contacts")
    assert line["reason"]
    assert rejects.stat().st_mode & 0o077 == 0
    last = run.stderr.splitlines()[-1]
    assert "rejected 1 records of stream customers" in last
    assert "WARNING" in last
    assert run.states == [{"a": 1}]


@CASES
def test_the_first_faulty_record_ends_a_strict_run(contacts: Tenant, values: dict[str, Any], reason: str) -> None:
    """With skip_invalid_records false the run fails on the first, saying which and why, and prints no later STATE."""
    good = {"key": "a", "value": "ok", "seg": "s"}
    run = contacts.run(
        [SCHEMA, record(good), record(values), record({**good, "key": "c"}), state({"a": 1})],
        segment_column="seg",
        skip_invalid_records=False,
    )
    error_line = run.error_line()
    assert "record 2 of stream customers" in error_line
    assert reason in error_line
    assert "skip_invalid_records" in error_line
    assert SECRETIVE not in run.stderr
    assert run.stdout == ""


def test_a_strict_run_without_faults_succeeds(contacts: Tenant) -> None:
    """skip_invalid_records false changes nothing where there is nothing to skip."""
    rows = records("key value seg", ("a", "ok", "s"), ("b", None, "s"))
    run = contacts.run([SCHEMA, *rows, state({"a": 1})], segment_column="seg", skip_invalid_records=False).succeeded()
    assert contacts.members("s", "KEY") == ["a", "b"]
    assert run.states == [{"a": 1}]


def test_rejects_can_be_loaded_again(contacts: Tenant, tmp_path: Path) -> None:
    """The rejects file, behind the SCHEMA, is input for the target: nothing but the mended fault is left to do."""
    rejects = tmp_path / "rejects.jsonl"
    settings: dict[str, Any] = {"segment_column": "seg", "rejects_path": str(rejects)}
    faulty = records("key value seg", ("a", "too long", "s"), ("b", "ok", "s"), ("c", "long, too", "s"))
    contacts.run([SCHEMA, *faulty], **settings).succeeded()
    mended = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
    for message in mended[1:]:
        message["record"]["value"] = "new"
    contacts.run(mended, segment_column="seg").succeeded()
    assert sorted(contacts.rows("KEY", "VALUE")) == [["a", "new"], ["b", "ok"], ["c", "new"]]
    assert contacts.members("s", "KEY") == ["a", "b", "c"]


def test_only_the_first_of_a_kind_are_named(tenant: Tenant) -> None:
    """The log names ten records of a kind and counts the rest; the summary has them all."""
    rows = records("key", ("a",), *((None,) for _ in range(500)))
    run = tenant.run([schema({"key": "string"}), *rows], create_list_if_not_exists=True).succeeded()
    assert len([line for line in run.log if line.startswith("Rejected record")]) == 10
    assert any(line.startswith("rejected 500 records of stream customers, field key") for line in run.log)


@pytest.mark.parametrize(
    ("limit", "ends"), [(2, True), ("2", True), (3, False), ("25%", True), ("50%", False), (None, False)], ids=str
)
def test_too_many_rejects_fail_the_run(tenant: Tenant, limit: Any, ends: bool) -> None:  # noqa: FBT001 - a case
    """`max_rejects` ends the run at more than a number, or after more than a share of all records."""
    rows = records("key", ("a",), (None,), ("b",), (None,), ("c",), (None,), ("d",))
    run = tenant.run([schema({"key": "string"}), *rows], create_list_if_not_exists=True, max_rejects=limit)
    if ends:
        assert "max_rejects" in run.error_line()
    else:
        run.succeeded()


def test_stop_on_error_fails_the_run(contacts: Tenant) -> None:
    """error_handling StopOnError ends the run at a record that Selligent refuses, naming it, without a STATE."""
    rows = records("key value", ("a", "ok"), ("b", "too long"), ("c", "ok"))
    messages = [schema({"key": "string", "value": "string"}), *rows, state({"a": 1})]
    run = contacts.run(messages, error_handling="StopOnError")
    assert "StopOnError" in run.error_line()
    assert "record 2 of stream customers" in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("base", [0, 1], ids="first is {}".format)
def test_refused_rows_are_told_apart_however_they_are_counted(contacts: Tenant, base: int) -> None:
    """Whether Selligent counts rows from 0 or from 1, the right records are reported when the last is among them."""
    contacts.set_options(record_index_base=base)
    rows = records("key value", ("a", "ok"), ("b", "too long"), ("c", "ok"), ("d", "too long"))
    run = contacts.run([schema({"key": "string", "value": "string"}), *rows]).succeeded()
    assert contacts.rows("KEY") == [["a"], ["c"]]
    rejected = [line.split()[2] for line in run.log if line.startswith("Rejected record")]
    assert sorted(rejected) == ["2", "4"]


def test_rejects_file_that_cannot_be_written(contacts: Tenant, tmp_path: Path) -> None:
    """A rejects_path that cannot be opened ends the run before anything is loaded."""
    path = tmp_path / "no" / "folder" / "rejects.jsonl"
    error_line = contacts.run([SCHEMA, record({"key": "a"})], rejects_path=str(path)).error_line()
    assert "rejects_path" in error_line
    assert contacts.rows("KEY") == []

"""The dry run: the same run, which writes nothing and says what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, run_command, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Message, Tenant

PEOPLE = schema({"key": "string", "age": "integer", "seg": "string"})
ROWS = records("key age seg", ("ann@home", 31, "vip"), ("bob@home", None, "gold"), ("ann@home", 32, "vip"))
CREATING: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "segment_column": "seg",
}


def dry_run(tenant: Tenant, messages: list[Message], *args: str, **settings: Any) -> FinishedRun:
    """Make a dry run. It writes nothing and prints no STATE, whatever it finds."""
    before = tenant.read_journal("writes")
    done = tenant.run(messages, "--dry-run", *args, **settings)
    assert tenant.read_journal("writes") == before
    for request in tenant.requests():
        assert request["method"] == "GET" or request["path"].endswith("/data/search"), request
    assert done.stdout == ""
    assert "Traceback" not in done.stderr, done.stderr
    return done


def lines(done: FinishedRun) -> list[str]:
    """Return the plan, without what is logged before it."""
    found = done.stderr.splitlines()
    return found[found.index("Dry run: nothing was written. A run would do this:") + 1 :]


def test_what_a_run_would_do(tenant: Tenant) -> None:
    """The plan names what is created, counted by List and Segment; the run then does exactly this."""
    done = dry_run(tenant, [PEOPLE, *ROWS, state({"a": 1})], **CREATING).succeeded()
    *plan, calls, verdict = lines(done)
    assert plan == [
        "Create List contacts (Userlist)",
        "Create fields KEY, AGE of List contacts",
        "Create Segment vip of List contacts",
        "Create Segment gold of List contacts",
        "List contacts: 3 read, 3 to load",
        "Segment vip of List contacts: 2 read, 2 to load",
        "Segment gold of List contacts: 1 read, 1 to load",
        "First row of stream customers, for List contacts: KEY (text), AGE (number)",
    ]
    assert "to write" in calls
    assert verdict == "The run would find no problem"
    assert "ann@home" not in done.stderr
    assert "Created" not in done.stderr
    run = tenant.run([PEOPLE, *ROWS, state({"a": 1})], **CREATING).succeeded()
    assert "List contacts: 3 read, 3 sent" in run.stderr
    assert set(tenant.segments()) == {"vip", "gold"}


def test_values_are_shown_if_they_are_asked_for(tenant: Tenant) -> None:
    """With `--show-values`, the first row is printed as it would be sent."""
    done = dry_run(tenant, [PEOPLE, *ROWS], "--show-values", **CREATING).succeeded()
    assert 'First row of stream customers, for List contacts: {"KEY": "ann@home", "AGE": 31}' in lines(done)


def test_the_limit(tenant: Tenant) -> None:
    """With `--limit`, reading stops after some records, although the input goes on."""
    done = dry_run(tenant, [PEOPLE, *ROWS * 100], "--limit", "2", **CREATING).succeeded()
    assert "List contacts: 2 read, 2 to load" in lines(done)


def test_all_problems_are_named(tenant: Tenant, tmp_path: Path) -> None:
    """The plan has every problem and every rejected record; the exit code is 1, and no rejects file is written."""
    tenant.create_list(KEY="Text(20)")
    other = schema({"id": "string"}, ["id"], "others")
    messages = [PEOPLE, *ROWS, record({"key": None, "age": 1, "seg": "vip"}), other, record({"id": "a"}, "others")]
    path = tmp_path / "rejects.jsonl"
    done = dry_run(tenant, messages, segment_column="seg", unlisted_streams="load", rejects_path=str(path))
    assert (done.returncode, path.exists()) == (1, False)
    plan = lines(done)
    problems = [line for line in plan if line.startswith("Problem: ")]
    for words in (
        "AGE (column age)",
        "Segment vip of List contacts does not",
        "Segment gold",
        "segment_column seg is not",
    ):
        assert [line for line in problems if words in line], plan
    assert [line for line in plan if line.startswith("Not loaded: ") and "stream customers" in line]
    assert plan[-1] == f"The run would fail: {len(problems)} problems"


def test_a_mirror_reads_members_and_plans_removals(tenant: Tenant) -> None:
    """Members are really read; who would leave is counted, and `max_removals` is checked."""
    tenant.create_list(KEY="Text(20)", AGE="Long")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [["old"], ["ann@home"], ["older"]])
    tenant.add_members("vip", "KEY", ["old", "ann@home", "older"])
    messages = [schema({"key": "string", "age": "integer"}), record({"key": "ann@home", "age": 1})]
    settings: dict[str, Any] = {"segment": "vip", "segment_data_import_option": "mirror"}
    done = dry_run(tenant, messages, **settings)
    assert done.returncode == 1
    assert "2 of 3 members would leave" in done.stderr
    done = dry_run(tenant, messages, **settings, max_removals="100%").succeeded()
    assert "Segment vip of List contacts: 1 read, 1 to load, 2 to remove" in lines(done)
    assert tenant.members("vip", "KEY") == ["ann@home", "old", "older"]


def test_related_lists_and_late_loads(tenant: Tenant) -> None:
    """Relations are planned too, and rows that wait for other Lists or for the end of the input are counted."""
    relation = {"list": "contacts", "scope": "ORDERS", "field": "PERSON", "related_field": "KEY"}
    messages = [
        schema({"number": "string", "person": "string"}, ["number"], "orders"),
        record({"number": "1", "person": "a"}, "orders"),
        schema({"key": "string"}),
        *records("key", ("a",), ("b",)),
    ]
    done = dry_run(
        tenant,
        messages,
        create_list_if_not_exists=True,
        list_data_import_option="OnlyInsert",
        streams={"orders": {"list_api_name": "orders", "list_type": "Datalist", "relation": relation}, "customers": {}},
    ).succeeded()
    plan = lines(done)
    for line in ("Create relation ORDERS of List contacts", "Create List orders (Datalist)"):
        assert line in plan
    assert "List orders: 1 read, 1 to load" in plan
    assert "List contacts: 2 read, 2 to load" in plan


def test_wrong_input_and_wrong_login(tenant: Tenant) -> None:
    """What ends a run before its end is a problem of the plan."""
    done = dry_run(tenant, [PEOPLE, {"type": "BATCH"}], **CREATING)
    assert (done.returncode, "Problem: line 2 of the input lacks encoding, manifest" in done.stderr) == (
        1,
        True,
    )
    done = dry_run(tenant, [PEOPLE], **CREATING, api_secret="another")
    assert (done.returncode, "401" in done.stderr) == (1, True)


@pytest.mark.parametrize("args", [("--limit", "1"), ("--show-values",), ("--dry-run", "--limit", "0")])
def test_options_that_need_a_dry_run(args: tuple[str, ...]) -> None:
    """An option without sense is wrong usage."""
    assert run_command(*args).returncode == 2

"""With `changes_only`, a record is sent only if Selligent has not acknowledged it before as it is now."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Message, Tenant

SCHEMA = schema({"key": "string", "value": "integer"})
WITH_SEGMENTS = schema({"key": "string", "value": "integer", "seg": {"type": ["array", "string", "null"]}})


class Nights:
    """Runs that share a snapshot.

    Args:
        tenant: Where they load.
        path: The snapshot.
        settings: Settings of all runs.
    """

    def __init__(self, tenant: Tenant, path: Path, **settings: Any) -> None:
        self._tenant, self.path, self._settings = tenant, path, settings

    def run(self, *messages: Message, **settings: Any) -> FinishedRun:
        """Run the command with these messages."""
        return self._tenant.run(
            messages, **{"changes_only": True, "snapshot_path": str(self.path), **self._settings, **settings}
        )

    def sent(self, *rows: tuple[Any, ...], **settings: Any) -> list[list[Any]]:
        """Run the command with rows of key, value and perhaps Segments; return the rows that it sent to the List."""
        if "segment_column" in self._settings:
            messages = [WITH_SEGMENTS, *records("key value seg", *rows)]
        else:
            messages = [SCHEMA, *records("key value", *rows)]
        self.run(*messages, state({"end": 1}), **settings).succeeded()
        return sorted(row for write in self._tenant.writes("list_load") for row in write["values"])

    def age(self, days: int) -> None:
        """Make everything in the snapshot older."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute("UPDATE entry SET day = day - ?", (days,))


@pytest.fixture
def nights(tenant: Tenant, tmp_path: Path) -> Nights:
    """Runs into the List `contacts`, without Segments."""
    tenant.create_list(KEY="Text(20)", VALUE="Long")
    return Nights(tenant, tmp_path / "snapshot.db")


def test_only_what_changed_is_sent(tenant: Tenant, nights: Nights) -> None:
    """The summary says how many records are unchanged, new and changed; STATE goes on as ever."""
    assert nights.sent(("a", 1), ("b", 2)) == [["a", 1], ["b", 2]]
    run = nights.run(SCHEMA, *records("key value", ("a", 1), ("b", 3), ("c", 4)), state({"end": 2})).succeeded()
    assert [write["values"] for write in tenant.writes("list_load")] == [[["b", 3], ["c", 4]]]
    assert run.states == [{"end": 2}]
    assert "3 read, 2 sent" in run.stderr
    assert "1 unchanged, 1 new, 1 changed" in run.stderr
    assert sorted(tenant.rows("KEY", "VALUE")) == [["a", 1], ["b", 3], ["c", 4]]


def test_nothing_is_sent_if_nothing_changed(tenant: Tenant, nights: Nights) -> None:
    """The run is good, and its STATE is printed."""
    nights.sent(("a", 1), ("b", 2))
    run = nights.run(SCHEMA, *records("key value", ("a", 1), ("b", 2)), state({"end": 2})).succeeded()
    assert tenant.requests("/data/load") == []
    assert run.states == [{"end": 2}]
    assert "2 unchanged" in run.stderr


def test_the_file_is_for_its_owner_only_and_holds_no_value(nights: Nights) -> None:
    """Hashes are all that it has of a record."""
    nights.sent(("somebody@example.com", 4711))
    assert stat.S_IMODE(nights.path.stat().st_mode) == 0o600
    content = nights.path.read_bytes()
    assert b"somebody" not in content
    assert b"4711" not in content
    assert sorted(path.name for path in nights.path.parent.iterdir()) == ["snapshot.db"]


def test_a_file_that_is_deleted_sends_everything(nights: Nights) -> None:
    """As the first run."""
    nights.sent(("a", 1))
    nights.path.unlink()
    assert nights.sent(("a", 1)) == [["a", 1]]


@pytest.mark.parametrize("batch_size_rows", [1, 2, 100])
def test_the_last_record_of_a_key_wins(tenant: Tenant, nights: Nights, batch_size_rows: int) -> None:
    """A record that equals the snapshot is sent if an earlier record of its key was."""
    orders = {"a": (1, 2, 1), "b": (1, 2, 1, 1), "c": (2, 1), "d": (1, 1, 2), "e": (2, 2, 1)}
    nights.sent(*((key, 1) for key in orders))
    rows = [(key, value) for key, values in orders.items() for value in values]
    run = nights.run(SCHEMA, *records("key value", *rows), batch_size_rows=batch_size_rows).succeeded()
    assert f"{2 + 3 + 2 + 1 + 3} sent" in run.stderr
    last = {key: values[-1] for key, values in orders.items()}
    assert dict(tenant.rows("KEY", "VALUE")) == last
    assert nights.sent(*last.items()) == []


def test_keys_that_could_be_the_same_keep_their_order(tenant: Tenant, nights: Nights) -> None:
    """Two spellings of a key are one record to the tenant, so one does not hide what the other has changed."""
    nights.sent(("a", 1))
    nights.sent(("A ", 2))
    nights.sent(("a", 1))
    assert [value for _, value in tenant.rows("KEY", "VALUE")] == [1]


def test_records_that_lack_columns(tenant: Tenant, nights: Nights) -> None:
    """A record with other columns is another record; the order of a key counts across them."""
    nights.sent(("a", 1))
    nights.run(SCHEMA, record({"key": "a"})).succeeded()
    assert [write["fields"] for write in tenant.writes("list_load")] == [["KEY"]]
    nights.run(SCHEMA, *records("key value", ("a", 1), ("b", 2)), record({"key": "a"})).succeeded()
    nights.run(SCHEMA, record({"key": "b"}), *records("key value", ("b", 2), ("a", 1))).succeeded()
    assert sorted(tenant.rows("KEY", "VALUE")) == [["a", 1], ["b", 2]]


def test_rejected_records_are_sent_again(tenant: Tenant, nights: Nights) -> None:
    """What Selligent refused is not in the snapshot."""
    tenant.create_list("marks", KEY="Text(10)", MARK="Text(3)")
    described = schema({"key": "string", "mark": "string"})
    # Selligent counts two characters of the first one as four.
    rows = records("key mark", ("bad", "\N{GRINNING FACE}" * 2), ("good", "ok"))
    for sent in (2, 1, 1):
        run = nights.run(described, *rows, list_api_name="marks").succeeded()
        assert "rejected 1 records" in run.stderr
        assert f"{sent} sent" in run.stderr


def test_a_record_after_a_rejected_one_is_sent(tenant: Tenant, nights: Nights, tmp_path: Path) -> None:
    """It must be loaded after the rejected one when that is replayed."""
    nights.sent(("a", 1))
    rejects = tmp_path / "rejects.jsonl"
    rows = [record({"key": "a", "value": "no number"}), record({"key": "a", "value": 1})]
    nights.run(SCHEMA, *rows, rejects_path=str(rejects), validate_records=False).succeeded()
    assert len(tenant.writes("list_load")) == 1
    assert [line.count(b'"newer') for line in rejects.read_bytes().splitlines()][-1] == 1


def test_another_place_never_matches(tenant: Tenant, nights: Nights) -> None:
    """Another List, organization or key has nothing in common with it."""
    tenant.create_list("others", KEY="Text(20)", VALUE="Long")
    nights.sent(("a", 1))
    assert nights.sent(("a", 1), list_api_name="others") == [["a", 1]]
    assert nights.sent(("a", 1)) == []
    assert nights.sent(("a", 1), key_fields="VALUE") == [["a", 1]]
    assert nights.sent(("a", 1)) == [["a", 1]]


def test_a_row_that_was_not_sent_for_long_is_sent(nights: Nights) -> None:
    """So that an edit made in Selligent does not stay for ever."""
    nights.sent(("a", 1), ("b", 2))
    nights.age(29)
    assert nights.sent(("a", 1), ("b", 3)) == [["b", 3]]
    nights.age(1)
    assert nights.sent(("a", 1), ("b", 3)) == [["a", 1]]
    nights.age(2)
    assert nights.sent(("a", 1), ("b", 3), snapshot_max_age_days=2) == [["a", 1], ["b", 3]]


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + os.urandom(4000)], ids=["text", "noise"])
def test_a_broken_file_is_set_aside(nights: Nights, content: bytes) -> None:
    """A warning says so, and everything is sent."""
    nights.sent(("a", 1))
    nights.path.write_bytes(content)
    run = nights.run(SCHEMA, *records("key value", ("a", 1))).succeeded()
    assert "cannot be used" in run.stderr
    assert "1 new" in run.stderr
    assert nights.path.with_name("snapshot.db.broken").read_bytes() == content
    assert nights.sent(("a", 1)) == []


def test_a_file_that_breaks_in_the_middle(nights: Nights) -> None:
    """A page that is broken is found when it is read."""
    nights.sent(*((f"k{number}", number) for number in range(2000)))
    content = bytearray(nights.path.read_bytes())
    content[4096 * 8 :] = os.urandom(len(content) - 4096 * 8)
    nights.path.write_bytes(content)
    run = nights.run(SCHEMA, *records("key value", *((f"k{number}", number) for number in range(2000)))).succeeded()
    assert "cannot be used" in run.stderr
    assert nights.sent(("k1", 1)) == []


def test_a_file_of_another_version_is_set_aside(nights: Nights) -> None:
    """What its hashes mean is not known."""
    nights.sent(("a", 1))
    with closing(sqlite3.connect(nights.path, isolation_level=None)) as database:
        database.execute("PRAGMA user_version = 99")
    run = nights.run(SCHEMA, *records("key value", ("a", 1))).succeeded()
    assert "another version" in run.stderr
    assert "1 new" in run.stderr


def test_a_database_of_another_program_is_left_alone(nights: Nights) -> None:
    """It may be worth something."""
    with closing(sqlite3.connect(nights.path, isolation_level=None)) as database:
        database.execute("CREATE TABLE precious (gold TEXT)")
    before = nights.path.read_bytes()
    assert "another program" in nights.run(SCHEMA).error_line()
    assert nights.path.read_bytes() == before


def test_two_runs_at_a_time(nights: Nights) -> None:
    """The second ends with one line."""
    nights.sent(("a", 1))
    with closing(sqlite3.connect(nights.path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert "in use by another run" in nights.run(SCHEMA, *records("key value", ("a", 1))).error_line()
    assert nights.sent(("a", 1)) == []


def test_a_list_that_the_run_creates_gets_everything(tenant: Tenant, nights: Nights) -> None:
    """Somebody has deleted it."""
    nights.sent(("a", 1))
    tenant.call_api("DELETE", "/lists/contacts")
    assert nights.sent(("a", 1), create_list_if_not_exists=True) == [["a", 1]]
    assert nights.sent(("a", 1)) == []


# Segments


@pytest.fixture
def members(tenant: Tenant, nights: Nights) -> Nights:
    """Runs that load the Segments `s` and `t`."""
    for segment in ("s", "t"):
        tenant.create_segment(segment)
    return Nights(tenant, nights.path, segment_column="seg")


def test_another_segment_is_a_change(tenant: Tenant, members: Nights) -> None:
    """The same row may come once for each of its Segments."""
    rows = [("a", 1, "s"), ("a", 1, "t"), ("b", 2, ["t", "s"])]
    members.sent(*rows[:1])
    members.sent(*rows)
    assert tenant.members("s", "KEY") == tenant.members("t", "KEY") == ["a", "b"]
    members.sent(*rows)
    members.sent(*rows)
    assert tenant.requests("/data/load") == []


def test_a_row_of_several_segments_that_changes(tenant: Tenant, members: Nights) -> None:
    """Only one of its records may come."""
    members.sent(("a", 1, "s"), ("a", 1, "t"))
    members.sent(("a", 2, "s"))
    members.sent(("a", 1, "t"))
    assert tenant.rows("KEY", "VALUE") == [["a", 1]]


def test_a_missing_segment_is_missed(tenant: Tenant, members: Nights) -> None:
    """Or created, and then it gets its members."""
    members.sent(("a", 1, "s"), ("b", 2, "t"))
    tenant.call_api("DELETE", "/lists/contacts/segments/s")
    rows = records("key value seg", ("a", 1, "s"), ("b", 2, "t"))
    assert "Segment s" in members.run(WITH_SEGMENTS, *rows).error_line()
    members.run(WITH_SEGMENTS, *rows, create_segment_if_not_exists=True).succeeded()
    assert tenant.members("s", "KEY") == ["a"]
    assert [row for write in tenant.writes("list_load") for row in write["values"]] == [["a", 1]]


def test_unchanged_members_of_a_mirror_stay(tenant: Tenant, members: Nights) -> None:
    """They are members of the run, although nothing is sent; who leaves and comes back is sent again."""
    rows = [("a", 1, "s"), ("b", 2, "s"), ("c", 3, "s")]
    mirror = {"segment_data_import_option": "mirror"}
    members.sent(*rows, **mirror)
    assert members.sent(*rows[:2], **mirror) == []
    assert tenant.members("s", "KEY") == ["a", "b"]
    assert members.sent(*rows, **mirror) == [["c", 3]]
    assert tenant.members("s", "KEY") == ["a", "b", "c"]


def test_a_removal_forgets_the_member(tenant: Tenant, members: Nights) -> None:
    """By an action column; coming back is a change."""
    columns = schema({"key": "string", "value": "integer", "seg": "string", "action": "string"})

    def run(*rows: tuple[Any, ...]) -> list[Any]:
        members.run(columns, *records("key value seg action", *rows), action_column="action").succeeded()
        return sorted(row for write in tenant.writes("list_load") for row in write["values"])

    run(("a", 1, "s", "add"), ("b", 2, "s", "add"))
    assert run(("a", 1, "s", "remove"), ("b", 2, "s", "add")) == []
    assert tenant.members("s", "KEY") == ["b"]
    assert run(("a", 1, "s", "add"), ("b", 2, "s", "add")) == [["a", 1]]
    assert run(("b", 2, "s", "remove"), ("b", 2, "s", "add")) == []
    assert tenant.members("s", "KEY") == ["a", "b"]


@pytest.mark.parametrize("deleted_records", ["leave_segments", "delete"])
def test_a_deleted_record_that_comes_back_is_sent(tenant: Tenant, members: Nights, deleted_records: str) -> None:
    """A deletion forgets the record."""
    columns = schema({"key": "string", "value": "integer", "seg": "string", "_sdc_deleted_at": "string"})
    row = {"key": "a", "value": 1, "seg": "s"}
    for expected, one in ((1, row), (0, row), (0, {**row, "_sdc_deleted_at": "2026-01-01"}), (1, row), (0, row)):
        members.run(columns, record(one), deleted_records=deleted_records, max_removals="100%").succeeded()
        assert len(tenant.writes("list_load")) == expected
    assert tenant.members("s", "KEY") == ["a"]


def test_a_member_without_a_segment_is_sent_again(tenant: Tenant, members: Nights) -> None:
    """A record of which one Segment cannot exist is loaded and rejected, each time."""
    for sent in (1, 1):
        run = members.run(WITH_SEGMENTS, *records("key value seg", ("a", 1, ["s", "no name"]), ("b", 1, "s")))
        assert "rejected 1 records" in run.succeeded().stderr
        assert f"{sent} new" in run.stderr or "2 new" in run.stderr
    assert [row for write in tenant.writes("list_load") for row in write["values"]] == [["a", 1]]


# Settings


def test_what_contradicts_it(nights: Nights) -> None:
    """The run ends before its first record."""
    run = nights.run(SCHEMA, deduplication="ImportFirstMatch")
    assert run.returncode == 2
    assert "changes_only and deduplication ImportFirstMatch contradict each other" in run.stderr


def test_streams_with_other_keys(nights: Nights) -> None:
    """Known when their SCHEMA comes."""
    other = schema({"key": "string", "value": "integer"}, keys=["value"], stream="others")
    run = nights.run(SCHEMA, other, unlisted_streams="load")
    assert "the same key fields for all streams of List contacts" in run.error_line()


def test_a_dry_run_leaves_the_snapshot_alone(tenant: Tenant, nights: Nights) -> None:
    """It shows how many records a run would send, and neither creates nor changes the file."""
    settings: dict[str, Any] = {"changes_only": True, "snapshot_path": str(nights.path)}
    messages = [SCHEMA, *records("key value", ("a", 1), ("b", 2), ("c", 3))]
    run = tenant.run(messages, "--dry-run", **settings).succeeded()
    assert "3 read, 3 to load, 3 new" in run.stderr
    assert not nights.path.exists()
    nights.sent(("a", 1), ("b", 1))
    before = nights.path.read_bytes()
    for _ in range(2):
        run = tenant.run(messages, "--dry-run", **settings).succeeded()
        assert "3 read, 2 to load, 1 unchanged, 1 new, 1 changed" in run.stderr
    assert nights.path.read_bytes() == before
    assert [one.name for one in nights.path.parent.iterdir()] == [nights.path.name]


def test_a_dry_run_with_a_broken_snapshot(tenant: Tenant, nights: Nights) -> None:
    """It says that a run would send everything, and leaves the file as it is."""
    content = b"no database " * 1000
    nights.path.write_bytes(content)
    messages = [SCHEMA, *records("key value", ("a", 1))]
    run = tenant.run(messages, "--dry-run", changes_only=True, snapshot_path=str(nights.path)).succeeded()
    assert f"snapshot_path {nights.path} cannot be used" in run.stderr
    assert "all records would be sent" in run.stderr
    assert "1 read, 1 to load, 1 new" in run.stderr
    assert nights.path.read_bytes() == content

"""Audiences: members that are mirrored, removed row by row or as a whole stream, and deleted at the source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Tenant

SCHEMA = schema({"key": "string", "seg": {}, "action": {}})
DONE = state({"done": 1})


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List of contacts, five of whom are in Segment vip."""
    tenant.create_list(KEY="Text(50)", OPTOUT="Long")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [[key] for key in "abcdefgh"])
    tenant.add_members("vip", "KEY", list("abcde"))
    return tenant


def run(contacts: Tenant, *rows: tuple[Any, ...], columns: str = "key seg", **settings: Any) -> FinishedRun:
    """Run the command with records that name Segments, and a STATE after them."""
    options = {"segment_column": "seg", "create_segment_if_not_exists": True, "field_mapping": {"action": None}}
    return contacts.run([SCHEMA, *records(columns, *rows), DONE], **{**options, **settings})


def test_a_mirrored_segment_holds_the_members_of_the_run(contacts: Tenant) -> None:
    """Who is not named leaves, who is new joins, in any spelling; the summary says so, and STATE comes at the end."""
    rows = [("a", "vip"), ("B", "VIP"), ("c", "vip"), ("x", "vip")]
    done = run(contacts, *rows, segment_data_import_option="mirror").succeeded()
    assert sorted(map(str.lower, contacts.members("vip", "KEY"))) == ["a", "b", "c", "x"]
    assert len(contacts.rows("KEY")) == 9
    assert done.states == [{"done": 1}]
    assert any(line.startswith("Segment vip of List") and line.endswith(", 2 removed") for line in done.log)


def test_nobody_who_stays_is_ever_missing(contacts: Tenant) -> None:
    """Members are removed after everything is loaded, in one call, and only those who leave are in it."""
    run(contacts, ("a", "vip"), ("b", "vip"), ("c", "vip"), segment_data_import_option="mirror").succeeded()
    assert [sorted(write["keys"]) for write in contacts.writes("segment_delete")] == [[["d"], ["e"]]]
    calls = contacts.calls()
    assert calls.index("DELETE /contacts/segments/vip/data") > calls.index("POST /contacts/segments/vip/data/load")
    assert not contacts.writes("segment_clear")


def test_the_members_of_a_segment_are_read_in_pages(contacts: Tenant) -> None:
    """More members than one search returns are all compared."""
    keys = [f"k{number:05}" for number in range(25_000)]
    contacts.load_rows("KEY", [[key] for key in keys])
    contacts.add_members("vip", "KEY", keys)
    rows = [(key, "vip") for key in keys[:-2]]
    run(contacts, *rows, segment_data_import_option="mirror").succeeded()
    assert contacts.members("vip", "KEY") == keys[:-2]
    assert len(contacts.requests("vip/data/search")) == 4


@pytest.mark.parametrize(
    ("settings", "left"),
    [({}, None), ({"max_removals": "80%"}, ["a"]), ({"max_removals": 3}, None), ({"max_removals": 4}, ["a"])],
    ids=["half by default", "a share", "a number", "a number that is enough"],
)
def test_nobody_leaves_if_too_many_would(contacts: Tenant, settings: dict[str, Any], left: list[str] | None) -> None:
    """Above max_removals nobody leaves, no STATE comes, and the error says how many and what allows it."""
    done = run(contacts, ("a", "vip"), segment_data_import_option="mirror", **settings)
    if left is None:
        assert "4 of 5 members would leave (4 of Segment vip)" in done.error_line()
        assert "max_removals" in done.error_line()
        assert done.states == []
        assert contacts.members("vip", "KEY") == list("abcde")
    else:
        assert contacts.members("vip", "KEY") == left
        assert done.succeeded().states == [{"done": 1}]


def test_a_run_without_records_removes_nobody(contacts: Tenant) -> None:
    """An empty extract is more likely a fault than an empty audience."""
    done = run(contacts, segment_data_import_option="mirror", mirrored_segments=["vip"], max_removals="100%")
    assert "5 of 5 members would leave" in done.error_line()
    assert "because the run read no record of the stream" in done.error_line()
    assert "max_removals" not in done.error_line()
    assert contacts.members("vip", "KEY") == list("abcde")


def test_a_mirrored_segment_that_no_record_names_loses_its_members(contacts: Tenant) -> None:
    """`mirrored_segments` names Segments whose last member has left the source."""
    contacts.create_segment("new")
    contacts.add_members("new", "KEY", list("gh"))
    rows = [(key, "vip") for key in "abcde"]
    run(contacts, *rows, segment_data_import_option="mirror", mirrored_segments="new").succeeded()
    assert contacts.members("new", "KEY") == []
    assert contacts.members("vip", "KEY") == list("abcde")


def test_whoever_is_rejected_stays(contacts: Tenant) -> None:
    """A record that cannot be loaded still says that its person is in the audience."""
    schema_of_names = schema({"key": "string", "seg": "string", "name": "string"})
    contacts.create_list("people", KEY="Text(50)", NAME="Text(50)")
    contacts.create_segment("vip", "people")
    contacts.load_rows("KEY", [["a"], ["b"], ["c"]], "people")
    contacts.add_members("vip", "KEY", ["a", "b", "c"], "people")
    messages = [
        schema_of_names,
        record({"key": "a", "seg": "vip", "name": "x"}),
        record({"key": "b", "seg": "vip", "name": 5}),
    ]
    contacts.run(
        messages, list_api_name="people", segment_column="seg", segment_data_import_option="mirror"
    ).succeeded()
    assert contacts.members("vip", "KEY", "people") == ["a", "b"]


def test_a_replay_removes_nobody(contacts: Tenant, tmp_path: Path) -> None:
    """A rejects file names the rejected records only: the others stay."""
    rejects = tmp_path / "rejects.jsonl"
    rows = [(key, "vip") for key in "abcd"]
    run(contacts, *rows, ({}, "vip"), segment_data_import_option="mirror", rejects_path=str(rejects)).succeeded()
    replayed = rejects.read_bytes().replace(b'"key": {}', b'"key": "e"')
    contacts.run(
        replayed,
        segment_column="seg",
        segment_data_import_option="mirror",
        field_mapping={"action": None},
        max_removals="100%",
    ).succeeded()
    assert contacts.members("vip", "KEY") == list("abcde")


def test_a_failed_run_removes_nobody(contacts: Tenant) -> None:
    """A tap that breaks off has not said who stays."""
    content = encode([SCHEMA, *records("key seg", ("a", "vip"), ("b", "vip"), ("c", "vip"))]) + b'{"type": "RECORD"'
    mapping = {"action": None}
    done = contacts.run(content, segment_column="seg", segment_data_import_option="mirror", field_mapping=mapping)
    assert done.returncode == 1
    assert contacts.members("vip", "KEY") == list("abcde")


def test_without_the_right_to_read_members_nothing_is_loaded(contacts: Tenant) -> None:
    """A missing right is found before the first load, and named."""
    contacts.set_options(denied=["Data_SearchData", "Data_SearchSegmentData"])
    done = run(contacts, ("x", "vip"), segment_data_import_option="mirror")
    contacts.set_options(denied=[])
    assert "data/search" in done.error_line()
    assert ["x"] not in contacts.rows("KEY")


def test_the_records_of_a_stream_leave_their_segments(contacts: Tenant) -> None:
    """With `remove`, members leave, the List stays as it is, and nothing is created."""
    columns = schema({"key": "string", "seg": "string", "unknown": "string"})
    messages = [columns, *records("key seg unknown", ("a", "vip", "1"), ("z", "vip", "2"), ("b", "nowhere", "3")), DONE]
    done = contacts.run(messages, segment_column="seg", segment_data_import_option="remove").succeeded()
    assert contacts.members("vip", "KEY") == ["b", "c", "d", "e"]
    assert contacts.segments() == {"vip": "Static"}
    assert len(contacts.rows("KEY")) == 8
    assert done.states == [{"done": 1}]
    assert "1 removed" in done.stderr
    assert "1 not found" in done.stderr


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("a", "vip", "remove"), ("f", "vip", "add")], "bcdef"),
        ([("f", "vip", "add"), ("f", "vip", "remove")], "abcde"),
        ([("a", "vip", "remove"), ("a", "vip", "add")], "abcde"),
        ([("A", "VIP", "remove"), ("a", "vip", "add"), ("a", "vip", "remove")], "bcde"),
    ],
    ids=["both", "added and removed", "removed and added", "three words"],
)
def test_the_last_action_of_a_key_counts(contacts: Tenant, rows: list[tuple[str, ...]], wanted: str) -> None:
    """Records are added or removed row by row; the last word on a key in a Segment counts, in the tap's order."""
    run(contacts, *rows, columns="key seg action", action_column="action").succeeded()
    assert contacts.members("vip", "KEY") == list(wanted)


def test_actions_have_other_spellings(contacts: Tenant, tmp_path: Path) -> None:
    """`action_values` gives the source's own values a meaning; any other value rejects its record."""
    rejects = tmp_path / "rejects.jsonl"
    rows = [("a", "vip", "D"), ("f", "vip", 1), ("g", "vip", True), ("h", "vip", "?"), ("b", "vip", None)]
    values = {"D": "remove", "1": "add", "true": "add"}
    settings = {"action_column": "action", "action_values": values, "rejects_path": str(rejects)}
    run(contacts, *rows, columns="key seg action", **settings).succeeded()
    assert contacts.members("vip", "KEY") == list("bcdefg")
    lines = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
    assert [(line["code"], line["field"]) for line in lines[1:]] == [("bad_action", "action")] * 2


def test_state_waits_for_the_removals_it_covers(contacts: Tenant) -> None:
    """If the removals fail, no STATE after them is printed; the STATE before them is."""
    contacts.add_fault("status", status=401, path="segments/vip/data$", method="DELETE", times=0)
    messages = [
        SCHEMA,
        *records("key seg action", ("f", "vip", "add")),
        state({"before": 1}),
        *records("key seg action", ("a", "vip", "remove")),
        DONE,
    ]
    done = contacts.run(messages, segment_column="seg", action_column="action", batch_size_rows=1)
    contacts.clear_faults()
    assert "segments/vip/data" in done.error_line()
    assert done.states == [{"before": 1}]
    assert contacts.members("vip", "KEY") == list("abcdef")


@pytest.mark.parametrize("option", ["ignore", "leave_segments", "delete"])
def test_deleted_records(contacts: Tenant, option: str) -> None:
    """Records that the source marks as deleted are counted, leave their Segments, or are deleted; who is back stays."""
    messages = [
        schema({"key": "string", "seg": "string", "_sdc_deleted_at": "string"}),
        record({"key": "b", "seg": "vip", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}),
        record({"key": "a", "seg": "vip", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}),
        record({"key": "b", "seg": "vip"}),
        record({"key": "c", "seg": "vip"}),
        DONE,
    ]
    done = contacts.run(messages, segment_column="seg", deleted_records=option).succeeded()
    keys = [key for (key,) in contacts.rows("KEY")]
    assert contacts.members("vip", "KEY") == list("abcde" if option == "ignore" else "bcde")
    assert keys == list("bcdefgh" if option == "delete" else "abcdefgh")
    assert done.states == [{"done": 1}]
    assert "2 deleted" in done.stderr


@pytest.mark.parametrize("settings", [{"segment_column": "seg"}, {"segment": "vip"}], ids=["a column", "one Segment"])
def test_a_deletion_alone_names_the_segments_to_leave(contacts: Tenant, settings: dict[str, Any]) -> None:
    """A run that has nothing but deleted records knows their Segments by the records or by the settings."""
    columns = {"key": "string", "seg": "string", "_sdc_deleted_at": "string"}
    mapping = {"seg": None}
    deleted = record({"key": "a", "seg": "vip", "_sdc_deleted_at": "2026-01-01T00:00:00Z"})
    contacts.run(
        [schema(columns), deleted], deleted_records="leave_segments", field_mapping=mapping, **settings
    ).succeeded()
    assert contacts.members("vip", "KEY") == list("bcde")


def test_fields_of_those_who_leave(contacts: Tenant) -> None:
    """`removal_fields` are written for whoever leaves, and only for existing records."""
    rows = [("a", "vip", "remove"), ("z", "vip", "remove"), ("b", "vip", "add")]
    settings = {"action_column": "action", "removal_fields": {"OPTOUT": 1}}
    run(contacts, *rows, columns="key seg action", **settings).succeeded()
    optouts = {key: optout for key, optout in contacts.rows("KEY", "OPTOUT") if optout is not None}
    assert optouts == {"a": 1}
    assert len(contacts.rows("KEY")) == 8


def test_removal_fields_must_exist(contacts: Tenant) -> None:
    """A field that the List lacks ends the run before anything is loaded."""
    settings = {"action_column": "action", "removal_fields": {"OPT_OUT": 1}}
    done = run(contacts, ("x", "vip", "add"), columns="key seg action", **settings)
    assert "OPT_OUT" in done.error_line()
    assert len(contacts.rows("KEY")) == 8


def test_one_segment_for_a_whole_stream(contacts: Tenant) -> None:
    """`segment` names the Segment of all records; blanks in names can become underscores."""
    messages = [schema({"key": "string"}), *records("key", ("f",), ("g",))]
    contacts.run(
        messages, segment="New members", segment_name_style="underscore", create_segment_if_not_exists=True
    ).succeeded()
    assert contacts.members("New_members", "KEY") == ["f", "g"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"segment": "vip"}, "segment and segment_column"),
        ({"segment_column": None, "segment_data_import_option": "mirror"}, "needs Segments"),
        ({"action_column": "action", "segment_data_import_option": "remove"}, "action_column and segment_data"),
        ({"mirrored_segments": "vip"}, "mirrored_segments needs"),
        ({"removal_fields": {"OPTOUT": 1}}, "removal_fields needs"),
        ({"max_removals": "many"}, "max_removals must be"),
        ({"action_column": "action", "action_values": {"x": "delete"}}, "must be add or remove"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_settings_that_contradict_each_other(contacts: Tenant, settings: dict[str, Any], words: str) -> None:
    """They are named together, before the first record is read."""
    done = run(contacts, ("x", "vip"), **settings)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(contacts.rows("KEY")) == 8


def test_a_stream_without_an_entry_must_fit_the_settings_of_the_run(contacts: Tenant) -> None:
    """Streams may have what the run's settings lack; one that has no entry ends the run before anything is loaded."""
    messages = [schema({"key": "string"}, stream="other"), *records("key", ("x",), stream="other")]
    streams = {"customers": {"segment": "vip"}}
    done = contacts.run(messages, streams=streams, segment_data_import_option="remove")
    assert "stream other cannot be loaded: segment_data_import_option remove needs Segments" in done.error_line()


def test_an_action_column_must_be_in_the_schema(contacts: Tenant) -> None:
    """A misspelt column ends the run, with the columns that there are."""
    done = run(contacts, ("x", "vip"), action_column="acton")
    assert "acton" in done.error_line()
    assert "action" in done.error_line()


def test_a_mirror_leaves_the_segments_of_other_streams_alone(contacts: Tenant) -> None:
    """Only Segments of the mirrored stream are mirrored; the members that other streams name stay in them, too."""
    contacts.create_segment("new")
    contacts.add_members("new", "KEY", list("gh"))
    messages = [
        schema({"key": "string", "seg": "string"}, stream="plain"),
        schema({"key": "string", "seg": "string"}, stream="mirrored"),
        *records("key seg", ("d", "vip"), ("f", "new"), stream="plain"),
        *records("key seg", ("a", "vip"), ("b", "vip"), ("c", "vip"), stream="mirrored"),
    ]
    streams = {"mirrored": {"segment_data_import_option": "mirror"}, "plain": {}}
    contacts.run(messages, streams=streams, segment_column="seg").succeeded()
    assert contacts.members("vip", "KEY") == list("abcd")
    assert contacts.members("new", "KEY") == list("fgh")


def test_a_deleted_record_leaves_the_segments_of_its_own_stream(contacts: Tenant) -> None:
    """Another stream's Segments keep it, unless that stream deletes it, too."""
    contacts.create_segment("new")
    contacts.add_members("new", "KEY", list("ab"))
    columns = {"key": "string", "_sdc_deleted_at": "string"}
    messages = [
        schema(columns, stream="one"),
        schema(columns, stream="two"),
        *records("key", ("h",), stream="two"),
        record({"key": "a", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}, stream="one"),
    ]
    streams = {"one": {"segment": "vip"}, "two": {"segment": "new"}}
    contacts.run(messages, streams=streams, deleted_records="leave_segments").succeeded()
    assert contacts.members("vip", "KEY") == list("bcde")
    assert contacts.members("new", "KEY") == list("abh")


def test_each_stream_has_options_of_its_own(contacts: Tenant) -> None:
    """One stream may remove what another one adds, in one run."""
    messages = [
        schema({"key": "string"}, stream="joining"),
        schema({"key": "string"}, stream="leaving"),
        *records("key", ("f",), stream="joining"),
        *records("key", ("a",), stream="leaving"),
    ]
    streams = {
        "joining": {"segment": "vip"},
        "leaving": {"segment": "vip", "segment_data_import_option": "remove"},
    }
    contacts.run(messages, streams=streams).succeeded()
    assert contacts.members("vip", "KEY") == list("bcdef")

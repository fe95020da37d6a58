"""Versions: what ACTIVATE_VERSION leaves behind leaves, but only if the run has certainly read the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import LIST, encode, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import FinishedRun, Message, Tenant

DONE = state({"done": 1})
NEW = 1_790_000_000_000
AT_ONCE = "2026-09-21T14:13:25Z"
"""Five seconds after `NEW`."""
LATER = "2026-09-21T14:23:20Z"


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List of eight contacts; five of them are in Segment vip, two in new."""
    tenant.create_list(KEY="Text(50)", OPTOUT="Long")
    for segment, members in (("vip", "abcde"), ("new", "gh")):
        tenant.create_segment(segment)
        if segment == "vip":
            tenant.load_rows("KEY", [[key] for key in "abcdefgh"])
        tenant.add_members(segment, "KEY", list(members))
    return tenant


def table(stream: str = "customers", bookmarks: list[str] | None = None, **columns: Any) -> Message:
    """Return the SCHEMA of a stream of keys and Segments."""
    message = schema({"key": "string", "seg": "string", **columns}, stream=stream)
    return message if bookmarks is None else {**message, "bookmark_properties": bookmarks}


def versioned(
    keys: str, version: Any = 2, segment: str = "vip", stream: str = "customers", **more: Any
) -> list[Message]:
    """Return a RECORD with a version for each key."""
    head = {} if version is None else {"version": version}
    return [{**record({"key": key, "seg": segment}, stream), **head, **more} for key in keys]


def activate(version: Any = 2, stream: str = "customers") -> Message:
    """Return an ACTIVATE_VERSION."""
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def run(contacts: Tenant, *messages: Message, **settings: Any) -> FinishedRun:
    """Run the command with a Segment column, and messages between a SCHEMA, if they have none, and a STATE."""
    given = list(messages) if messages[0]["type"] == "SCHEMA" else [table(), *messages]
    return contacts.run([*given, DONE], **{"segment_column": "seg", "deleted_records": "leave_segments", **settings})


def keys(contacts: Tenant) -> str:
    """Return the keys of the List."""
    return "".join(sorted(key for (key,) in contacts.rows("KEY")))


def members(contacts: Tenant, segment: str = "vip") -> str:
    """Return the keys of the members of a Segment."""
    return "".join(contacts.members(segment, "KEY"))


@pytest.mark.parametrize("place", ["first", "last", "both"])
@pytest.mark.parametrize("option", ["ignore", "leave_segments", "delete"])
def test_what_a_version_leaves_behind(contacts: Tenant, option: str, place: str) -> None:
    """It acts once, at the end, wherever the message stands: members leave, or records leave the List."""
    first = [activate()] if place != "last" else []
    last = [activate()] if place != "first" else []
    done = run(contacts, *first, *versioned("abcf"), *last, deleted_records=option).succeeded()
    assert members(contacts) == {"ignore": "abcdef", "leave_segments": "abcf", "delete": "abcf"}[option]
    assert keys(contacts) == ("abcf" if option == "delete" else "abcdefgh")
    assert members(contacts, "new") == ("" if option == "delete" else "gh")
    assert done.states == [{"done": 1}]
    assert len(contacts.writes("segment_delete")) == (option == "leave_segments")
    assert len(contacts.writes("list_delete")) == (option == "delete")


def test_members_leave_after_everything_is_loaded(contacts: Tenant) -> None:
    """Only those who leave are in the call, and they get the fields of those who leave."""
    run(contacts, *versioned("abcf"), activate(), removal_fields={"OPTOUT": 1}).succeeded()
    assert [sorted(write["keys"]) for write in contacts.writes("segment_delete")] == [[["d"], ["e"]]]
    calls = contacts.calls()
    loaded = f"POST /{LIST}/segments/vip/data/load"
    assert calls.index(f"DELETE /{LIST}/segments/vip/data") > calls.index(loaded)
    assert sorted(key for key, optout in contacts.rows("KEY", "OPTOUT") if optout) == ["d", "e"]


def test_a_key_that_comes_in_another_segment_is_not_left_behind(contacts: Tenant) -> None:
    """Unlike a mirror, versions are about records: one that comes stays where it is, in all Segments of its stream."""
    run(contacts, *versioned("ab"), *versioned("cg", segment="new"), activate()).succeeded()
    assert members(contacts) == "abc"
    assert members(contacts, "new") == "cg"


@pytest.mark.parametrize("option", ["leave_segments", "delete"])
def test_spellings_of_a_key_are_the_same(contacts: Tenant, option: str) -> None:
    """Case and trailing blanks make no difference by default."""
    rows = [*versioned("AB"), {**record({"key": "c ", "seg": "vip"}), "version": 2}, *versioned("DEFG")]
    run(contacts, *rows, activate(), deleted_records=option).succeeded()
    assert members(contacts).casefold().replace(" ", "").startswith("abcde")
    assert ("h" in keys(contacts)) == (option == "leave_segments")


@pytest.mark.parametrize("option", ["leave_segments", "delete"])
@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([table(bookmarks=["updated_at"]), activate(), *versioned("ab")], "updated_at"),
        ([table(), table(bookmarks=["lsn"]), *versioned("ab"), activate()], "bookmark_properties lsn"),
        ([activate(), *versioned("ab", None)], "no record of the run has a version"),
        ([*versioned("ab", 3), activate(2)], "another version than ACTIVATE_VERSION"),
        ([*versioned("ab", 1), activate(2)], "another version than ACTIVATE_VERSION"),
        ([*versioned("ab"), *versioned("c", 1), activate()], "an older version came after"),
        ([*versioned("ab"), activate("2")], "no whole number"),
        ([*versioned("ab"), activate(None)], "no whole number"),
        ([*versioned("ab", NEW, time_extracted=LATER), activate(NEW)], "of an earlier run"),
        ([activate()], "no record of the run has a version"),
    ],
    ids=[
        "incremental",
        "log-based after a full table",
        "no versions",
        "a newer version",
        "an older version",
        "in turns",
        "a text",
        "null",
        "resumed",
        "no records",
    ],
)
def test_without_certainty_nobody_leaves(contacts: Tenant, option: str, messages: list[Message], words: str) -> None:
    """If only changes may have come, all stay, the run is good, and one line says why."""
    done = run(contacts, *messages, deleted_records=option, max_removals="100%").succeeded()
    assert set("abcde") <= set(members(contacts))
    assert set("abcdefgh") <= set(keys(contacts))
    assert not contacts.requests("data/search")
    assert done.states == [{"done": 1}]
    said = [line for line in done.log if "has no effect" in line]
    assert len(said) == 1
    assert words in said[0]


def test_a_new_version_is_trusted(contacts: Tenant) -> None:
    """A version that is a time is as old as its first record; in seconds, as the SDK writes it, it may be older."""
    run(contacts, *versioned("abc", NEW, time_extracted=AT_ONCE), activate(NEW)).succeeded()
    assert members(contacts) == "abc"
    run(contacts, *versioned("ab", NEW // 1000, time_extracted=LATER), activate(NEW // 1000)).succeeded()
    assert members(contacts) == "ab"


@pytest.mark.parametrize("option", ["leave_segments", "delete"])
def test_records_of_an_older_version_are_left_behind(contacts: Tenant, option: str) -> None:
    """If the input holds two versions, only what the newer one names stays."""
    rows = [*versioned("abcdfg", 1), activate(1), *versioned("abce"), activate()]
    run(contacts, *rows, deleted_records=option).succeeded()
    assert members(contacts) == "abce"
    assert keys(contacts) == ("abce" if option == "delete" else "abcdefgh")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("leave_segments", "4 of 5 members would leave (4 of Segment vip)"),
        ("delete", "7 of 8 records would be deleted"),
    ],
)
def test_nobody_leaves_if_too_many_would(contacts: Tenant, option: str, words: str) -> None:
    """`max_removals` guards versions, too: the run fails and no STATE comes; with a higher limit they leave."""
    messages = [*versioned("a"), activate()]
    done = run(contacts, *messages, deleted_records=option)
    assert words in done.error_line()
    assert "max_removals" in done.error_line()
    assert done.states == []
    assert (members(contacts), keys(contacts)) == ("abcde", "abcdefgh")
    run(contacts, *messages, deleted_records=option, max_removals="100%").succeeded()
    assert (members(contacts), keys(contacts)) == ("a", "a" if option == "delete" else "abcdefgh")


def test_whoever_is_rejected_stays(contacts: Tenant) -> None:
    """A record that cannot be loaded is of this version, too."""
    messages = [
        table(name="string"),
        *versioned("ac"),
        {**record({"key": "b", "seg": "vip", "name": 5}), "version": 2},
        activate(),
    ]
    run(contacts, *messages, field_mapping={"name": None}).succeeded()
    assert members(contacts) == "abc"


def test_whoever_is_rejected_without_a_key_may_be_anybody(contacts: Tenant) -> None:
    """If a stream map fails on a record, its key is not known: so nobody leaves, neither by version nor by mirror."""
    maps = {"customers": {"key": "key", "seg": "seg", "made": "int(key == 'c' and 'x' or 1)"}}
    messages = [*versioned("abc"), activate()]
    more = {"stream_maps": maps, "field_mapping": {"made": None}}
    done = run(contacts, *messages, **more).succeeded()
    assert "1 records were rejected whose keys are not known" in done.stderr
    assert members(contacts) == "abcde"
    mirror = {"segment_data_import_option": "mirror", "deleted_records": "ignore"}
    assert "1 rejected records are not known" in run(contacts, *messages, **more, **mirror).error_line()
    assert members(contacts) == "abcde"


def test_deleted_records_of_a_version_leave_once(contacts: Tenant) -> None:
    """A record that is marked as deleted leaves by itself, and who is not named leaves, too."""
    deleted = {**record({"key": "b", "seg": "vip", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}), "version": 2}
    run(contacts, *versioned("acd"), deleted, activate()).succeeded()
    assert members(contacts) == "acd"
    removed = sorted(key for write in contacts.writes("segment_delete") for (key,) in write["keys"])
    assert removed == ["b", "e"]


@pytest.mark.parametrize("option", ["leave_segments", "delete"])
def test_a_run_that_is_cut_short_removes_nobody(contacts: Tenant, option: str) -> None:
    """A tap that breaks off has not named everybody, even after ACTIVATE_VERSION; no STATE lets a run resume there."""
    content = encode([table(), state({"begun": 1}), activate(), *versioned("ab"), state({"half": 1}), activate()])
    done = contacts.run(content + b'{"type": "REC', segment_column="seg", deleted_records=option)
    assert done.returncode == 1
    assert done.states == [{"begun": 1}]
    assert members(contacts) == "abcde"
    assert keys(contacts) == "abcdefgh"


def test_state_within_a_version_waits_for_its_end(contacts: Tenant) -> None:
    """A run that resumed in the middle of a table would name only the rest of its keys."""
    messages = [state({"before": 1}), *versioned("ab"), state({"half": 1}), *versioned("cde"), activate()]
    done = run(contacts, *messages, batch_size_rows=1).succeeded()
    assert done.states[0] == {"before": 1}
    assert {"half": 1} not in done.states
    assert done.states[-1] == {"done": 1}


def test_a_replay_removes_nobody(contacts: Tenant, tmp_path: Path) -> None:
    """A rejects file holds only some records of a version."""
    rejects = tmp_path / "rejects.jsonl"
    bad = {**record({"key": {}, "seg": "vip"}), "version": 2}
    run(contacts, *versioned("abcde"), bad, activate(), rejects_path=str(rejects)).succeeded()
    replayed = rejects.read_bytes().replace(b'"key": {}', b'"key": "f"') + encode([activate()])
    contacts.run(replayed, segment_column="seg", deleted_records="delete", max_removals="100%").succeeded()
    assert members(contacts) == "abcdef"
    assert keys(contacts) == "abcdefgh"


def two_streams(other: list[Message], bookmarks: list[str] | None = None) -> list[Message]:
    """Return the messages of a versioned stream and of another stream of the same List."""
    return [table(), table("others", bookmarks), *versioned("abcdeh"), *other, activate()]


def test_delete_keeps_what_any_stream_of_the_list_names(contacts: Tenant) -> None:
    """Only what no stream has named is deleted, and a warning says which List is read."""
    other = versioned("f", None, "new", "others")
    done = run(contacts, *two_streams(other), streams={"customers": {}, "others": {}}, deleted_records="delete")
    assert keys(contacts) == "abcdefh"
    assert done.succeeded().stderr.count(f"all of List {LIST} is read") == 1


def test_leave_segments_is_about_the_own_segments_of_a_stream(contacts: Tenant) -> None:
    """Who is named by another stream only leaves the Segments of this one, but not where the other one names them."""
    other = [*versioned("g", None, "new", "others"), *versioned("d", None, "vip", "others")]
    messages = [table(), table("others"), *versioned("abc"), *other, activate()]
    run(contacts, *messages, streams={"customers": {}, "others": {}}).succeeded()
    assert members(contacts) == "abcd"
    assert members(contacts, "new") == "gh"


@pytest.mark.parametrize(
    ("messages", "settings", "words"),
    [
        (
            two_streams(versioned("f", None, "vip", "others"), ["updated_at"]),
            {"streams": {"customers": {}, "others": {}}},
            "stream others of the same List reads only what has changed",
        ),
        (
            [table(), table("others"), *versioned("abcdeh"), activate()],
            {"streams": {"customers": {}, "others": {}}},
            "stream others of the same List has not named all of its records",
        ),
        (
            [table(), *versioned("abcdeh"), activate()],
            {"streams": {"customers": {}, "others": {}}},
            "stream others of the same List did not come",
        ),
        (
            [table(), *versioned("abcdeh"), activate()],
            {"streams": {"cust*": {}}},
            "it is not known whether all streams cust* of the same List came",
        ),
        (
            two_streams(
                [*versioned("f", NEW, "vip", "others", time_extracted=LATER), activate(NEW, "others")],
            ),
            {"streams": {"customers": {}, "others": {}}},
            "stream others of the same List may not have named all of its records",
        ),
        (
            [
                table(),
                schema({"optout": "integer"}, ["optout"], "others"),
                *versioned("abcdeh"),
                record({"optout": 1}, "others"),
                activate(),
            ],
            {"streams": {"customers": {}, "others": {"segment_column": None}}},
            "stream others of the same List has other key fields",
        ),
    ],
    ids=["incremental", "no records", "absent", "pattern", "resumed", "other key fields"],
)
def test_the_records_of_other_streams_are_not_deleted(
    contacts: Tenant, messages: list[Message], settings: dict[str, Any], words: str
) -> None:
    """If another stream of the List may have records that this run has not named, nothing is deleted."""
    done = run(contacts, *messages, deleted_records="delete", **settings).succeeded()
    assert words in done.stderr
    assert set("abcdefgh") <= {key for (key,) in contacts.rows("KEY")}


def test_an_incremental_stream_protects_the_segments_that_it_shares(contacts: Tenant) -> None:
    """Its members are not all named; Segments that are not shared are cleared."""
    done = run(
        contacts,
        *two_streams(versioned("f", None, "vip", "others"), ["updated_at"]),
        streams={"customers": {}, "others": {}},
    )
    assert "stream others of the same Segment reads only what has changed" in done.succeeded().stderr
    assert members(contacts) == "abcdefh"
    messages = [table(), table("others", ["updated_at"]), *versioned("abc"), *versioned("g", None, "new", "others")]
    run(contacts, *messages, activate(), streams={"customers": {}, "others": {}}, max_removals=4).succeeded()
    assert members(contacts, "new") == "gh"
    assert members(contacts) == "abc"


def test_segments_that_no_record_names_any_more(contacts: Tenant) -> None:
    """`mirrored_segments` names Segments of the stream that no record of the run may name."""
    run(contacts, *versioned("abcdeg"), activate(), mirrored_segments="new").succeeded()
    assert members(contacts, "new") == "g"
    deleted = record({"key": "g", "seg": None, "_sdc_deleted_at": "2026-01-01T00:00:00Z"})
    run(contacts, deleted, mirrored_segments="new").succeeded()
    assert members(contacts, "new") == ""


def test_a_mirror_of_an_incremental_stream_is_warned_of(contacts: Tenant) -> None:
    """Once, at its SCHEMA: everybody who has not changed would leave."""
    incremental = table(bookmarks=["updated_at"])
    settings = {"segment_data_import_option": "mirror", "deleted_records": "ignore"}
    done = run(contacts, incremental, incremental, *versioned("abcd", None), **settings)
    assert done.succeeded().stderr.count("incremental streams must not be mirrored") == 1
    assert "updated_at" in done.stderr
    whole = table(bookmarks=[])
    assert "must not be mirrored, b" not in run(contacts, whole, *versioned("abcd", None), **settings).stderr


def test_a_version_of_an_unknown_stream_has_no_effect(contacts: Tenant) -> None:
    """A message before its SCHEMA ends nothing, and says so."""
    done = contacts.run([activate(), table(), *versioned("ab"), DONE], segment_column="seg").succeeded()
    assert "comes before its SCHEMA" in done.stderr


def test_without_the_right_to_read_the_run_fails_at_its_end(contacts: Tenant) -> None:
    """The call that is not granted is named, and no STATE after the records is printed."""
    contacts.set_options(denied=["Data_SearchData", "Data_SearchSegmentData"])
    done = run(contacts, *versioned("abcd"), activate())
    contacts.set_options(denied=[])
    assert "data/search" in done.error_line()
    assert done.states == []
    assert members(contacts) == "abcde"

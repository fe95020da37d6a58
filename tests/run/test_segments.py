"""Segments: which records become members, append and replace, and what ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "seg": "string"})
SEGMENT: dict[str, Any] = {"segment_column": "seg"}
CREATE: dict[str, Any] = {**SEGMENT, "create_segment_if_not_exists": True}


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List of KEY and VALUE, two records, and the Segment `vip` with one of them."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)")
    tenant.load_rows("KEY", [["old"], ["older"]])
    tenant.create_segment("vip")
    tenant.add_members("vip", "KEY", ["old"])
    return tenant


def test_without_a_segment_column_only_the_list_is_loaded(contacts: Tenant) -> None:
    """Without a Segment column, no Segment is read, created or loaded."""
    contacts.run([schema({"key": "string"}), record({"key": "a"})]).succeeded()
    assert contacts.members("vip", "KEY") == ["old"]
    assert not [call for call in contacts.calls() if "segments" in call]


@pytest.mark.parametrize(
    ("option", "wanted"), [("append", ["a", "b", "c", "old"]), ("replace", ["a", "b", "c"])], ids=["append", "replace"]
)
@pytest.mark.parametrize("size", [1, 20_000], ids="segment batch {}".format)
def test_append_and_replace(contacts: Tenant, option: str, size: int, wanted: list[str]) -> None:
    """`append` keeps a Segment's members; `replace` clears it once a run, just before its first load."""
    rows = records("key seg", ("a", "vip"), ("b", "vip"), ("c", "vip"), ("d", "new"))
    settings: dict[str, Any] = {
        "segment_data_import_option": option,
        "segment_batch_size_rows": size,
        "batch_size_rows": 1,
    }
    contacts.run([SCHEMA, *rows], **CREATE, **settings).succeeded()
    assert contacts.members("vip", "KEY") == wanted
    assert contacts.members("new", "KEY") == ["d"]
    calls = [call for call in contacts.calls() if "segments/vip/data" in call]
    clear = "DELETE /contacts/segments/vip/data/clear"
    assert calls.count(clear) == (option == "replace")
    assert option == "append" or calls[0] == clear
    assert contacts.outcomes() == {"answered"}


def test_replace_leaves_other_segments_alone(contacts: Tenant) -> None:
    """A Segment that no record of the run names keeps its members."""
    rows = records("key seg", ("a", "other"))
    contacts.run([SCHEMA, *rows], **CREATE, segment_data_import_option="replace").succeeded()
    assert contacts.members("vip", "KEY") == ["old"]
    assert contacts.members("other", "KEY") == ["a"]


def test_replace_does_not_clear_before_the_list_is_loaded(contacts: Tenant) -> None:
    """A run whose List load fails leaves the Segments as they are."""
    contacts.add_fault("status", method="POST", path="/contacts/data/load", status=400, times=0)
    contacts.run(
        [SCHEMA, *records("key seg", ("a", "vip"))], **CREATE, segment_data_import_option="replace"
    ).error_line()
    assert contacts.members("vip", "KEY") == ["old"]


def test_an_array_puts_a_record_in_each_segment(contacts: Tenant) -> None:
    """A segment column that holds an array puts the record in each of its Segments, once; the List gets it once."""
    described = {"type": ["array", "null"], "items": {"type": ["string", "null"]}}
    rows = records("key seg", ("a", ["vip", "new"]), ("b", ["new", "new", None, " "]), ("c", ["vip"]), ("d", []))
    run = contacts.run([schema({"key": "string", "seg": described}), *rows], **CREATE).succeeded()
    assert contacts.members("vip", "KEY") == ["a", "c", "old"]
    assert contacts.members("new", "KEY") == ["a", "b"]
    assert contacts.rows("KEY") == [["old"], ["older"], ["a"], ["b"], ["c"]]
    assert "Rejected record 4 of stream customers, field seg: it names no Segment" in run.log


def test_rows_without_a_usable_segment_are_rejected(contacts: Tenant) -> None:
    """Null, blank, missing and impossible Segments skip the record: not in the List either, counted and reported."""
    rows = records("key seg", ("a", None), ("b", ""), ("c", "  "), ("d", "not an API name"), ("e", "vip"))
    run = contacts.run([SCHEMA, *rows, record({"key": "f"}), state({"a": 1})], **CREATE).succeeded()
    assert contacts.rows("KEY") == [["old"], ["older"], ["e"]]
    assert contacts.members("vip", "KEY") == ["e", "old"]
    rejected = [line for line in run.log if line.startswith("Rejected record")]
    assert [line.split()[2] for line in rejected] == ["1", "2", "3", "6", "4"]
    assert (
        "List contacts: 6 read, 1 sent, 1 inserted, 0 updated, 0 duplicates, 0 not found, 0 refused, "
        "5 rejected before sending, 0 deleted" in run.log
    )
    assert run.states == [{"a": 1}]


def test_rows_without_a_segment_can_go_into_the_list_alone(contacts: Tenant) -> None:
    """With `list_only`, a record whose Segment is null, blank or missing is in the List and joins no Segment."""
    rows = records("key seg", ("a", None), ("b", ""), ("c", "  "), ("d", "not an API name"), ("e", "vip"))
    messages = [SCHEMA, *rows, record({"key": "f"}), state({"a": 1})]
    run = contacts.run(messages, **CREATE, records_without_segment="list_only").succeeded()
    assert sorted(contacts.rows("KEY")) == [["a"], ["b"], ["c"], ["e"], ["f"], ["old"], ["older"]]
    assert contacts.members("vip", "KEY") == ["e", "old"]
    assert [line.split()[2] for line in run.log if line.startswith("Rejected record")] == ["4"]
    assert run.states == [{"a": 1}]


@pytest.mark.parametrize("option", ["InsertAndUpdate", "OnlyInsert"])
def test_arrays_without_a_segment_can_go_into_the_list_alone(contacts: Tenant, option: str) -> None:
    """An array that is empty, or holds nothing but null and blanks, names no Segment."""
    described = {"type": ["array", "null"], "items": {"type": ["string", "null"]}}
    rows = records("key seg", ("a", []), ("b", [None, " "]), ("c", ["vip", None]), ("d", None))
    settings: dict[str, Any] = {"records_without_segment": "list_only", "list_data_import_option": option}
    contacts.run([schema({"key": "string", "seg": described}), *rows], **CREATE, **settings).succeeded()
    assert contacts.rows("KEY") == [["old"], ["older"], ["a"], ["b"], ["c"], ["d"]]
    assert contacts.members("vip", "KEY") == ["c", "old"]


@pytest.mark.parametrize("choice", ["skip", "list_only"])
@pytest.mark.parametrize("value", [True, 1.5, {"name": "vip"}, ["vip", False], [["vip"]]], ids=str)
def test_what_is_no_name_of_a_segment_is_rejected(contacts: Tenant, choice: str, value: Any) -> None:
    """A value that names nothing and is not blank either is a fault of its record, whatever the setting."""
    messages = [schema({"key": "string", "seg": {}}), *records("key seg", ("a", value), ("b", "vip"))]
    run = contacts.run(messages, **CREATE, records_without_segment=choice).succeeded()
    assert contacts.rows("KEY") == [["old"], ["older"], ["b"]]
    reason = "the Segment is neither text nor a whole number"
    assert f"Rejected record 1 of stream customers, field seg: {reason}" in run.log
    error_line = contacts.run(messages[:-1], **CREATE, records_without_segment=choice).error_line()
    assert (
        f"none of the 1 records of stream customers could be loaded, most often for field seg: {reason}" in error_line
    )


def test_the_segment_column_is_never_a_field(contacts: Tenant) -> None:
    """Neither a field of a new List nor sent, even where the List has a field of that name."""
    contacts.create_list("other", KEY="Text(10)", SEG="Text(10)")
    contacts.run([SCHEMA, *records("key seg", ("a", "s"))], **CREATE, list_api_name="other").succeeded()
    assert contacts.rows("KEY", "SEG", list_api_name="other") == [["a", None]]
    contacts.run(
        [SCHEMA, *records("key seg", ("a", "s"))], **CREATE, list_api_name="third", create_list_if_not_exists=True
    ).succeeded()
    assert contacts.fields("third") == {"KEY": "Text(500)"}


@pytest.mark.parametrize("segment", ["with blank", "a/../../x", "ä", "..", "%2e%2e"], ids=str)
def test_impossible_names_are_not_created(contacts: Tenant, segment: str) -> None:
    """A value that cannot be an API name never becomes a Segment or another path; its record is rejected."""
    contacts.run([SCHEMA, *records("key seg", ("a", segment), ("b", "vip"))], **CREATE).succeeded()
    assert contacts.rows("KEY") == [["old"], ["older"], ["b"]]
    assert contacts.segments() == {"vip": "Static"}
    assert not [call for call in contacts.calls() if call.startswith("POST") and "static" in call]
    assert contacts.outcomes() == {"answered"}


def test_a_missing_segment_is_an_error(contacts: Tenant) -> None:
    """Where none may be created, a missing Segment ends the run with its name, and nothing of the batch is loaded."""
    run = contacts.run([SCHEMA, *records("key seg", ("a", "vip"), ("b", "gone")), state({"a": 1})], **SEGMENT)
    error_line = run.error_line()
    for word in ("gone", "contacts", "segment_column", "create_segment_if_not_exists"):
        assert word in error_line
    assert contacts.rows("KEY") == [["old"], ["older"]]
    assert contacts.members("vip", "KEY") == ["old"]
    assert run.stdout == ""


def test_every_missing_segment_is_named(contacts: Tenant) -> None:
    """Several missing Segments of a batch are named together."""
    error_line = contacts.run([SCHEMA, *records("key seg", ("a", "gone"), ("b", "lost"))], **SEGMENT).error_line()
    assert "gone" in error_line
    assert "lost" in error_line


@pytest.mark.parametrize("kind", ["Dynamic", "External"])
def test_only_static_segments_can_be_loaded(contacts: Tenant, kind: str) -> None:
    """A Segment of another type ends the run with its name and type, and nothing is loaded."""
    contacts.create_segment("computed", kind=kind)
    error_line = contacts.run([SCHEMA, *records("key seg", ("a", "vip"), ("b", "computed"))], **CREATE).error_line()
    assert "computed" in error_line
    assert kind in error_line
    assert contacts.rows("KEY") == [["old"], ["older"]]


def test_segments_are_checked_once(contacts: Tenant) -> None:
    """However many batches name a Segment, it is looked up once: with others where possible; and made once."""
    rows = records("key seg", *((str(number), ("vip", "new")[number % 2]) for number in range(10)))
    contacts.run([SCHEMA, *rows], **CREATE, batch_size_rows=2).succeeded()
    calls = contacts.calls()
    assert calls.count("GET /contacts/segments") == 1
    assert calls.count("GET /contacts/segments/vip") == 0
    assert calls.count("GET /contacts/segments/new") == 1
    assert calls.count("POST /contacts/segments/static") == 1


def test_the_overview_of_segments_is_only_a_short_cut(contacts: Tenant) -> None:
    """A service account that may not list Segments looks each up by itself."""
    contacts.set_options(denied=["List_GetListSegments"])
    contacts.run([SCHEMA, *records("key seg", ("a", "vip"), ("b", "new"))], **CREATE).succeeded()
    contacts.set_options(denied=[])
    assert contacts.segments() == {"vip": "Static", "new": "Static"}
    assert contacts.members("new", "KEY") == ["b"]


def test_a_segment_is_known_by_any_spelling(contacts: Tenant) -> None:
    """Names that differ in case are one Segment to the tenant: cleared once, loaded once, in its own spelling."""
    contacts.create_segment("Gold_Club")
    rows = records("key seg", ("a", "gold_club"), ("b", "GOLD_CLUB"), ("c", "Gold_Club"))
    contacts.run([SCHEMA, *rows], **CREATE, segment_data_import_option="replace", batch_size_rows=1).succeeded()
    assert contacts.members("Gold_Club", "KEY") == ["a", "b", "c"]
    assert [call for call in contacts.calls() if "/segments/" in call] == [
        "DELETE /contacts/segments/Gold_Club/data/clear",
        "POST /contacts/segments/Gold_Club/data/load",
    ]


def test_new_names_that_differ_in_case_are_one_segment(contacts: Tenant) -> None:
    """Of a name that comes in two spellings, the first is created; the other means the same Segment."""
    contacts.run([SCHEMA, *records("key seg", ("a", "New"), ("b", "new"))], **CREATE).succeeded()
    assert contacts.segments() == {"vip": "Static", "New": "Static"}
    assert contacts.members("New", "KEY") == ["a", "b"]


def test_refused_rows_are_not_sent_to_segments(contacts: Tenant) -> None:
    """A row that Selligent refuses is reported with its reason and joins no Segment."""
    columns = {"key": "string", "value": "string", "seg": "string"}
    rows = records("key value seg", ("a", "ok", "vip"), ("b", "far too long", "vip"), ("older", "also long", "vip"))
    run = contacts.run([schema(columns), *rows, state({"a": 1})], **CREATE).succeeded()
    assert contacts.members("vip", "KEY") == ["a", "old"]
    assert contacts.rows("KEY", "VALUE") == [["old", None], ["older", None], ["a", "ok"]]
    assert "Rejected record 2 of stream customers, field VALUE: Selligent refused it" in run.stderr
    assert "far too long" not in run.stderr
    assert run.states == [{"a": 1}]


def test_members_that_are_not_in_the_list_are_counted(contacts: Tenant) -> None:
    """With OnlyUpdate, an unknown record is not found in the List and in the Segment, which the summary says."""
    rows = records("key seg", ("old", "vip"), ("nobody", "vip"))
    run = contacts.run([SCHEMA, *rows], **SEGMENT, list_data_import_option="OnlyUpdate").succeeded()
    assert contacts.members("vip", "KEY") == ["old"]
    lines = [line for line in run.log if " read, " in line]
    assert lines[0].startswith("List contacts: 2 read, 2 sent, 0 inserted, 1 updated, 0 duplicates, 1 not found")
    assert lines[1].startswith("Segment vip of List contacts: 2 read, 2 sent")
    assert "1 not found" in lines[1]


def test_a_refused_member_is_reported(contacts: Tenant) -> None:
    """A row that the Segment refuses is reported as such; the List keeps it."""
    contacts.add_fault("partial", path="segments/vip/data/load", rows=[0], validation_code="Unknown")
    run = contacts.run([SCHEMA, *records("key seg", ("a", "vip"), ("b", "vip"))], **SEGMENT).succeeded()
    assert contacts.rows("KEY") == [["old"], ["older"], ["a"], ["b"]]
    assert contacts.members("vip", "KEY") == ["b", "old"]
    assert "Rejected record 1 of stream customers, as a Segment member" in run.stderr


def test_a_numeric_segment_column_names_segments_by_number(contacts: Tenant) -> None:
    """An integer names the Segment of these digits."""
    contacts.run([schema({"key": "string", "seg": "integer"}), *records("key seg", ("a", 7))], **CREATE).succeeded()
    assert contacts.members("7", "KEY") == ["a"]


def test_segment_rows_hold_the_key_only(contacts: Tenant) -> None:
    """A Segment load sends key fields only, each member once, with `fields` and `keyFields`."""
    rows = records("key value seg", ("a", "1", "vip"), ("a", "2", "vip"), ("b", "3", "vip"))
    messages = [schema({"key": "string", "value": "string", "seg": "string"}), *rows]
    contacts.run(messages, **SEGMENT, batch_size_rows=1).succeeded()
    (load,) = contacts.writes("segment_load")
    assert (load["fields"], load["key_fields"], load["values"]) == (["KEY"], ["KEY"], [["a"], ["b"]])

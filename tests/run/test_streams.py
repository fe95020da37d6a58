"""Streams of a run: one of which nothing could be loaded fails it, before a STATE says that all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, RunningCommand, encode, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

COLUMNS = {"key": "string", "value": "string", "seg": "string"}
SCHEMA = schema(COLUMNS)
TOO_LONG = "far too long"
COUNT = 2000
REFUSED = [(f"k{number}", TOO_LONG, "s") for number in range(COUNT)]
SEGMENT: dict[str, Any] = {"segment_column": "seg", "create_segment_if_not_exists": True}


def rows(*values: tuple[Any, ...], stream: str = "customers") -> list[Message]:
    """Return a RECORD for each key, value and Segment."""
    return records("key value seg", *values, stream=stream)


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List whose VALUE takes three characters."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)", SEG="Text(20)")
    return tenant


@pytest.mark.parametrize(
    ("settings", "values", "reason"),
    [
        ({}, REFUSED, "field VALUE: Selligent refused it"),
        ({"batch_size_rows": 700}, REFUSED, "field VALUE: Selligent refused it"),
        ({"stream_maps": {"customers": {"value": "value"}}}, REFUSED, "field VALUE: Selligent refused it"),
        ({}, [(None, "ok", "s")] * COUNT, "field key: the key is null or blank"),
        ({}, [(None, "ok", "s"), *REFUSED[1:]], "field VALUE: Selligent refused it"),
        (SEGMENT, [("a", "ok", "not an API name")] * COUNT, "cannot be an API name"),
        (SEGMENT, [("b", "ok", None), *REFUSED], "field VALUE: Selligent refused it"),
    ],
    ids=["by Selligent", "in many batches", "mapped", "by us", "by both", "for their Segment", "one without Segment"],
)
def test_a_stream_of_which_nothing_is_loaded_fails_the_run(
    contacts: Tenant, settings: dict[str, Any], values: list[tuple[Any, ...]], reason: str
) -> None:
    """It ends in 1, without a STATE after its first record, saying which stream, how many, why and what to do."""
    run = contacts.run([SCHEMA, state({"start": 1}), *rows(*values), state({"end": 1})], **settings)
    error_line = run.error_line()
    assert "none of the 2,000 records of stream customers could be loaded" in error_line
    assert reason in error_line
    assert "max_rejects" in error_line
    assert run.states == [{"start": 1}]
    assert contacts.rows("KEY") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"deduplication": "ImportFirstMatch"},
        {"list_data_import_option": "OnlyInsert"},
        {**SEGMENT, "segment_data_import_option": "replace"},
    ],
    ids=["first match", "only insert", "replace"],
)
def test_it_prints_no_state_where_state_is_held(contacts: Tenant, settings: dict[str, Any]) -> None:
    """In runs that print STATE at the end, none is printed."""
    run = contacts.run([SCHEMA, state({"start": 1}), *rows(*REFUSED), state({"end": 1})], **settings)
    assert "none of the 2,000 records of stream customers could be loaded" in run.error_line()
    assert run.states == []


@pytest.mark.parametrize("limit", [COUNT, "100%"])
def test_max_rejects_alone_judges_where_it_is_set(contacts: Tenant, limit: Any) -> None:
    """Whoever allows as many rejects gets a run that succeeds."""
    run = contacts.run([SCHEMA, *rows(*REFUSED), state({"end": 1})], max_rejects=limit).succeeded()
    assert run.states == [{"end": 1}]


def test_one_record_is_enough(contacts: Tenant) -> None:
    """A stream of which one record is loaded does not fail, wherever it comes, and STATE follows."""
    messages = [SCHEMA, *rows(*REFUSED), state({"a": 1}), *rows(("a", "ok", "s")), state({"a": 2})]
    run = contacts.run(messages).succeeded()
    assert contacts.rows("KEY") == [["a"]]
    assert run.states[-1] == {"a": 2}


def test_a_record_counts_as_loaded_when_its_key_was_refused_before(contacts: Tenant) -> None:
    """Of two records with one key, the second is loaded though the first is refused."""
    contacts.run([SCHEMA, *rows(("a", TOO_LONG, "s"), ("a", "ok", "s"))]).succeeded()
    assert contacts.rows("KEY", "VALUE") == [["a", "ok"]]


def test_each_stream_is_judged_by_itself(contacts: Tenant) -> None:
    """STATE goes on until the first record of the stream that fails, also where others are loaded after it."""
    messages = [
        *(schema(COLUMNS, stream=name) for name in ("good", "bad", "worse")),
        *rows(("a", "ok", "s"), stream="good"),
        state({"a": 1}),
        *rows(("b", TOO_LONG, "s"), stream="bad"),
        state({"a": 2}),
        *rows((None, "ok", "s"), stream="worse"),
        *rows(("c", "ok", "s"), stream="good"),
        state({"a": 3}),
    ]
    run = contacts.run(messages, streams={"good": {}, "bad": {}, "worse": {}}, batch_size_rows=1)
    error_line = run.error_line()
    assert "none of the 1 records of stream bad could be loaded, most often for field VALUE: Selligent" in error_line
    assert "none of the 1 records of stream worse could be loaded, most often for field key: the key is" in error_line
    assert "good" not in error_line
    assert sorted(contacts.rows("KEY")) == [["a"], ["c"]]
    assert run.states == [{"a": 1}]


def test_a_schema_that_changes_makes_no_new_stream(contacts: Tenant) -> None:
    """A stream that was loaded before its schema changed does not fail for what comes after."""
    changed = schema({**COLUMNS, "seg": {"type": "string"}})
    run = contacts.run([SCHEMA, *rows(("a", "ok", "s")), changed, *rows(*REFUSED), state({"a": 1})]).succeeded()
    assert run.states == [{"a": 1}]


def test_records_without_a_segment_do_not_fail_a_run(contacts: Tenant) -> None:
    """Deleted records are left out on purpose: a stream that has no others does not fail."""
    values = [("a", "ok", None), ("b", "ok", " ")]
    run = contacts.run([SCHEMA, *rows(*values), state({"a": 1})], **SEGMENT).succeeded()
    assert run.states == [{"a": 1}]
    assert contacts.rows("KEY") == []


def test_records_that_are_not_found_do_not_fail_a_run(contacts: Tenant) -> None:
    """With OnlyUpdate, an unknown record is answered for: nothing was rejected."""
    messages = [SCHEMA, *rows(("a", "ok", "s")), state({"a": 1})]
    run = contacts.run(messages, list_data_import_option="OnlyUpdate").succeeded()
    assert run.states == [{"a": 1}]
    assert contacts.rows("KEY") == []


@pytest.mark.parametrize(
    "settings",
    [{"deduplication": "ImportFirstMatch"}, {"list_data_import_option": "OnlyInsert"}],
    ids=["first match", "only insert"],
)
def test_records_that_another_stream_replaces_do_not_fail_a_run(contacts: Tenant, settings: dict[str, Any]) -> None:
    """A stream whose every record loses to another stream's has nothing that was rejected."""
    messages = [
        *(schema(COLUMNS, stream=name) for name in ("first", "second")),
        *rows(("a", "one", "s"), stream="first"),
        *rows(("a", "two", "s"), stream="second"),
        state({"a": 1}),
    ]
    run = contacts.run(messages, streams={"first": {}, "second": {}}, batch_size_rows=1, **settings).succeeded()
    assert run.states == [{"a": 1}]
    assert len(contacts.rows("KEY")) == 1


def test_known_records_do_not_fail_a_run_that_only_inserts(contacts: Tenant) -> None:
    """With OnlyInsert, a record that is there already stays as it is: it was not rejected."""
    contacts.load_rows("KEY,VALUE", [["a", "old"]])
    values = [("a", "new", "s"), ("b", TOO_LONG, "s")]
    run = contacts.run([SCHEMA, *rows(*values), state({"a": 1})], list_data_import_option="OnlyInsert").succeeded()
    assert run.states == [{"a": 1}]
    assert contacts.rows("KEY", "VALUE") == [["a", "old"]]


def test_streams_are_named_as_stream_maps_name_them(contacts: Tenant) -> None:
    """What a stream map renames is known by its new name; what it removes never was."""
    maps = {"customers": {"__alias__": "people", "__filter__": "value != 'no'"}, "noise": None}
    messages = [
        SCHEMA,
        schema(COLUMNS, stream="noise"),
        *rows(("a", "no", "s"), ("b", TOO_LONG, "s")),
        *rows((None, None, None), stream="noise"),
        state({"a": 1}),
    ]
    run = contacts.run(messages, stream_maps=maps)
    error_line = run.error_line()
    assert "none of the 1 records of stream people could be loaded, most often for field VALUE: Selligent" in error_line
    assert run.states == []


def test_state_waits_for_the_first_row_of_a_stream(contacts: Tenant) -> None:
    """While the tap is silent, STATE after a rejected record waits for a row that is loaded, and comes with it."""
    with RunningCommand(contacts.config(batch_max_age_seconds=1)) as command:
        command.write(encode([SCHEMA, *rows((None, "ok", "s")), state({"a": 1}), *rows(("a", "ok", "s"))]))
        assert command.read_state() == {"a": 1}
        assert contacts.rows("KEY") == [["a"]]
        command.finish().succeeded()


def test_no_state_goes_past_more_rejects_than_a_share_allows(contacts: Tenant) -> None:
    """The share is judged before the last STATE is printed; one of a stream that was refused whole waits for it."""
    messages = [SCHEMA, state({"start": 1}), *rows(*REFUSED), state({"middle": 1}), *rows(*REFUSED), state({"end": 1})]
    run = contacts.run(messages, max_rejects="1%", batch_size_rows=500)
    assert "more than max_rejects allows (1.00%)" in run.error_line()
    assert run.states == [{"start": 1}]

"""Several streams: none gets into the List of another unnoticed, and names that never came are spoken of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, record, schema, state

if TYPE_CHECKING:
    from tests.support import FinishedRun, Tenant

COLUMNS = {"key": "string", "email": "string"}
CREATE: dict[str, Any] = {"create_list_if_not_exists": True}


def messages(*streams: str) -> list[Message]:
    """Return a SCHEMA, a RECORD with the stream's name as its key, and a STATE of each stream."""
    found: list[Message] = []
    for number, stream in enumerate(streams):
        found += [schema(COLUMNS, stream=stream), record({"key": stream}, stream), state({"streams": number + 1})]
    return found


def warnings(run: FinishedRun) -> list[str]:
    """Return what a run warned of."""
    return [line for line in run.log if "never came" in line]


def test_a_second_stream_without_an_entry_ends_the_run(tenant: Tenant) -> None:
    """Nothing of it is loaded and no field made; what came before is loaded; the message says what to write."""
    more = [schema({"key": "string", "only_here": "string"}, stream="orders"), record({"key": "orders"}, "orders")]
    run = tenant.run([*messages("customers"), *more, state({"streams": 2})], **CREATE)
    error_line = run.error_line()
    assert "stream orders has no entry in streams, and neither has stream customers" in error_line
    assert "List contacts" in error_line
    for advice in ('"orders": {}', '"orders": {"list_api_name": "..."}', "unlisted_streams: load"):
        assert advice in error_line
    assert tenant.rows("KEY") == [["customers"]]
    assert "ONLY_HERE" not in tenant.fields()
    assert run.states == [{"streams": 1}]


def test_it_ends_before_anything_where_schemas_come_first(tenant: Tenant) -> None:
    """A tap that prints its schemas before its records loads nothing."""
    first = [schema(COLUMNS, stream="customers"), schema(COLUMNS, stream="orders")]
    run = tenant.run([*first, record({"key": "a"}, "customers"), record({"key": "b"}, "orders")], **CREATE)
    assert "stream orders" in run.error_line()
    assert tenant.rows("KEY") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"streams": {"orders": {}}},
        {"streams": {"customers": {}, "orders": {}}},
        {"streams": {"customers": {"key_fields": "KEY"}}},
        {"unlisted_streams": "load"},
        {"stream_maps": {"orders": {"__alias__": "people"}}, "streams": {"people": {}}},
    ],
    ids=["an empty entry", "two empty entries", "one without entry", "any number", "by its alias"],
)
def test_streams_share_a_list_where_that_is_said(tenant: Tenant, settings: dict[str, Any]) -> None:
    """An entry, be it empty, says that a stream shall be loaded; one stream needs none."""
    run = tenant.run(messages("customers", "orders"), **settings, **CREATE).succeeded()
    assert sorted(tenant.rows("KEY")) == [["customers"], ["orders"]]
    assert warnings(run) == []
    assert run.states[-1] == {"streams": 2}


def test_two_streams_of_one_alias_end_the_run(tenant: Tenant) -> None:
    """Their schemas would replace each other, and values of the first be left out: what to write is said."""
    maps = {"customers": {"__alias__": "people"}, "orders": {"__alias__": "people"}}
    run = tenant.run(messages("customers", "orders"), stream_maps=maps, **CREATE)
    assert "stream_maps give streams customers and orders the same name people" in run.error_line()
    assert tenant.rows("KEY") == [["customers"]]
    assert run.states == [{"streams": 1}]


def test_a_stream_that_a_map_removes_does_not_count(tenant: Tenant) -> None:
    """What is not loaded cannot get into anybody's List."""
    tenant.run(messages("noise", "customers"), stream_maps={"noise": None}, **CREATE).succeeded()
    assert tenant.rows("KEY") == [["customers"]]


def test_an_alias_counts_as_the_stream_that_is_loaded(tenant: Tenant) -> None:
    """An entry for the name before stream maps is none: the message names the alias, the warning says so."""
    maps = {"orders": {"__alias__": "people"}}
    run = tenant.run(messages("customers", "orders"), stream_maps=maps, streams={"orders": {}}, **CREATE)
    assert "stream people has no entry in streams" in run.error_line()
    alone = tenant.run(messages("orders"), stream_maps=maps, streams={"orders": {}}, **CREATE).succeeded()
    assert warnings(alone) == ["streams names stream orders, which never came: stream_maps loads it as people"]


def test_a_schema_that_comes_again_is_no_second_stream(tenant: Tenant) -> None:
    """A stream whose schema is repeated or changes is the same stream."""
    grown = schema({**COLUMNS, "more": "string"}, stream="customers")
    tenant.run([*messages("customers", "customers"), grown, record({"key": "c"}, "customers")], **CREATE).succeeded()
    assert sorted(tenant.rows("KEY")) == [["c"], ["customers"]]


def test_a_misspelt_entry_is_offered(tenant: Tenant) -> None:
    """Where an entry that never came is much like the stream, the message asks whether it was meant."""
    run = tenant.run(messages("customers", "orders"), streams={"order": {"list_api_name": "orders"}}, **CREATE)
    assert "both would go into List contacts: did you mean order? To load" in run.error_line()


def test_names_that_never_came_are_warned_about(tenant: Tenant) -> None:
    """Each name is in one warning, with the name most like it; the run goes on."""
    streams = {
        "public-customers": {"list_api_name": "elsewhere"},
        "orders": {"field_mapping": {"Email": "MAIL", "key": "KEY"}},
    }
    mapping = {"emial": "MAIL", "nothing_like_it": None, "key": "KEY", "_sdc_batched_at": None}
    run = tenant.run(messages("customers", "orders"), streams=streams, field_mapping=mapping, **CREATE).succeeded()
    assert warnings(run) == [
        "streams names stream public-customers, which never came: did you mean customers?",
        "field_mapping names column emial, which never came: did you mean email?",
        "field_mapping names column nothing_like_it, which never came",
        "field_mapping of stream orders names column Email, which never came: did you mean email?",
    ]
    # The SDK may warn that this Python is about to leave it.
    lines = [line for line in run.stderr.splitlines() if "WARNING" in line and "SingerSDKPythonEOLWarning" not in line]
    assert len(lines) == 5
    assert sum("beside MAIL" in line for line in lines) == 1


def test_columns_of_any_schema_came(tenant: Tenant) -> None:
    """A column that one stream has, or that a later schema adds, has come."""
    grown = schema({**COLUMNS, "late": "string"}, stream="customers")
    mapping = {"late": "LATER", "only_here": None, "email": None}
    more = [schema({"key": "string", "only_here": "string"}, stream="orders"), grown]
    content = [*messages("customers"), *more]
    run = tenant.run(content, field_mapping=mapping, unlisted_streams="load", **CREATE).succeeded()
    assert warnings(run) == []


def test_an_input_that_breaks_off_warns_of_no_names(tenant: Tenant) -> None:
    """What did not come because reading ended early may well be right."""
    run = tenant.run([*messages("customers"), {"type": "?"}], streams={"orders": {}}, **CREATE)
    run.error_line()
    assert warnings(run) == []


def test_a_misspelt_mapping_is_offered_where_the_list_lacks_the_field(tenant: Tenant) -> None:
    """When a stream does not fit its List, columns that field_mapping seems to misspell are named first."""
    tenant.create_list(KEY="Text(10)", MAIL="Text(50)")
    run = tenant.run(messages("customers"), field_mapping={"emial": "MAIL", "other_stream": "X"})
    assert "EMAIL (column email)" in run.error_line()
    assert warnings(run) == [
        "field_mapping of stream customers names column emial, which never came: did you mean email?"
    ]


def test_a_pattern_is_an_entry_for_many_streams(tenant: Tenant) -> None:
    """The exact name comes before patterns, and the more specific pattern before the other."""
    streams = {
        "*": {"list_api_name": "rest"},
        "public-*": {"list_api_name": "public"},
        "public-orders": {"list_api_name": "orders"},
        "nothing-*": {"list_api_name": "nothing"},
    }
    content = messages("public-orders", "public-visits", "public-order", "customers")
    run = tenant.run(content, streams=streams, **CREATE).succeeded()
    assert tenant.rows("KEY", list_api_name="orders") == [["public-orders"]]
    assert sorted(tenant.rows("KEY", list_api_name="public")) == [["public-order"], ["public-visits"]]
    assert tenant.rows("KEY", list_api_name="rest") == [["customers"]]
    assert sorted(tenant.lists()) == ["orders", "public", "rest"]
    unused = [line for line in run.log if "streams has an entry" in line]
    assert unused == ["streams has an entry nothing-*, but no stream has such a name"]
    assert run.states[-1] == {"streams": 4}


def test_two_patterns_that_claim_one_stream_end_the_run(tenant: Tenant) -> None:
    """Neither is more specific, so nobody can know which one is meant: nothing of the stream is loaded."""
    streams = {"cust*": {"list_api_name": "a"}, "*mers": {"list_api_name": "b"}}
    run = tenant.run(messages("customers"), streams=streams, **CREATE)
    error_line = run.error_line()
    assert "stream customers" in error_line
    assert "the entries cust*, *mers of streams fit it equally well and differ" in error_line
    assert tenant.lists() == {}


ENTRY: dict[str, Any] = {"streams": {"customers": {}}}


def test_ignored_streams_are_counted(tenant: Tenant) -> None:
    """They are named once, nothing of them is checked or loaded, and STATE goes on."""
    ignored = [
        schema({"only_here": "string"}, stream="orders"),
        *({"type": "RECORD", "stream": "orders", "record": one} for one in ({"only_here": 5}, {}, {"key": None})),
        {"type": "RECORD", "stream": "orders", "record": {"_sdc_deleted_at": "2024-01-01"}},
        {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 1},
        schema({"other": "string"}, stream="orders"),
        record({"other": "x"}, "orders"),
        state({"orders": 5}),
    ]
    content = [*messages("customers"), *ignored, *messages("visits")]
    run = tenant.run(content, unlisted_streams="ignore", **ENTRY, **CREATE).succeeded()
    assert tenant.rows("KEY") == [["customers"]]
    assert "ONLY_HERE" not in tenant.fields()
    assert [line for line in run.log if "is ignored" in line] == [
        f"Stream {name} is ignored: it has no entry in streams (unlisted_streams: ignore)"
        for name in ("orders", "visits")
    ]
    summary = [line for line in run.log if line.startswith("Stream") and "because" in line]
    assert summary == [
        "Stream orders: 5 ignored, because it has no entry in streams",
        "Stream visits: 1 ignored, because it has no entry in streams",
    ]
    assert run.states[-1] == {"streams": 1}


def test_a_run_with_ignored_records_only_succeeds(tenant: Tenant) -> None:
    """Its STATE is printed, and a misspelt entry is named with the stream that is ignored."""
    run = tenant.run(messages("custmers"), unlisted_streams="ignore", **ENTRY, **CREATE).succeeded()
    assert run.states == [{"streams": 1}]
    assert warnings(run) == ["streams names stream customers, which never came: did you mean custmers?"]
    assert tenant.lists() == {}


def test_an_ignored_stream_with_a_stream_map(tenant: Tenant) -> None:
    """Its records are counted by the name that the map gives it, also those on which the map fails."""
    maps = {"orders": {"__alias__": "sales", "key": "key.upper()"}}
    content = [
        *messages("customers", "orders"),
        {"type": "RECORD", "stream": "orders", "record": {"key": None}},
        {"type": "RECORD", "stream": "orders", "record": {"key": "b", "_sdc_deleted_at": "2024-01-01"}},
    ]
    run = tenant.run(content, unlisted_streams="ignore", stream_maps=maps, **ENTRY, **CREATE).succeeded()
    assert "Stream sales: 3 ignored, because it has no entry in streams" in run.log
    assert tenant.rows("KEY") == [["customers"]]


def test_a_refused_stream_ends_the_run_at_its_schema(tenant: Tenant) -> None:
    """What came before is loaded. A stream with an entry is not concerned."""
    content = [*messages("customers"), schema(COLUMNS, stream="custmers")]
    run = tenant.run(content, unlisted_streams="refuse", streams={"customers": {}, "customer": {}}, **CREATE)
    error_line = run.error_line()
    assert (
        "stream custmers has no entry in streams, and unlisted_streams is refuse: did you mean customer?" in error_line
    )
    assert '"custmers": {}' in error_line
    assert tenant.rows("KEY") == [["customers"]]
    assert run.states == [{"streams": 1}]
    tenant.run(messages("customers"), unlisted_streams="refuse", **ENTRY).succeeded()


@pytest.mark.parametrize("value", ["ignore", "refuse"])
def test_a_run_that_could_load_nothing_does_not_start(tenant: Tenant, value: str) -> None:
    """Without an entry, every stream would be left out."""
    run = tenant.run(messages("customers"), unlisted_streams=value, **CREATE)
    assert run.returncode == 2
    assert f"unlisted_streams {value} needs entries in streams: nothing would be loaded" in run.log
    assert tenant.calls() == []

"""Fields that every record gets, whatever its columns are: created, typed, filled, and what is refused."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

CREATE: dict[str, Any] = {"create_list_if_not_exists": True, "create_segment_if_not_exists": True}
PEOPLE = [schema({"key": "string", "name_of": "string"}), *records("key name_of", ("a", "Ann"), ("b", None))]
SEGMENTS = [
    schema({"key": "string", "seg": {}}),
    *records("key seg", ("a", "vip"), ("b", ["vip", "new"]), ("c", None), ("d", "new"), ("e", "vip")),
]
THROUGH_THE_SDK: dict[str, Any] = {"stream_maps": {"*": {}}}


def test_static_fields_are_created_and_filled(tenant: Tenant) -> None:
    """With the types that fit; the time of the run lies within it, and its id is the same in all rows."""
    before = datetime.now(timezone.utc).replace(microsecond=0)
    texts = {"SOURCE": "crm/{stream}", "Run": "{run_id}", "RUN_AT": "{run_started_at}", "BRACES": "{{x}}"}
    tenant.run(PEOPLE, **CREATE, static_fields=texts, batch_size_rows=1).succeeded()
    assert tenant.fields() == {
        "KEY": "Text(500)",
        "NAME_OF": "Text(500)",
        "SOURCE": "Text(500)",
        "Run": "Text(500)",
        "RUN_AT": "DateTime",
        "BRACES": "Text(500)",
    }
    first, second = tenant.rows("KEY", "NAME_OF", "SOURCE", "BRACES", "Run", "RUN_AT")
    assert (first[:4], second[:4]) == (["a", "Ann", "crm/customers", "{x}"], ["b", None, "crm/customers", "{x}"])
    assert first[4:] == second[4:]
    assert len(first[4]) == 36
    assert before <= datetime.fromisoformat(first[5].replace("Z", "+00:00")) <= datetime.now(timezone.utc)


def test_each_run_has_an_id_of_its_own(tenant: Tenant, tmp_path: Path) -> None:
    """It is the id in the rejects file and in the log; records of another stream and schema have it, too."""
    path = tmp_path / "rejects.jsonl"
    settings = {**CREATE, "static_fields": {"RUN": "{run_id}"}, "rejects_path": str(path), "unlisted_streams": "load"}
    messages = [
        *PEOPLE,
        record({"key": None, "name_of": "nobody"}),
        schema({"key": "string", "more": "string"}),
        record({"key": "c", "more": "x"}),
        schema({"key": "string"}, stream="others"),
        record({"key": "d"}, "others"),
    ]
    run = tenant.run(messages, **settings).succeeded()
    (run_id,) = {value for (value,) in tenant.rows("RUN")}
    rejects = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {line["run_id"] for line in rejects if line["type"] == "RECORD"} == {run_id}
    assert any(run_id in line for line in run.log)
    tenant.run(PEOPLE, **settings).succeeded()
    assert len({value for (value,) in tenant.rows("RUN")}) == 2


def test_a_new_run_is_no_change(tenant: Tenant, tmp_path: Path) -> None:
    """With `changes_only`, the id and the time of the run are those of the run that sent the record last."""
    texts = {"RUN": "{run_id}", "SOURCE": "crm", "RUN_AT": "{run_started_at}"}
    settings = {**CREATE, "changes_only": True, "snapshot_path": str(tmp_path / "snapshot"), "static_fields": texts}
    messages = [
        schema({"key": "string", "name_of": "string"}),
        *records("key name_of", ("a", "Ann"), ("b", "Ben")),
        record({"key": "c"}),
    ]
    tenant.run(messages, **settings).succeeded()
    first = tenant.rows("RUN", "RUN_AT")
    assert len(first) == 3
    tenant.run(messages, **settings).succeeded()
    assert tenant.requests("data/load") == []
    changed = [*messages[:2], record({"key": "b", "name_of": "Bea"}), messages[3]]
    tenant.run(changed, **settings).succeeded()
    now = tenant.rows("RUN", "RUN_AT")
    assert [now[0], now[2]] == [first[0], first[2]]
    assert (now[1][0], now[1][1]) != (first[1][0], first[1][1])
    tenant.run(changed, **{**settings, "static_fields": {**texts, "SOURCE": "shop"}}).succeeded()
    assert tenant.rows("NAME_OF", "SOURCE") == [["Ann", "shop"], ["Bea", "shop"], [None, "shop"]]


@pytest.mark.parametrize("way", [{}, THROUGH_THE_SDK], ids=["many at once", "one by one"])
def test_the_segments_of_records(tenant: Tenant, way: dict[str, Any]) -> None:
    """Several are joined by commas; null if there is none. Both ways through the target end the same."""
    settings: dict[str, Any] = {"segment_column": "seg", "records_without_segment": "list_only"}
    texts = {"SEGMENTS": "{segment}", "WHERE_FROM": "{stream}: {segment}"}
    tenant.run(SEGMENTS, **CREATE, **settings, static_fields=texts, **way).succeeded()
    assert sorted(tenant.rows("KEY", "SEGMENTS", "WHERE_FROM")) == [
        ["a", "vip", "customers: vip"],
        ["b", "vip,new", "customers: vip,new"],
        ["c", None, None],
        ["d", "new", "customers: new"],
        ["e", "vip", "customers: vip"],
    ]
    assert tenant.members("vip", "KEY") == ["a", "b", "e"]


def test_one_segment_for_all_records(tenant: Tenant) -> None:
    """Its name is the one that is loaded, in the style that is set."""
    settings: dict[str, Any] = {"segment": "my people", "segment_name_style": "underscore"}
    tenant.run(PEOPLE, **CREATE, **settings, static_fields={"SEGMENT": "{segment}"}).succeeded()
    assert tenant.rows("SEGMENT") == [["my_people"], ["my_people"]]


def test_values_have_the_type_of_a_field_that_exists(tenant: Tenant) -> None:
    """In the List's spelling; nothing is created."""
    tenant.create_list(KEY="Text(10)", NAME_OF="Text(10)", Score="Long", RUN_AT="DateTime", Flag="Boolean")
    tenant.run(PEOPLE, static_fields={"SCORE": "7", "run_at": "{run_started_at}", "FLAG": "true"}).succeeded()
    assert tenant.rows("Score", "Flag") == [[7, True], [7, True]]
    (load,) = tenant.requests("data/load")
    assert load["query"]["fields"] == "KEY,NAME_OF,Score,RUN_AT,Flag"


def test_a_missing_static_field_is_an_error_or_is_added(tenant: Tenant) -> None:
    """As for a column."""
    tenant.create_list(KEY="Text(10)", NAME_OF="Text(10)")
    error_line = tenant.run(PEOPLE, static_fields={"SOURCE": "crm"}).error_line()
    assert "SOURCE (static_fields)" in error_line
    types = {"SOURCE": "Text(5)"}
    tenant.run(PEOPLE, static_fields={"SOURCE": "crm"}, create_fields_if_not_exist=True, field_types=types).succeeded()
    assert tenant.fields()["SOURCE"] == "Text(5)"
    assert tenant.rows("SOURCE") == [["crm"], ["crm"]]


def test_a_stream_has_static_fields_of_its_own(tenant: Tenant) -> None:
    """They are added to those of the run; null takes one away."""
    streams = {"customers": {"static_fields": {"source": "own", "OUT": None, "MORE": "x"}}}
    tenant.run(PEOPLE, **CREATE, static_fields={"SOURCE": "run", "OUT": "y"}, streams=streams).succeeded()
    assert tenant.rows("SOURCE", "MORE") == [["own", "x"], ["own", "x"]]
    assert "OUT" not in tenant.fields()


@pytest.mark.parametrize(
    "settings",
    [
        {"list_data_import_option": "OnlyInsert"},
        {"deduplication": "ImportFirstMatch"},
        {"alternate_key_fields": "MAIL"},
        {"max_request_bytes": 1000, "batch_size_rows": 2},
        {"validate_records": False},
    ],
    ids=str,
)
def test_all_ways_of_loading(tenant: Tenant, settings: dict[str, Any]) -> None:
    """Rows that wait for the end, are loaded by an alternate key, or lack a column have their static fields, too."""
    messages = [
        schema({"key": "string", "mail": "string", "extra": "string"}),
        record({"key": "a", "mail": "a@example.com", "extra": "x"}),
        record({"key": "b", "mail": "b@example.com"}),
        record({"key": "c", "mail": "c@example.com", "extra": "z", "unknown": 1}),
        state({"at": 1}),
    ]
    if "alternate_key_fields" in settings:
        messages.insert(4, record({"key": None, "mail": "d@example.com"}))
    run = tenant.run(messages, **CREATE, **settings, static_fields={"SOURCE": "crm"}).succeeded()
    assert run.states == [{"at": 1}]
    assert {value for (value,) in tenant.rows("SOURCE")} == {"crm"}
    assert len(tenant.rows("KEY")) == len(messages) - 2


def test_records_that_leave_get_none(tenant: Tenant) -> None:
    """Nothing is written to the List, and the List may lack the fields."""
    tenant.create_list(KEY="Text(10)")
    tenant.load_rows("KEY", [["a"], ["b"]])
    tenant.create_segment("vip")
    tenant.add_members("vip", "KEY", ["a", "b"])
    settings: dict[str, Any] = {
        "segment": "vip",
        "segment_data_import_option": "remove",
        "static_fields": {"SOURCE": "crm"},
    }
    tenant.run([schema({"key": "string"}), record({"key": "a"})], **settings).succeeded()
    assert tenant.members("vip", "KEY") == ["b"]
    assert tenant.fields() == {"KEY": "Text(10)"}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"SOURCE": "{who}"}, "{who} is not one of {stream}, {segment}, {run_id}, {run_started_at}"),
        ({"SOURCE": "{stream"}, "stands alone"),
        ({"SOURCE": "{segment}"}, "needs Segments"),
        ({"KEY": "x"}, "static_fields and key_fields both name KEY"),
    ],
    ids=str,
)
def test_wrong_texts_end_the_run_before_the_first_call(tenant: Tenant, texts: dict[str, str], words: str) -> None:
    """The message names the field and what is wrong."""
    run = tenant.run(PEOPLE, **CREATE, static_fields=texts, key_fields="KEY")
    assert any(words in line and "static_fields" in line for line in run.log)
    assert (run.returncode, tenant.calls()) == (2, [])


def test_a_static_field_that_is_a_column_is_an_error(tenant: Tenant) -> None:
    """Nothing is created; the message has the line that leaves the column out."""
    error_line = tenant.run(PEOPLE, **CREATE, static_fields={"name_of": "x"}).error_line()
    assert 'field_mapping: {"name_of": null}' in error_line
    assert tenant.lists() == {}


def test_a_text_that_does_not_fit_its_field_ends_the_run(tenant: Tenant) -> None:
    """Before anything is loaded; the field and its type are named."""
    tenant.create_list(KEY="Text(10)", NAME_OF="Text(10)", SCORE="Long", SOURCE="Text(2)")
    error_line = tenant.run([*PEOPLE, state({"at": 1})], static_fields={"SCORE": "many", "SOURCE": "crm"}).error_line()
    for words in ("SCORE (Long)", "SOURCE (Text(2)): the text is longer than 2"):
        assert words in error_line
    assert tenant.rows("KEY") == []


def test_nobody_is_subscribed_again(tenant: Tenant) -> None:
    """A static OPTOUT of 0 is refused, unless only new people are inserted."""
    tenant.run(PEOPLE, **CREATE, static_fields={"OPTOUT": "1"}).succeeded()
    settings = {**CREATE, "static_fields": {"optout": "0"}}
    assert "would subscribe every person" in tenant.run(PEOPLE, **settings).error_line()
    more = [*PEOPLE, record({"key": "c", "name_of": "Cem"})]
    tenant.run(more, **settings, list_data_import_option="OnlyInsert").succeeded()
    assert tenant.rows("KEY", "OPTOUT") == [["a", 1], ["b", 1], ["c", 0]]


def test_a_name_that_cannot_be_created(tenant: Tenant) -> None:
    """The message names the setting."""
    error_line = tenant.run(PEOPLE, **CREATE, static_fields={"my source": "x"}).error_line()
    assert "my source (static_fields)" in error_line
    assert "rename them in static_fields" in error_line
    assert tenant.lists() == {}

"""Import options and deduplication hold over the whole run, however it is cut into loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string", "value": "integer", "seg": "string"})
ROWS = records(
    "key value seg", ("a", 1, "x"), ("b", 2, "x"), ("a", 3, "y"), ("c", 4, "x"), ("a", 5, "z"), ("b", 6, "y")
)
LAST, FIRST = "ImportLastMatch", "ImportFirstMatch"
BATCH_SIZES = pytest.mark.parametrize("batch_size_rows", [1, 2, 3], ids="rows={}".format)


@BATCH_SIZES
@pytest.mark.parametrize(
    ("option", "deduplication", "wanted"),
    [
        ("InsertAndUpdate", LAST, [["a", 5], ["b", 6], ["c", 4]]),
        ("InsertAndUpdate", FIRST, [["a", 1], ["b", 2], ["c", 4]]),
        ("OnlyInsert", LAST, [["a", 0], ["b", 6], ["c", 4]]),
        ("OnlyInsert", FIRST, [["a", 0], ["b", 2], ["c", 4]]),
        ("OnlyUpdate", LAST, [["a", 5]]),
        ("OnlyUpdate", FIRST, [["a", 1]]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_import_options(
    tenant: Tenant, option: str, deduplication: str, batch_size_rows: int, wanted: list[list[Any]]
) -> None:
    """The record that wins is the first or last of the run, and the option decides what it may do."""
    tenant.create_list(KEY="Text(10)", VALUE="Long")
    tenant.load_rows("KEY,VALUE", [["a", 0]])
    run = tenant.run(
        [SCHEMA, *ROWS, state({"a": 1})],
        segment_column="seg",
        create_segment_if_not_exists=True,
        list_data_import_option=option,
        deduplication=deduplication,
        batch_size_rows=batch_size_rows,
    ).succeeded()
    assert sorted(tenant.rows("KEY", "VALUE")) == wanted
    present = {key for key, _ in wanted}
    members = {segment: tenant.members(segment, "KEY") for segment in "xyz"}
    assert members == {
        "x": sorted(present & {"a", "b", "c"}),
        "y": sorted(present & {"a", "b"}),
        "z": ["a"],
    }
    queries = [load["query"] for load in tenant.requests("/contacts/data/load")]
    assert {query["data_import_option"] for query in queries} == {option}
    assert {query["deduplication"] for query in queries} == {deduplication}
    assert tenant.outcomes() == {"answered"}
    assert run.states == [{"a": 1}]


@pytest.mark.parametrize("mode", ["Sync", "Stream"])
@pytest.mark.parametrize("error_handling", ["ContinueOnError", "StopOnError"])
def test_options_pass_through(tenant: Tenant, mode: str, error_handling: str) -> None:
    """Mode and error handling are sent with every load, of the List and of Segments."""
    tenant.create_list(KEY="Text(10)", VALUE="Long")
    settings: dict[str, Any] = {"mode": mode, "error_handling": error_handling, "segment_column": "seg"}
    tenant.run([SCHEMA, *ROWS], create_segment_if_not_exists=True, **settings).succeeded()
    loads = tenant.requests("/data/load")
    assert len(loads) == 4
    assert {(load["query"]["mode"], load["query"]["errorHandling"]) for load in loads} == {(mode, error_handling)}


def test_only_insert_keeps_columns_that_the_last_record_lacks(tenant: Tenant) -> None:
    """OnlyInsert and ImportLastMatch insert what upserts would make: a column that a record lacks keeps its value."""
    tenant.create_list(KEY="Text(10)", ONE="Long", TWO="Long")
    messages = [
        schema({"key": "string", "one": "integer", "two": "integer"}),
        *records("key one", ("a", 1)),
        *records("key two", ("a", 2)),
        *records("key one two", ("b", 3, 4)),
    ]
    tenant.run(messages, list_data_import_option="OnlyInsert").succeeded()
    assert sorted(tenant.rows("KEY", "ONE", "TWO")) == [["a", 1, 2], ["b", 3, 4]]


def test_records_are_held_across_schemas(tenant: Tenant) -> None:
    """With OnlyInsert and ImportLastMatch, the last record of a key wins though its stream's schema has changed."""
    messages = [
        schema({"key": "string", "one": "integer"}),
        *records("key one", ("a", 1), ("b", 1)),
        schema({"key": "string", "one": "integer", "two": "integer"}),
        *records("key one two", ("a", 2, 2), ("c", 3, 3)),
        schema({"key": "string", "one": "integer"}),
        *records("key one", ("c", 4)),
    ]
    tenant.run(messages, list_data_import_option="OnlyInsert", create_list_if_not_exists=True).succeeded()
    assert sorted(tenant.rows("KEY", "ONE", "TWO"), key=str) == [["a", 2, 2], ["b", 1, None], ["c", 4, 3]]


def test_records_are_held_while_schemas_flip(tenant: Tenant) -> None:
    """With OnlyInsert and ImportLastMatch, records of a schema that comes back again and again keep their keys."""
    one = schema({"one": "string", "key": "string", "value": "integer"}, ["key"])
    two = schema({"one": "string", "key": "string", "value": "integer"}, ["one", "key"])
    messages = []
    for number in range(4):
        messages += [one, *records("key value", ("a", number), (f"b{number}", number))]
        messages += [two, *records("one key value", ("x", "a", 10 + number))]
    tenant.run(messages, list_data_import_option="OnlyInsert", create_list_if_not_exists=True).succeeded()
    wanted = [["x", "a", 13], [None, "a", 3], *([None, f"b{number}", number] for number in range(4))]
    assert sorted(tenant.rows("ONE", "KEY", "VALUE"), key=str) == sorted(wanted, key=str)
    assert {load["query"]["keyFields"] for load in tenant.requests("/contacts/data/load")} == {"KEY", "ONE,KEY"}


def test_first_match_does_not_count_refused_records(tenant: Tenant) -> None:
    """A first record that is refused does not keep the next one of its key out."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)")
    messages = [schema({"key": "string", "value": "string"}), *records("key value", ("a", "too long"), ("a", "ok"))]
    tenant.run(messages, deduplication=FIRST, batch_size_rows=1).succeeded()
    assert tenant.rows("KEY", "VALUE") == [["a", "ok"]]


SPLITS: dict[str, dict[str, Any]] = {
    "too large": {"kind": "status", "status": 413},
    "time-outs": {"kind": "hang", "times": 2},
    "time-outs of loads that were done": {"kind": "hang", "times": 2, "when": "after"},
    "failures without names": {
        "kind": "status",
        "status": 200,
        "body": {"result_code": "PartiallySucceeded", "number_of_failed_records": 1, "invalid_records": []},
    },
}
VALUES = schema({"key": "string", "value": "integer"})
TEXTS = schema({"key": "string", "value": "string"})


@pytest.mark.parametrize("reason", SPLITS)
@pytest.mark.parametrize(("deduplication", "wanted"), [(FIRST, [1, 2, 3]), (LAST, [5, 6, 3])], ids=["first", "last"])
def test_the_rule_holds_in_a_load_that_is_split(
    tenant: Tenant, reason: str, deduplication: str, wanted: list[int]
) -> None:
    """Whatever a load is halved for, the first or last record of a key in the batch wins, as asked."""
    tenant.create_list(KEY="Text(10)", VALUE="Long")
    tenant.add_fault(**SPLITS[reason], path="/contacts/data/load")
    rows = records("key value", ("a", 1), ("b", 2), ("a", 4), ("c", 3), ("a", 5), ("b", 6))
    tenant.run([VALUES, *rows], deduplication=deduplication, request_timeout_seconds=1).succeeded()
    assert [value for _, value in sorted(tenant.rows("KEY", "VALUE"))] == wanted
    assert len(tenant.requests("/contacts/data/load")) > 2


@pytest.mark.parametrize("batch_size_rows", [1, 2, 4, 10])
@pytest.mark.parametrize("max_rows", [1, None], ids=["split", "whole"])
def test_the_first_record_that_selligent_takes_wins(tenant: Tenant, max_rows: int | None, batch_size_rows: int) -> None:
    """In one batch or in several, a refused record does not count: the next of its key is loaded in its place."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(4)")
    tenant.set_options(max_rows=max_rows)
    rows = [
        ("a", "too long"),
        ("b", "1st"),
        ("a", "as well"),
        ("c", "no good"),
        ("a", "3rd"),
        ("b", "2nd"),
        ("a", "4th"),
    ]
    run = tenant.run([TEXTS, *records("key value", *rows)], deduplication=FIRST, batch_size_rows=batch_size_rows)
    run.succeeded()
    assert sorted(tenant.rows("KEY", "VALUE")) == [["a", "3rd"], ["b", "1st"]]
    counts = (
        "7 read, 5 sent, 2 inserted, 0 updated, 2 duplicates, 0 not found, 3 refused, "
        "0 rejected before sending, 0 deleted"
    )
    assert f"List contacts: {counts}" in run.log


def test_segments_of_records_that_are_not_first(tenant: Tenant) -> None:
    """The Segments that later records of a key name count all the same; those of refused records do not."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(4)")
    messages = [
        schema({"key": "string", "value": "string", "seg": "string"}),
        *records("key value seg", ("a", "too long", "x"), ("a", "2nd", "y"), ("a", "3rd", "z")),
    ]
    tenant.run(messages, deduplication=FIRST, segment_column="seg", create_segment_if_not_exists=True).succeeded()
    assert tenant.rows("KEY", "VALUE") == [["a", "2nd"]]
    assert {name: tenant.members(name, "KEY") for name in "xyz"} == {"x": [], "y": ["a"], "z": ["a"]}


def test_deduplication_compares_whole_keys(tenant: Tenant) -> None:
    """Keys of several fields are the same only if each part is; 1 and "1" are different keys."""
    tenant.create_list(ONE="Text(10)", TWO="Long", VALUE="Long")
    messages = [
        schema({"one": "string", "two": "integer", "value": "integer"}, ["one", "two"]),
        *records("one two value", ("1", 1, 1), ("1", 2, 2), ("11", 1, 3), ("1", 1, 4)),
    ]
    tenant.run(messages, deduplication=FIRST, batch_size_rows=1).succeeded()
    assert sorted(tenant.rows("ONE", "TWO", "VALUE")) == [["1", 1, 1], ["1", 2, 2], ["11", 1, 3]]

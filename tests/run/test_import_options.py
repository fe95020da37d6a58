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
    tenant.fill("KEY,VALUE", [["a", 0]])
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


def test_only_insert_keeps_the_columns_of_the_last_record(tenant: Tenant) -> None:
    """With OnlyInsert and ImportLastMatch the last record of a key is inserted, whatever columns the others had."""
    tenant.create_list(KEY="Text(10)", ONE="Long", TWO="Long")
    messages = [
        schema({"key": "string", "one": "integer", "two": "integer"}),
        *records("key one", ("a", 1)),
        *records("key two", ("a", 2)),
        *records("key one two", ("b", 3, 4)),
    ]
    tenant.run(messages, list_data_import_option="OnlyInsert").succeeded()
    assert sorted(tenant.rows("KEY", "ONE", "TWO")) == [["a", None, 2], ["b", 3, 4]]


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
    assert sorted(tenant.rows("KEY", "ONE", "TWO"), key=str) == [["a", 2, 2], ["b", 1, None], ["c", 4, None]]


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


def test_deduplication_compares_whole_keys(tenant: Tenant) -> None:
    """Keys of several fields are the same only if each part is; 1 and "1" are different keys."""
    tenant.create_list(ONE="Text(10)", TWO="Long", VALUE="Long")
    messages = [
        schema({"one": "string", "two": "integer", "value": "integer"}, ["one", "two"]),
        *records("one two value", ("1", 1, 1), ("1", 2, 2), ("11", 1, 3), ("1", 1, 4)),
    ]
    tenant.run(messages, deduplication=FIRST, batch_size_rows=1).succeeded()
    assert sorted(tenant.rows("ONE", "TWO", "VALUE")) == [["1", 1, 1], ["1", 2, 2], ["11", 1, 3]]

"""Streams of one run that load different Lists in different ways, each by settings of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Message, record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

COLUMNS = {"key": "string", "value": "string", "seg": "string"}


def stream(name: str, *rows: tuple[Any, ...]) -> list[Message]:
    """Return a SCHEMA and a RECORD for each key, value and Segment."""
    return [schema(COLUMNS, stream=name), *records("key value seg", *rows, stream=name)]


@pytest.fixture
def lists(tenant: Tenant) -> Tenant:
    """A tenant with two Lists that both have a record `old`."""
    for name in ("people", "orders"):
        tenant.create_list(name, KEY="Text(10)", VALUE="Text(3)")
        tenant.load_rows("KEY,VALUE", [["old", "0"]], name)
    return tenant


def entries(people: dict[str, Any], orders: dict[str, Any]) -> dict[str, Any]:
    """Return `streams` with the settings of two streams, and a mapping that does not send the Segment."""
    return {
        "streams": {"people": {"list_api_name": "people", **people}, "orders": {"list_api_name": "orders", **orders}},
        "field_mapping": {"seg": None},
    }


ROWS = [("old", "1", "s"), ("a", "1", "s"), ("a", "2", "s")]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"list_data_import_option": "OnlyUpdate"}, [["old", "1"]]),
        ({"list_data_import_option": "OnlyInsert"}, [["old", "0"], ["a", "2"]]),
        ({"deduplication": "ImportFirstMatch"}, [["old", "1"], ["a", "1"]]),
        (
            {"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"},
            [["old", "0"], ["a", "1"]],
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch_size_rows", [1, 2500])
def test_each_list_by_its_own_options(
    lists: Tenant, own: dict[str, Any], expected: list[list[str]], batch_size_rows: int
) -> None:
    """What one List does changes nothing for the other."""
    content = [*stream("people", *ROWS), *stream("orders", *ROWS), state({"a": 1})]
    run = lists.run(content, **entries(own, {}), batch_size_rows=batch_size_rows).succeeded()
    assert lists.rows("KEY", "VALUE", list_api_name="people") == expected
    assert lists.rows("KEY", "VALUE", list_api_name="orders") == [["old", "1"], ["a", "2"]]
    assert run.states[-1] == {"a": 1}


def test_a_deleted_record_needs_a_key_only_where_records_are_spooled(lists: Tenant) -> None:
    """The record that is spooled is not inserted; the other List only counts a record without a key."""
    content = [
        *stream("people", ("a", "1", "s")),
        record({"key": "a", "_sdc_deleted_at": "2024-01-01"}, "people"),
        *stream("orders", ("a", "1", "s")),
        record({"_sdc_deleted_at": "2024-01-01"}, "orders"),
    ]
    run = lists.run(content, **entries({"list_data_import_option": "OnlyInsert"}, {})).succeeded()
    assert lists.rows("KEY", list_api_name="people") == [["old"]]
    assert lists.rows("KEY", list_api_name="orders") == [["old"], ["a"]]
    assert "0 rejected before sending, 1 deleted" in run.log[-1]


def test_the_keys_of_each_list_are_compared_its_own_way(lists: Tenant) -> None:
    """With `exact`, case makes another key, for this List only."""
    lists.set_options(case_insensitive_keys=False)
    rows = [("a", "1", "s"), ("A", "2", "s")]
    first = {"deduplication": "ImportFirstMatch"}
    content = [*stream("people", *rows), *stream("orders", *rows)]
    lists.run(content, **entries({**first, "key_comparison": "exact"}, first)).succeeded()
    assert lists.rows("KEY", list_api_name="people") == [["old"], ["a"], ["A"]]
    assert lists.rows("KEY", list_api_name="orders") == [["old"], ["a"]]


def test_one_list_is_created_and_the_other_must_exist(tenant: Tenant) -> None:
    """So it is with Segments. The length of Text fields is one of the stream."""
    people = {
        "create_list_if_not_exists": True,
        "create_segment_if_not_exists": True,
        "segment_column": "seg",
        "text_field_length": 77,
    }
    tenant.create_list("orders", KEY="Text(10)", VALUE="Text(3)")
    content = [*stream("people", ("a", "1", "new")), *stream("orders", ("a", "1", "new"))]
    run = tenant.run(content, **entries(people, {"segment_column": "seg"}))
    assert "Segment new of List orders does not exist" in run.error_line()
    assert tenant.fields("people")["VALUE"] == "Text(77)"
    assert tenant.members("new", "KEY", "people") == ["a"]


def test_records_without_a_segment(lists: Tenant) -> None:
    """One stream skips them, the other one loads them into the List only, also for the same List."""
    streams = {"people": {"segment_column": "seg"}, "orders": {"records_without_segment": "list_only"}}
    content = [*stream("people", ("a", "1", None)), *stream("orders", ("b", "1", None))]
    settings: dict[str, Any] = {"list_api_name": "people", "segment_column": "seg", "streams": streams}
    lists.run(content, **settings).succeeded()
    assert lists.rows("KEY", list_api_name="people") == [["old"], ["b"]]


def test_the_size_of_segment_loads(lists: Tenant) -> None:
    """Rows of a Segment are cut as the settings of its List say."""
    lists.create_segment("s", "people")
    lists.create_segment("s", "orders")
    rows = [(f"k{number}", "1", "s") for number in range(5)]
    own: dict[str, Any] = {"segment_column": "seg"}
    content = [*stream("people", *rows), *stream("orders", *rows)]
    lists.run(content, **entries({**own, "segment_batch_size_rows": 2}, own)).succeeded()
    assert len(lists.requests("/people/segments/s/data/load")) == 3
    assert len(lists.requests("/orders/segments/s/data/load")) == 1


def test_the_rejects_file_keeps_newer_records_as_the_list_needs_it(lists: Tenant, tmp_path: Any) -> None:
    """After a rejected record, a newer one with its key is kept only where the last record counts."""
    rows = [("a", "too long", "s"), ("a", "1", "s")]
    path = tmp_path / "rejects.jsonl"
    content = [*stream("people", *rows), *stream("orders", *rows)]
    first = {"deduplication": "ImportFirstMatch"}
    lists.run(content, **entries(first, {}), rejects_path=str(path), batch_size_rows=1).succeeded()
    assert path.read_text().count('"code": "newer"') + path.read_text().count('"code":"newer"') == 1


def test_streams_of_one_list_that_contradict_each_other(lists: Tenant) -> None:
    """The run does not start; a stream without an entry ends it when it comes, before anything of it is loaded."""
    own = {"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"}
    settings: dict[str, Any] = {"list_api_name": "people", "field_mapping": {"seg": None}}
    run = lists.run([], streams={"people": own, "orders": {}}, **settings)
    assert run.returncode == 2
    assert (
        "list_data_import_option (people: OnlyInsert, orders: InsertAndUpdate), deduplication (people: "
        "ImportFirstMatch, orders: ImportLastMatch) must be the same for all streams of List people"
    ) in run.log
    assert lists.calls() == []
    content = [*stream("people", ("a", "1", "s")), *stream("orders", ("b", "1", "s"))]
    run = lists.run(content, streams={"people": own}, **settings)
    assert "stream orders cannot be loaded: list_data_import_option (people: OnlyInsert, orders" in run.error_line()
    assert lists.rows("KEY", list_api_name="people") == [["old"], ["a"]]

"""What goes over the wire: parameters as the API spells them, full loads, one at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema

if TYPE_CHECKING:
    from tests.support import Tenant

COLUMNS = schema({"key": "string", "value": "string", "seg": "string"})
PLAIN = schema({"key": "string", "value": "string"})


def test_parameters_are_spelled_as_the_api_spells_them(tenant: Tenant) -> None:
    """A List load and a Segment load have exactly the API's parameters, `fields` among them, and nothing is refused."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(10)")
    rows = records("key value seg", ("a", "1", "s"))
    settings: dict[str, Any] = {"segment_column": "seg", "create_segment_if_not_exists": True}
    tenant.run([COLUMNS, *rows], **settings).succeeded()
    list_load, segment_load = tenant.requests("/data/load")
    common = {"mode": "Sync", "deduplication": "ImportLastMatch", "errorHandling": "ContinueOnError"}
    assert list_load["query"] == {
        **common,
        "keyFields": "KEY",
        "fields": "KEY,VALUE",
        "data_import_option": "InsertAndUpdate",
    }
    assert segment_load["query"] == {**common, "keyFields": "KEY", "fields": "KEY"}
    calls = tenant.calls()
    # Fields and Segments are read at the same time.
    assert [calls[0], *sorted(calls[1:3]), *calls[3:]] == [
        "GET /contacts",
        "GET /contacts/fields",
        "GET /contacts/segments",
        "GET /contacts/segments/s",
        "POST /contacts/segments/static",
        "POST /contacts/data/load",
        "POST /contacts/segments/s/data/load",
    ]
    assert tenant.outcomes() == {"answered"}


@pytest.mark.parametrize(
    ("size", "wanted"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (2500, [7])], ids="batch_size_rows={}".format
)
def test_batches_are_cut_by_rows(tenant: Tenant, size: int, wanted: list[int]) -> None:
    """No load has more rows than `batch_size_rows`, and all but the last are full."""
    rows = records("key value seg", *((str(number), "x", "s") for number in range(7)))
    settings: dict[str, Any] = {
        "segment_column": "seg",
        "create_segment_if_not_exists": True,
        "create_list_if_not_exists": True,
    }
    tenant.run([COLUMNS, *rows], batch_size_rows=size, **settings).succeeded()
    assert [load["rows"] for load in tenant.requests("/contacts/data/load")] == wanted
    assert [load["rows"] for load in tenant.requests("/segments/s/data/load")] == [7]


def test_batches_are_cut_by_encoded_bytes(tenant: Tenant) -> None:
    """No body is larger than `max_request_bytes` as sent, emoji and all, and bodies are nearly full."""
    tenant.create_list(KEY="Text(10)", VALUE="LongText")
    texts = ["x" * 200, "\U0001f600" * 60, "ä" * 150, '"\n\\' * 70]
    rows = records("key value", *((str(number), texts[number % 4]) for number in range(40)))
    tenant.run([PLAIN, *rows], max_request_bytes=1000).succeeded()
    loads = tenant.requests("/data/load")
    assert max(load["body_bytes"] for load in loads) <= 1000
    assert min(load["body_bytes"] for load in loads[:-1]) > 500
    assert sum(load["rows"] for load in loads) == 40
    wanted = [[str(number), texts[number % 4]] for number in range(40)]
    assert tenant.rows("KEY", "VALUE") == wanted


def test_the_limit_of_bytes_is_exact(tenant: Tenant) -> None:
    """Rows whose body is exactly `max_request_bytes` are sent as one, with a byte less in two."""
    tenant.create_list(KEY="Text(10)", VALUE="LongText")
    rows = [["a", "x" * 400], ["b", "y" * 700]]
    size = len(json.dumps(rows, separators=(",", ":")))
    messages = [PLAIN, *records("key value", *map(tuple, rows))]
    tenant.run(messages, max_request_bytes=size).succeeded()
    assert [load["body_bytes"] for load in tenant.requests("/data/load")] == [size]
    tenant.run(messages, max_request_bytes=size - 1).succeeded()
    assert [load["rows"] for load in tenant.requests("/data/load")] == [1, 1]


def test_a_record_larger_than_a_body_is_rejected(tenant: Tenant) -> None:
    """A record that fits into no body is rejected, the others are loaded."""
    tenant.create_list(KEY="Text(10)", VALUE="LongText")
    rows = records("key value", ("a", "x"), ("b", "x" * 2000), ("c", "x"))
    run = tenant.run([PLAIN, *rows], max_request_bytes=1000).succeeded()
    assert tenant.rows("KEY") == [["a"], ["c"]]
    assert "max_request_bytes" in run.stderr


def test_one_load_at_a_time(tenant: Tenant) -> None:
    """However many loads there are, no two run at the same time on a List: none is answered with 429."""
    tenant.set_options(bulk_latency_ms=20)
    rows = records("key value seg", *((str(number), "x", f"s{number % 3}") for number in range(12)))
    settings: dict[str, Any] = {
        "segment_column": "seg",
        "create_segment_if_not_exists": True,
        "create_list_if_not_exists": True,
    }
    tenant.run([COLUMNS, *rows], batch_size_rows=2, segment_batch_size_rows=2, **settings).succeeded()
    assert len(tenant.requests("/data/load")) == 6 + 6
    assert {entry["status"] for entry in tenant.requests("/data/load")} == {200}
    loads = tenant.requests("/data/load")
    ends = [load["monotonic"] + load["duration_ms"] / 1000 for load in loads]
    assert all(start["monotonic"] >= end for start, end in zip(loads[1:], ends, strict=False))


def test_records_of_different_columns_share_loads(tenant: Tenant) -> None:
    """Kinds of record that take turns are gathered side by side, not cut at each turn."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(10)")
    rows = [
        message
        for number in range(10)
        for message in (*records("key value", (f"a{number}", "x")), *records("key", (f"b{number}",)))
    ]
    tenant.run([PLAIN, *rows]).succeeded()
    assert sorted(load["rows"] for load in tenant.requests("/data/load")) == [10, 10]
    assert sorted(load["query"]["fields"] for load in tenant.requests("/data/load")) == ["KEY", "KEY,VALUE"]


def test_a_tap_that_leaves_out_nulls_fills_its_loads(tenant: Tenant) -> None:
    """Sixteen kinds of record in turn need a load each, with what they have and no null."""
    names = ["a", "b", "c", "d"]
    tenant.create_list(KEY="Text(10)", **{name.upper(): "Text(10)" for name in names})
    kinds = [[name for bit, name in enumerate(names) if kind >> bit & 1] for kind in range(16)]
    rows = [record({"key": f"{number}", **dict.fromkeys(kinds[number % 16], "x")}) for number in range(320)]
    tenant.run([schema(dict.fromkeys(["key", *names], "string")), *rows]).succeeded()
    loads = tenant.requests("/data/load")
    assert [load["rows"] for load in loads] == [20] * 16
    wanted = {",".join(["KEY", *map(str.upper, kind)]) for kind in kinds}
    assert {load["query"]["fields"] for load in loads} == wanted


def test_nothing_is_called_without_records(tenant: Tenant) -> None:
    """An empty input needs no call at all; a SCHEMA alone prepares the List and loads nothing."""
    run = tenant.run(b"").succeeded()
    assert (tenant.calls(), run.stdout) == ([], "")
    tenant.run([COLUMNS], create_list_if_not_exists=True).succeeded()
    assert not tenant.requests("/data/load")


def test_names_of_fields_are_encoded(tenant: Tenant) -> None:
    """Names with blanks or other letters reach Selligent as they are, in the path and in the query."""
    tenant.set_options(organizations=["my_org"])
    error_line = tenant.run([COLUMNS], list_api_name="a list/ä?x=1&y#z").error_line()
    assert "a list/ä?x=1&y#z" in error_line
    assert [entry["path"] for entry in tenant.requests()] == ["/Portal/Api/organizations/my_org/lists/a list/ä?x=1&y#z"]

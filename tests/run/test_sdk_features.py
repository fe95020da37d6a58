"""The SDK's own features work as documented: stream maps, flattening, metadata columns, validation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

CREATE: dict[str, Any] = {"create_list_if_not_exists": True, "create_segment_if_not_exists": True}
SCHEMA = schema({"key": "string", "value": "integer", "born": {"type": ["string", "null"], "format": "date"}})
ROWS = records("key value born", ("a", 5, "1990-01-02"), ("b", 1500, None), ("c", 2000, "2000-02-29"))


def test_stream_maps_make_columns_and_segments(tenant: Tenant) -> None:
    """A column that a stream map computes is a field, or names the Segment."""
    maps = {"customers": {"seg": "'vip' if value >= 1000 else 'standard'", "double": "int(value) * 2", "born": None}}
    run = tenant.run([SCHEMA, *ROWS, state({"a": 1})], stream_maps=maps, segment_column="seg", **CREATE).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)", "VALUE": "Long", "DOUBLE": "Long"}
    assert tenant.rows("KEY", "DOUBLE") == [["a", 10], ["b", 3000], ["c", 4000]]
    assert tenant.members("vip", "KEY") == ["b", "c"]
    assert tenant.members("standard", "KEY") == ["a"]
    assert run.states == [{"a": 1}]


def test_stream_maps_rename_filter_and_rekey(tenant: Tenant) -> None:
    """`__alias__`, `__filter__`, `__key_properties__` and `__else__` do what the SDK says."""
    maps = {
        "customers": {
            "__alias__": "people",
            "__filter__": "value > 10",
            "__key_properties__": ["number"],
            "__else__": None,
            "number": "int(record['value'])",
            "name_of": "str(record['key']).upper()",
        },
        "noise": None,
    }
    messages = [SCHEMA, schema({"x": "string"}, ["x"], "noise"), *ROWS, record({"x": "y"}, "noise")]
    streams = {"people": {"list_api_name": "people"}}
    tenant.run(messages, stream_maps=maps, streams=streams, **CREATE).succeeded()
    assert set(tenant.lists()) == {"people"}
    assert len(tenant.rows("ID", list_api_name="people")) == 2
    (load,) = tenant.writes("list_load")
    assert sorted(load["fields"]) == ["NAME_OF", "NUMBER"]
    assert load["key_fields"] == ["NUMBER"]


def test_dates_that_stream_maps_make_are_loaded(tenant: Tenant) -> None:
    """A date-time that an expression computes leaves as one."""
    maps = {"customers": {"moment": "datetime.datetime(2026, 5, 1, 10, 15)", "__else__": None, "key": "key"}}
    messages = [schema({"key": "string"}), record({"key": "a"})]
    tenant.run(messages, stream_maps=maps, **CREATE).succeeded()
    ((moment,),) = tenant.rows("MOMENT")
    assert moment.startswith("2026-05-01T10:15:00")


def test_flattening(tenant: Tenant) -> None:
    """Flattening turns objects into fields of their own, as deep as asked for."""
    described = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "geo": {"type": "object", "properties": {"lat": {"type": "number"}}},
        },
    }
    messages = [schema({"key": "string", "address": described})]
    messages.append(record({"key": "a", "address": {"city": "Gent", "geo": {"lat": 51.05}}}))
    tenant.run(messages, flattening_enabled=True, flattening_max_depth=1, **CREATE).succeeded()
    assert set(tenant.fields()) == {"KEY", "ADDRESS__CITY", "ADDRESS__GEO"}
    assert tenant.rows("ADDRESS__CITY", "ADDRESS__GEO") == [["Gent", '{"lat":51.05}']] or (
        tenant.rows("ADDRESS__CITY", "ADDRESS__GEO") == [["Gent", '{"lat": 51.05}']]
    )


def test_metadata_columns(tenant: Tenant) -> None:
    """add_record_metadata adds the SDK's `_sdc_` columns as fields, filled in each record."""
    messages = [schema({"key": "string"}), record({"key": "a"})]
    tenant.run(messages, add_record_metadata=True, **CREATE).succeeded()
    fields = tenant.fields()
    assert fields["_SDC_BATCHED_AT"] == "DateTime"
    assert fields["_SDC_SEQUENCE"] == "Long"
    ((batched, sequence),) = tenant.rows("_SDC_BATCHED_AT", "_SDC_SEQUENCE")
    assert batched.endswith("Z")
    assert sequence > 0


def test_metadata_columns_are_not_added_unasked(tenant: Tenant) -> None:
    """Without the setting there are no `_sdc_` fields, also where the tap sends metadata with each record."""
    message = {**record({"key": "a"}), "time_extracted": "2026-05-01T10:15:00Z", "version": 1}
    tenant.run([schema({"key": "string"}), message], **CREATE).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)"}


@pytest.mark.parametrize(("validate", "wanted"), [(True, [["b"]]), (False, [["a"], ["b"]])], ids=["on", "off"])
def test_validation_can_be_switched_off(tenant: Tenant, validate: bool, wanted: list[list[str]]) -> None:  # noqa: FBT001 - a case
    """validate_records false lets through what the schema forbids but Selligent takes."""
    described = {"type": "string", "pattern": "^x"}
    rows = records("key value", ("a", "y"), ("b", "x"))
    messages = [schema({"key": "string", "value": described}), *rows]
    tenant.run(messages, validate_records=validate, **CREATE).succeeded()
    assert tenant.rows("KEY") == wanted


def test_records_are_rejected_alike_on_the_sdks_path(tenant: Tenant) -> None:
    """Records that come through stream maps are checked, numbered and named like others."""
    maps = {"customers": {"more": "value"}}
    rows = records("key value", ("a", 1), (None, 2), ("c", 2**63), ("d", 4))
    run = tenant.run([SCHEMA, *rows, state({"a": 1})], stream_maps=maps, **CREATE).succeeded()
    assert tenant.rows("KEY", "MORE") == [["a", 1], ["d", 4]]
    rejected = [line for line in run.log if line.startswith("Rejected record")]
    assert [line.split()[2] for line in rejected] == ["2", "3"]


@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"customers": {"more": "value"}}}], ids=["plain", "mapped"])
@pytest.mark.parametrize("option", ["InsertAndUpdate", "OnlyInsert"])
def test_each_record_is_counted_once(tenant: Tenant, maps: dict[str, Any], option: str) -> None:
    """The SDK's metric `record_count` is the number of RECORDs, whichever way they go and whatever became of them."""
    rows = records("key value", ("a", 1), (None, 2), ("c", 3), ("c", 4), ("d", 2**63))
    run = tenant.run([SCHEMA, *rows], list_data_import_option=option, **maps, **CREATE).succeeded()
    points = [json.loads(line.partition("METRIC: ")[2]) for line in run.log if line.startswith("METRIC: ")]
    assert sum(point["value"] for point in points if point["metric"] == "record_count") == len(rows)


def test_both_paths_send_the_same(tenant: Tenant) -> None:
    """A stream map that changes nothing makes the same requests and the same records as none."""
    columns = {
        "key": "string",
        "whole": "integer",
        "number": "number",
        "flag": "boolean",
        "thing": "object",
        "moment": {"type": ["string", "null"], "format": "date-time"},
        "day": {"type": ["string", "null"], "format": "date"},
        "seg": {"type": ["array", "null"], "items": {"type": "string"}},
    }
    rows = records(
        " ".join(columns),
        ("a", 2**60 + 1, 0.1, True, {"ä": [1]}, "2026-05-01T10:15:00+02:00", "2026-05-01", ["s"]),
        ("b", None, None, None, None, None, None, ["s", "t"]),
        ("c", 0, 1, False, {}, "2026-05-01", "2024-02-29", ["t"]),
    )
    messages = [schema(columns), *rows, record({"key": "d", "seg": ["s"]}), state({"a": 1})]
    seen = []
    paths: dict[str, dict[str, Any]] = {"plain": {}, "mapped": {"stream_maps": {"customers": {"key": "key"}}}}
    for name, maps in paths.items():
        tenant.run(messages, list_api_name=name, segment_column="seg", **maps, **CREATE).succeeded()
        writes = tenant.writes("list_load") + tenant.writes("segment_load")
        rows_by_name = [
            (write["segment"], [dict(zip(write["fields"], row, strict=True)) for row in write["values"]])
            for write in writes
        ]
        seen.append((rows_by_name, tenant.fields(name)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("maps", "fault"),
    [
        ({"value": "int(value)"}, "ValueError"),
        ({"__filter__": "int(value) > 0"}, "ValueError"),
        ({"value": "str(record['more'])"}, "KeyError"),
    ],
    ids=["expression", "filter", "lacking column"],
)
def test_a_record_on_which_a_stream_map_fails_is_rejected(tenant: Tenant, maps: dict[str, str], fault: str) -> None:
    """It is rejected alone, without its values in the log; the others are loaded."""
    rows = [record({"key": key, "value": key, "more": "m"}) for key in ("1", "2")]
    wrong = record({"key": "secret-name", "value": "secret-name"})
    messages = [
        schema({"key": "string", "value": "string", "more": "string"}),
        rows[0],
        wrong,
        rows[1],
        state({"a": 1}),
    ]
    run = tenant.run(messages, create_list_if_not_exists=True, stream_maps={"customers": maps}).succeeded()
    assert tenant.rows("KEY") == [["1"], ["2"]]
    assert f"Rejected record 2 of stream customers: a stream map fails on it: {fault}" in run.stderr
    assert "List contacts: 3 read, 2 sent" in run.stderr
    assert "secret-name" not in run.stderr
    assert run.states == [{"a": 1}]


def test_decimals_in_stream_maps_need_float(tenant: Tenant) -> None:
    """A number with more digits than a float holds is a Decimal, which Python cannot multiply by a float."""
    line = b'{"type": "RECORD", "stream": "customers", "record": {"key": "a", "amount": 1234567890.1234567891}}'
    messages = encode([schema({"key": "string", "amount": "number"})]) + line

    maps = {"customers": {"more": "float(amount) * 1.5"}}
    tenant.run(messages, create_list_if_not_exists=True, stream_maps=maps).succeeded()
    assert tenant.rows("MORE") == [[1234567890.1234567891 * 1.5]]

    maps = {"customers": {"more": "amount * 1.5"}}
    run = tenant.run(messages, create_list_if_not_exists=True, stream_maps=maps)
    assert "a stream map fails on it: TypeError" in run.stderr


def test_a_stream_map_that_always_fails_fails_the_run(tenant: Tenant) -> None:
    """A misspelt column in an expression is named in one line, and no STATE is printed."""
    messages = [schema({"key": "string", "value": "string"}), record({"key": "a", "value": "b"}), state({"a": 1})]
    run = tenant.run(messages, create_list_if_not_exists=True, stream_maps={"customers": {"value": "valeu.lower()"}})
    assert "could be loaded, most often for a stream map fails on it" in run.error_line()
    assert "valeu.lower()" in run.error_line()
    assert run.states == []

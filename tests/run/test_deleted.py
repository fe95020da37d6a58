"""Records that the source marks as deleted: never loaded, counted and said, on every path; STATE moves past them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

MOMENT = "2026-05-01T10:15:00Z"
MARKED: dict[str, Any] = {"key": "string", "value": "integer", "_sdc_deleted_at": {"type": ["null", "string"]}}
UNMARKED: dict[str, Any] = {"key": "string", "value": "integer"}
PATHS: dict[str, dict[str, Any]] = {
    "decoded": {},
    "a map that changes nothing": {"stream_maps": {"*": {}}},
    "a map that leaves the mark out": {"stream_maps": {"customers": {"__else__": None, "key": "key"}}},
    "a map that removes the mark": {"stream_maps": {"customers": {"_sdc_deleted_at": None}}},
    "a map that deleted records would break": {"stream_maps": {"customers": {"value": "int(value) + 0"}}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 1},
    "metadata": {"add_record_metadata": True},
    "mapped": {"field_mapping": {"_sdc_deleted_at": "GONE"}},
    "not validated": {"validate_records": False},
}


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("columns", [MARKED, UNMARKED], ids=["in the schema", "not in the schema"])
def test_a_deleted_record_is_never_loaded(tenant: Tenant, columns: dict[str, Any], more: dict[str, Any]) -> None:
    """A record with a value in `_sdc_deleted_at` is not sent but counted, said once, and STATE moves past it."""
    if "field_mapping" in more and columns is UNMARKED:
        more = {}
    messages = [
        schema(columns),
        record({"key": "a", "value": 1}),
        record({"key": "b", "value": 2, "_sdc_deleted_at": None}),
        record({"key": "gone", "_sdc_deleted_at": MOMENT}),
        record({"key": "gone too", "value": "against its schema", "_sdc_deleted_at": MOMENT}),
        record({"key": None, "value": 3, "_sdc_deleted_at": MOMENT}),
        record({"value": 4, "_sdc_deleted_at": MOMENT}),
        state({"position": 6}),
    ]
    run = tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("KEY") == [["a"], ["b"]]
    assert run.states == [{"position": 6}]
    (summary,) = (line for line in run.log if line.startswith("List contacts: ") and " read, " in line)
    assert summary.startswith("List contacts: 6 read, 2 sent, 2 inserted")
    assert summary.endswith("0 rejected before sending, 4 deleted")
    assert len([line for line in run.log if "_sdc_deleted_at" in line]) == 1
    assert "gone" not in run.stderr


@pytest.mark.parametrize("more", [{}, {"stream_maps": {"*": {}}}, {"validate_records": False}], ids=str)
def test_a_mark_in_capitals_counts(tenant: Tenant, more: dict[str, Any]) -> None:
    """Snowflake gives the columns of a copied table in capitals: the mark counts, metadata makes no fields."""
    columns = {"KEY": "string", "_SDC_DELETED_AT": "string", "_SDC_BATCHED_AT": "string"}
    rows = [("a", None), ("b", MOMENT), ("c", None), ("d", MOMENT), ("e", "")]
    messages = [schema(columns, ["KEY"]), *records("KEY _SDC_DELETED_AT", *rows), state({"a": 1})]
    messages[0]["schema"]["additionalProperties"] = False
    run = tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("KEY") == [["a"], ["c"], ["e"]]
    assert set(tenant.fields()) == {"KEY"}
    assert "2 deleted" in run.stderr


def test_only_deleted_records(tenant: Tenant) -> None:
    """A run of nothing but deletions loads nothing, counts them and prints its STATE."""
    gone = [record({"key": str(number), "_sdc_deleted_at": MOMENT}) for number in range(5)]
    run = tenant.run([schema(MARKED), *gone, state({"a": 1})], create_list_if_not_exists=True).succeeded()
    assert not tenant.writes("list_load")
    assert run.states == [{"a": 1}]
    assert "5 deleted" in run.stderr


@pytest.mark.parametrize("value", ["", " "], ids=["empty", "blank"])
@pytest.mark.parametrize("more", [{}, {"stream_maps": {"*": {}}}], ids=["decoded", "mapped"])
def test_blank_text_is_no_deletion(tenant: Tenant, value: str, more: dict[str, Any]) -> None:
    """Taps of text files write nothing as empty text: such a record is alive."""
    messages = [schema(MARKED), record({"key": "a", "_sdc_deleted_at": value}), record({"key": "b"})]
    tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("KEY") == [["a"], ["b"]]


@pytest.mark.parametrize("value", [False, 0, 1777630500, {}], ids=str)
def test_any_other_value_is_a_deletion(tenant: Tenant, value: Any) -> None:
    """Whatever else stands there, a record that may be deleted is not brought back."""
    messages = [schema(UNMARKED), record({"key": "a", "_sdc_deleted_at": value}), record({"key": "b"})]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [["b"]]


@pytest.mark.parametrize("more", [{}, {"stream_maps": {"*": {}}}], ids=["decoded", "mapped"])
def test_a_key_that_comes_again(tenant: Tenant, more: dict[str, Any]) -> None:
    """What came before a deletion is loaded as it came, and so is what comes after it."""
    messages = [
        schema(MARKED),
        record({"key": "a", "value": 1}),
        record({"key": "a", "_sdc_deleted_at": MOMENT}),
        record({"key": "b", "_sdc_deleted_at": MOMENT}),
        record({"key": "b", "value": 2}),
    ]
    tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("KEY", "VALUE") == [["a", 1], ["b", 2]]


HOLD: dict[str, Any] = {"list_data_import_option": "OnlyInsert", "create_list_if_not_exists": True}
HOLD_PATHS: dict[str, dict[str, Any]] = {
    "decoded": {},
    "mapped": {"stream_maps": {"*": {}}},
    "filtered": {"stream_maps": {"customers": {"__filter__": "record.get('value')"}}},
    "a map that deleted records break": {"stream_maps": {"customers": {"value": "int(value) + 0"}}},
}


@pytest.mark.parametrize("more", HOLD_PATHS.values(), ids=HOLD_PATHS)
def test_a_deletion_is_the_last_word_on_a_key(tenant: Tenant, more: dict[str, Any]) -> None:
    """Where records are held until the last of each key is known, one that is deleted after all is not inserted."""
    messages = [
        schema({**MARKED, "seg": "string"}),
        record({"key": "a", "value": 1, "seg": "vip"}),
        record({"key": "b", "value": 2, "seg": "vip"}),
        record({"key": "a", "_sdc_deleted_at": MOMENT}),
        record({"key": "b", "_sdc_deleted_at": MOMENT}),
        record({"key": "b", "value": 3, "seg": "std"}),
        record({"key": "c", "value": 4, "seg": "std"}),
        state({"a": 1}),
    ]
    settings = {**HOLD, "segment_column": "seg", "create_segment_if_not_exists": True, **more}
    run = tenant.run(messages, **settings).succeeded()
    assert tenant.rows("KEY", "VALUE") == [["b", 3], ["c", 4]]
    assert tenant.segments() == {"std": "Static"}
    assert tenant.members("std", "KEY") == ["b", "c"]
    assert run.states == [{"a": 1}]
    (summary,) = (line for line in run.log if line.startswith("List contacts: ") and " read, " in line)
    assert summary.startswith("List contacts: 6 read, 2 sent, 2 inserted, 0 updated, 2 duplicates")
    assert summary.endswith("0 rejected before sending, 2 deleted")


def test_a_deletion_whose_key_cannot_be_read_is_rejected_where_records_are_held(tenant: Tenant) -> None:
    """There it could leave an earlier record to be inserted, which must be seen."""
    messages = [schema(MARKED), record({"key": "a", "value": 1}), record({"key": None, "_sdc_deleted_at": MOMENT})]
    run = tenant.run(messages, **HOLD).succeeded()
    assert "Rejected record 2 of stream customers, field key" in run.stderr
    assert tenant.rows("KEY") == [["a"]]


TAPS_OWN = {
    "_sdc_extracted_at": {"type": ["null", "string"], "format": "date-time"},
    "_sdc_lsn": {"type": ["null", "integer"]},
    "_sdc_source_file": {"type": ["null", "string"]},
}


@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"*": {}}}], ids=["decoded", "mapped"])
@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, set()),
        ({"field_mapping": {"_sdc_lsn": "LSN", "_sdc_extracted_at": "EXTRACTED"}}, {"LSN", "EXTRACTED"}),
        ({"field_mapping": {"_sdc_lsn": None}}, set()),
    ],
    ids=["none", "two", "one that is left out"],
)
def test_metadata_of_the_tap_is_no_field_unless_it_is_named(
    tenant: Tenant, more: dict[str, Any], wanted: set[str], maps: dict[str, Any]
) -> None:
    """Columns `_sdc_...` of a tap become fields only where field_mapping names them."""
    values = ("a", "2026-05-01T10:15:00Z", 7, "x.csv")
    messages = [schema({"key": "string", **TAPS_OWN}), *records("key " + " ".join(TAPS_OWN), values)]
    messages[0]["schema"]["required"] = ["key", "_sdc_source_file"]
    run = tenant.run(messages, create_list_if_not_exists=True, **more, **maps).succeeded()
    assert set(tenant.fields()) == {"KEY", *wanted}
    if wanted:
        assert tenant.rows("KEY", "LSN", "EXTRACTED") == [["a", 7, "2026-05-01T10:15:00Z"]]
    assert "not in its schema" not in run.stderr


def test_metadata_of_the_tap_is_sent_beside_the_sdks(tenant: Tenant) -> None:
    """With add_record_metadata, all `_sdc_...` columns are fields."""
    messages = [schema({"key": "string", **TAPS_OWN}), record({"key": "a", "_sdc_lsn": 7})]
    tenant.run(messages, create_list_if_not_exists=True, add_record_metadata=True).succeeded()
    assert tenant.rows("_SDC_LSN") == [[7]]
    assert {"_SDC_LSN", "_SDC_SOURCE_FILE", "_SDC_BATCHED_AT"} <= set(tenant.fields())


def test_a_key_of_metadata_must_be_named(tenant: Tenant) -> None:
    """A key property that is metadata needs a field: the error names the setting."""
    messages = [schema({"name": "string", "_sdc_row": "integer"}, ["_sdc_row"]), record({"name": "a", "_sdc_row": 1})]
    error_line = tenant.run(messages, create_list_if_not_exists=True).error_line()
    assert '"field_mapping": {"_sdc_row": "SDC_ROW"}' in error_line
    run = tenant.run(messages, create_list_if_not_exists=True, field_mapping={"_sdc_row": "SDC_ROW"})
    run.succeeded()
    assert tenant.rows("SDC_ROW", "NAME") == [[1, "a"]]


@pytest.mark.parametrize(("setting", "keys"), [("leave_segments", ["a", "b"]), ("delete", ["b"])])
def test_a_deleted_record_whose_key_a_map_makes(tenant: Tenant, setting: str, keys: list[str]) -> None:
    """It leaves by the key that its other records have."""
    tenant.create_list(KEY="Text(10)")
    tenant.load_rows("KEY", [["a"], ["b"]])
    tenant.create_segment("vip")
    tenant.add_members("vip", "KEY", ["a", "b"])
    maps = {"customers": {"key": "id.lower()", "id": None, "__key_properties__": ["key"]}}
    deleted = record({"id": "A", "_sdc_deleted_at": "2026-01-01"})
    content = [schema({"id": "string"}, ["id"]), record({"id": "B"}), deleted]
    tenant.run(content, stream_maps=maps, segment="vip", deleted_records=setting).succeeded()
    assert tenant.members("vip", "KEY") == ["b"]
    assert [key for (key,) in tenant.rows("KEY")] == keys

"""Which records have the same key: as the tenant's tables compare them, and of the same key fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import records, schema

if TYPE_CHECKING:
    from tests.support import Tenant

FIRST: dict[str, Any] = {"deduplication": "ImportFirstMatch"}
ALIKE = [("Bob@x", "bob@x"), ("bob@x", "bob@x  "), ("ÉVA", "éva")]
NAMES = ["case", "trailing blanks", "accents"]
CREATE: dict[str, Any] = {"create_list_if_not_exists": True}


@pytest.mark.parametrize("spellings", ALIKE, ids=NAMES)
def test_order_is_kept_between_spellings_of_a_key(tenant: Tenant, spellings: tuple[str, str]) -> None:
    """A later record in another kind and another spelling arrives later: its value stands."""
    first, second = spellings
    messages = [
        schema({"key": "string", "one": "integer", "two": "integer"}),
        *records("key one", (first, 1)),
        *records("key one two", (second, 2, 2)),
        *records("key one", (first, 3), ("other", 4)),
    ]
    tenant.run(messages, **CREATE).succeeded()
    assert sorted(tenant.rows("ONE", "TWO", "KEY")) == [[3, 2, first], [4, None, "other"]]


@pytest.mark.parametrize("comparison", ["ignore_case", "exact"])
@pytest.mark.parametrize("spellings", ALIKE, ids=NAMES)
def test_loads_of_one_key_in_two_spellings_never_overlap(
    tenant: Tenant, spellings: tuple[str, str], comparison: str
) -> None:
    """Loads that may run side by side wait for those of a key in another spelling: none meets a busy List."""
    tenant.set_options(bulk_latency_ms=50)
    tenant.create_list(KEY="Text(10)", VALUE="Long")
    rows = records("key value", *((spellings[number % 2], number) for number in range(6)))
    tenant.run(
        [schema({"key": "string", "value": "integer"}), *rows],
        max_parallel_requests_per_list=4,
        batch_size_rows=1,
        key_comparison=comparison,
    ).succeeded()
    assert tenant.rows("VALUE") == [[5]]
    assert tenant.outcomes() == {"answered"}


@pytest.mark.parametrize(("comparison", "wanted"), [("ignore_case", [1, 3]), ("exact", [1, 2, 3])])
@pytest.mark.parametrize("batch_size_rows", [1, 10])
@pytest.mark.parametrize("spellings", ALIKE, ids=NAMES)
def test_the_first_record_of_a_key_is_found_in_any_spelling(
    tenant: Tenant, spellings: tuple[str, str], batch_size_rows: int, comparison: str, wanted: list[int]
) -> None:
    """Spellings are one key, and the first record of it wins; or several, where the tenant tells them apart."""
    tenant.set_options(case_insensitive_keys=comparison == "ignore_case")
    rows = records("key value", (spellings[0], 1), (spellings[1], 2), ("c", 3))
    messages = [schema({"key": "string", "value": "integer"}), *rows]
    run = tenant.run(messages, **FIRST, **CREATE, batch_size_rows=batch_size_rows, key_comparison=comparison)
    run.succeeded()
    assert sorted(value for (value,) in tenant.rows("VALUE")) == wanted
    assert f"{3 - len(wanted)} duplicates" in run.stderr


@pytest.mark.parametrize(("comparison", "wanted"), [("ignore_case", [2, 3]), ("exact", [1, 2, 3])])
def test_the_last_record_of_a_key_is_found_in_any_spelling(tenant: Tenant, comparison: str, wanted: list[int]) -> None:
    """The same holds for the last record of a key where records are only inserted."""
    tenant.set_options(case_insensitive_keys=comparison == "ignore_case")
    rows = records("key value", ("Bob@x", 1), ("bob@x ", 2), ("c", 3))
    messages = [schema({"key": "string", "value": "integer"}), *rows]
    tenant.run(messages, **CREATE, list_data_import_option="OnlyInsert", key_comparison=comparison).succeeded()
    assert sorted(value for (value,) in tenant.rows("VALUE")) == wanted


NUMBER, MOMENT, DAY = (
    {"type": "number"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "date"},
)
EQUAL: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "numbers": ("Float", NUMBER, [1, 1.0]),
    "large numbers": ("Float", NUMBER, [2**53, float(2**53)]),
    "fractions": ("DateTime", MOMENT, ["2024-01-01T10:00:00.5Z", "2024-01-01T10:00:00.500Z"]),
    "no fraction": ("DateTime", MOMENT, ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.0Z"]),
    "zones": ("DateTime", MOMENT, ["2024-01-01T10:00:00Z", "2024-01-01T12:00:00+02:00"]),
    "days": ("Date", DAY, ["2024-01-01", "2024-01-01T00:00:00Z"]),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_values_are_one_key(tenant: Tenant, case: str) -> None:
    """Numbers that are equal and date-times that are one instant are one key, however they are written."""
    kind, described, values = EQUAL[case]
    tenant.create_list(KEY=kind, VALUE="Long", MORE="Long")
    messages = [
        schema({"key": described, "value": "integer", "more": "integer"}),
        *records("key value", (values[0], 1)),
        *records("key value more", (values[1], 2, 2)),
    ]
    tenant.run(messages, **FIRST).succeeded()
    assert tenant.rows("VALUE", "MORE") == [[1, None]]
    tenant.run(messages).succeeded()
    assert tenant.rows("VALUE", "MORE") == [[2, 2]]


def test_text_that_looks_like_a_date_time_is_text(tenant: Tenant) -> None:
    """Keys of a Text field are compared as text, though they look like one instant or one number."""
    keys = ["2024-01-01T10:00:00.5Z", "2024-01-01T10:00:00.50Z", "1", "1.0"]
    rows = records("key value", *((key, number) for number, key in enumerate(keys)))
    tenant.run([schema({"key": "string", "value": "integer"}), *rows], **FIRST, **CREATE).succeeded()
    assert len(tenant.rows("KEY")) == 4


TWO_STREAMS = {"by_id": {"key_fields": "ID_NO"}, "by_mail": {"key_fields": "MAIL_ADDRESS"}}
COLUMNS = {"id_no": "string", "mail_address": "string", "value": "integer"}


@pytest.mark.parametrize("options", [{}, FIRST, {"list_data_import_option": "OnlyInsert"}], ids=["", "first", "insert"])
def test_equal_values_of_different_key_fields_are_different_keys(tenant: Tenant, options: dict[str, Any]) -> None:
    """Two streams to one List that find records by different fields: a value that both have is two keys."""
    tenant.create_list(ID_NO="Text(10)", MAIL_ADDRESS="Text(10)", VALUE="Long")
    messages = [
        schema(COLUMNS, stream="by_id"),
        schema(COLUMNS, stream="by_mail"),
        *records("id_no mail_address value", ("a", "x", 1), stream="by_id"),
        *records("id_no mail_address value", ("b", "a", 2), stream="by_mail"),
    ]
    tenant.run(messages, streams=TWO_STREAMS, **options).succeeded()
    assert tenant.rows("ID_NO", "MAIL_ADDRESS", "VALUE") == [["a", "x", 1], ["b", "a", 2]]


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("option", ["InsertAndUpdate", "OnlyInsert"])
def test_records_found_by_different_fields_keep_their_order(tenant: Tenant, option: str, parallel: int) -> None:
    """A stream that finds people by mail address follows the one that made them by number, however they take turns."""
    tenant.set_options(parallel_bulk=True, bulk_latency_ms=20)
    tenant.create_list(ID_NO="Text(10)", MAIL_ADDRESS="Text(10)", VALUE="Long")
    messages = [schema(COLUMNS, stream="by_id"), schema(COLUMNS, stream="by_mail")]
    for number in range(3):
        messages += records("id_no mail_address value", (f"i{number}", f"m{number}", 1), stream="by_id")
        messages += records("mail_address value", (f"m{number}", 2), stream="by_mail")
    messages += records("id_no mail_address value", ("i0", "m0", 3), stream="by_id")
    tenant.run(
        messages, streams=TWO_STREAMS, list_data_import_option=option, max_parallel_requests_per_list=parallel
    ).succeeded()
    values = [3, 2, 2] if option == "InsertAndUpdate" else [3, 1, 1]
    assert tenant.rows("ID_NO", "MAIL_ADDRESS", "VALUE") == [
        [f"i{number}", f"m{number}", value] for number, value in enumerate(values)
    ]


def test_the_order_of_key_fields_makes_no_other_key(tenant: Tenant) -> None:
    """Keys of the same fields named in another order are the same keys."""
    tenant.create_list(ONE="Text(10)", TWO="Text(10)", VALUE="Long")
    streams = {"first": {"key_fields": "ONE,TWO"}, "second": {"key_fields": "TWO,ONE"}}
    columns = {"one": "string", "two": "string", "value": "integer"}
    messages = [
        *(schema(columns, stream=stream) for stream in streams),
        *records("one two value", ("a", "b", 1), stream="first"),
        *records("one two value", ("a", "b", 2), ("b", "a", 3), stream="second"),
    ]
    tenant.run(messages, streams=streams, **FIRST).succeeded()
    assert sorted(tenant.rows("ONE", "TWO", "VALUE")) == [["a", "b", 1], ["b", "a", 3]]


def test_a_deleted_record_takes_back_its_key_in_any_spelling(tenant: Tenant) -> None:
    """A record that is held until the end is taken back by a deletion that spells its key in another way."""
    rows = [
        *records("key value", ("Bob", 1), ("c", 2)),
        *records("key _sdc_deleted_at", ("bob ", "2024-01-01T00:00:00Z")),
    ]
    messages = [schema({"key": "string", "value": "integer", "_sdc_deleted_at": "string"}), *rows]
    tenant.run(messages, **CREATE, list_data_import_option="OnlyInsert").succeeded()
    assert tenant.rows("KEY", "VALUE") == [["c", 2]]

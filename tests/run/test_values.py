"""Values arrive as they were, or the record is rejected; nothing is rounded, shifted or erased on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

TEXTS = [
    "",
    " leading and trailing ",
    "0",
    "null",
    "Zoë Søren 李 Ωμέγα עברית",
    "👩‍👩‍👧 🇩🇪 \U0001f600",
    "e\u0301 is not \u00e9",
    "quotes ' \" ` \\ / and commas, ;",
    "line\nbreaks\r\nand\ttabs",
    "nul \u0000 and control \u001b",
    "<b>&amp;</b>",
    '[1, {"a": null}]',
]
DATE_TIMES = {
    "2026-05-01 10:15:00": "2026-05-01T10:15:00Z",
    "2026-05-01T10:15:00Z": "2026-05-01T10:15:00Z",
    "2026-05-01T10:15:00+02:00": "2026-05-01T08:15:00Z",
    "2026-12-31T23:30:00-05:30": "2027-01-01T05:00:00Z",
    "2024-02-29T12:00:00+00:00": "2024-02-29T12:00:00Z",
    "2018-03-27T11:57:20.1179032Z": "2018-03-27T11:57:20.1179032Z",
    "2026-05-01T10:15:00.123456+02:00": "2026-05-01T08:15:00.123456Z",
    "2026-05-01": "2026-05-01T00:00:00Z",
}


def test_text_arrives_as_it_was(tenant: Tenant) -> None:
    """Unicode, emoji, quotes, newlines, control characters and blanks arrive unchanged."""
    tenant.create_list(KEY="Long", TEXT="Text(100)", LONG_TEXT="LongText")
    rows = records("key text long_text", *((number, text, text * 50) for number, text in enumerate(TEXTS)))
    tenant.run([schema({"key": "integer", "text": "string", "long_text": "string"}), *rows]).succeeded()
    assert tenant.rows("TEXT") == [[text] for text in TEXTS]
    assert tenant.rows("LONG_TEXT") == [[text * 50] for text in TEXTS]


def test_values_that_look_like_nothing_arrive(tenant: Tenant) -> None:
    """0, the empty text, false and null arrive as themselves."""
    columns = {"key": "integer", "number": "number", "whole": "integer", "text": "string", "flag": "boolean"}
    messages = [schema(columns), *records(" ".join(columns), (1, 0.0, 0, "", False), (2, None, None, None, None))]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert tenant.rows("NUMBER", "WHOLE", "TEXT", "FLAG") == [[0.0, 0, "", False], [None, None, None, None]]


def test_null_erases_what_the_list_holds(tenant: Tenant) -> None:
    """A column that is there and null is sent as null; that is what the tap said."""
    tenant.create_list(KEY="Text(10)", TEXT="Text(10)")
    tenant.load_rows("KEY,TEXT", [["a", "old"]])
    tenant.run([schema({"key": "string", "text": "string"}), record({"key": "a", "text": None})]).succeeded()
    assert tenant.rows("KEY", "TEXT") == [["a", None]]


def test_a_column_that_a_record_lacks_is_left_alone(tenant: Tenant) -> None:
    """Records without a column do not touch what the List holds there, in whatever order they come."""
    tenant.create_list(KEY="Text(10)", ONE="Text(10)", TWO="Text(10)")
    tenant.load_rows("KEY,ONE,TWO", [["a", "1", "2"], ["b", "1", "2"]])
    messages = [
        schema({"key": "string", "one": "string", "two": "string"}),
        record({"key": "a", "one": "x"}),
        record({"key": "b", "two": "y", "one": "z"}),
        record({"key": "a", "two": "w"}),
        record({"key": "b"}),
        record({"key": "c", "one": None}),
    ]
    tenant.run(messages).succeeded()
    assert tenant.rows("KEY", "ONE", "TWO") == [["a", "x", "w"], ["b", "z", "y"], ["c", None, None]]


def test_integers_stay_exact(tenant: Tenant) -> None:
    """Integers of 64 bits arrive exactly, beyond that the record is rejected and named, never rounded."""
    exact = [2**53 + 1, 2**63 - 1, -(2**63), 0, -1]
    beyond = [2**63, -(2**63) - 1, 10**30]
    rows = records("key", *((number,) for number in exact + beyond))
    run = tenant.run([schema({"key": "integer"}), *rows], create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [[number] for number in exact]
    assert run.stderr.count("the integer does not fit 64 bits") == len(beyond)
    assert not any(str(number) in run.stderr for number in beyond)


def test_integers_beyond_64_bits_are_rounded_by_float_fields_only(tenant: Tenant) -> None:
    """Json and Text fields get all their digits."""
    tenant.create_list(KEY="Text(10)", NUMBER="Float", THING="Json", AS_TEXT="Text(100)")
    columns = {"key": "string", "number": "number", "thing": "object", "as_text": "integer"}
    rows = records(
        " ".join(columns),
        ("a", 10**30, {"deep": [10**30 + 1]}, 10**30 + 1),
        ("b", 2**53 + 1, {"deep": [2**53 + 1]}, 2**53 + 1),
    )
    tenant.run([schema(columns), *rows]).succeeded()
    assert tenant.rows("KEY", "THING", "AS_TEXT") == [
        [key, f'{{"deep":[{number}]}}', str(number)] for key, number in (("a", 10**30 + 1), ("b", 2**53 + 1))
    ]
    sent = {row[0]: row[1] for load in tenant.writes("list_load") for row in load["values"]}
    assert sent == {"a": 1e30, "b": 2**53 + 1}


def test_date_times_keep_their_instant(tenant: Tenant) -> None:
    """A date-time of any zone leaves as ISO 8601 in UTC; what has no zone is UTC already."""
    messages = [
        schema({"key": "integer", "moment": {"type": "string", "format": "date-time"}}),
        *records("key moment", *enumerate(DATE_TIMES)),
    ]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert [moment for (moment,) in tenant.rows("MOMENT")] == list(DATE_TIMES.values())


@pytest.mark.parametrize(
    ("described", "value"),
    [
        ({"type": "string", "format": "date-time"}, "yesterday"),
        ({"type": "string", "format": "date-time"}, "2026-02-30T00:00:00Z"),
        ({"type": "string", "format": "date"}, "2026-02-30"),
        ({"type": "string", "format": "date"}, "2026-02-03T10:00:00Z"),
        ({"type": "integer"}, 1.5),
        ({"type": "string"}, 5),
        ({"type": "string", "maxLength": 2}, "abc"),
        ({"type": "boolean"}, "true"),
        ({"enum": ["x", "y"]}, "z"),
    ],
    ids=[
        "no date-time",
        "no such moment",
        "no such day",
        "a time in a date",
        "fraction",
        "type",
        "length",
        "yes",
        "enum",
    ],
)
def test_what_does_not_fit_is_rejected(tenant: Tenant, described: dict[str, Any], value: Any) -> None:
    """A value against its schema, or one that is no value of its type, rejects its record and no other."""
    messages = [schema({"key": "string", "value": described}), record({"key": "bad", "value": value})]
    run = tenant.run([*messages, record({"key": "good"}), state({"a": 1})], create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [["good"]]
    assert "Rejected record 1 of stream customers, field value: " in run.stderr
    assert run.states == [{"a": 1}]


def test_dates_and_times(tenant: Tenant) -> None:
    """Dates leave as dates and times of day as text."""
    columns = {
        "key": "integer",
        "day": {"type": ["string", "null"], "format": "date"},
        "hour": {"type": ["string", "null"], "format": "time"},
    }
    rows = records(
        "key day hour", (1, "2026-05-01", "10:15:00"), (2, "2024-02-29T00:00:00Z", "23:59:59.5"), (3, None, None)
    )
    tenant.run([schema(columns), *rows], create_list_if_not_exists=True).succeeded()
    wanted = [["2026-05-01", "10:15:00"], ["2024-02-29", "23:59:59.5"], [None, None]]
    assert tenant.rows("DAY", "HOUR") == wanted


def test_numbers_and_booleans_keep_their_value(tenant: Tenant) -> None:
    """Floats arrive as the same double, a whole float is an integer to an integer column, booleans stay booleans."""
    floats = [0.1, 1e-7, 1.7976931348623157e307, -0.5, 3]
    messages = [
        schema({"key": "integer", "number": "number", "flag": "boolean"}),
        *records("key number flag", *((key, number, key % 2 == 0) for key, number in enumerate(floats))),
        record({"key": 99.0, "number": 1, "flag": True}),
    ]
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert [number for (number,) in tenant.rows("NUMBER")] == [*floats, 1]
    assert [flag for (flag,) in tenant.rows("FLAG")] == [True, False, True, False, True, True]
    assert tenant.rows("KEY")[-1] == [99]


def test_objects_and_arrays_arrive_as_json(tenant: Tenant) -> None:
    """Objects and arrays are one Json field each, with their values as they were."""
    thing = {"ä": [1, 2.5, None, True, "x\n"], "nested": {"empty": {}}}
    messages = [schema({"key": "string", "thing": "object", "things": "array"})]
    messages.append(record({"key": "a", "thing": thing, "things": [thing, 3]}))
    tenant.run(messages, create_list_if_not_exists=True).succeeded()
    (row,) = tenant.rows("THING", "THINGS")
    compact = '{"ä":[1,2.5,null,true,"x\\n"],"nested":{"empty":{}}}'
    assert row == [compact, f"[{compact},3]"]


def test_a_text_field_of_the_list_takes_numbers_as_text(tenant: Tenant) -> None:
    """Where the List has a Text field, numbers and booleans leave as text; its types win over the schema's."""
    tenant.create_list(KEY="Text(20)", NUMBER="Text(20)", FLAG="LongText")
    columns = {"key": "integer", "number": "number", "flag": "boolean"}
    tenant.run([schema(columns), *records(" ".join(columns), (7, 0.5, False), (8, None, None))]).succeeded()
    assert tenant.rows("KEY", "NUMBER", "FLAG") == [["7", "0.5", "false"], ["8", None, None]]


@pytest.mark.parametrize("line", ['{"key": NaN}', '{"key": Infinity}', '{"key": 1e999}'], ids=["NaN", "inf", "1e999"])
def test_what_is_no_json_number_is_rejected(tenant: Tenant, line: str) -> None:
    """NaN and infinities, which lax taps print, reject their record; the others are loaded."""
    content = b"".join(
        [
            b'{"type": "SCHEMA", "stream": "s", "schema": {"properties": {"key": {"type": "number"}}}, ',
            b'"key_properties": ["key"]}\n{"type": "RECORD", "stream": "s", "record": ',
            line.encode(),
            b'}\n{"type": "RECORD", "stream": "s", "record": {"key": 1.5}}\n',
        ]
    )
    run = tenant.run(content, create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [["1.5"]]
    assert "Rejected record 1 of stream s" in run.stderr


def test_text_that_is_no_unicode_is_rejected(tenant: Tenant) -> None:
    """A lone surrogate cannot be sent: its record is rejected, also inside JSON; the others are loaded."""
    columns = {"key": "integer", "text": "string", "thing": "object"}
    messages = [
        b'{"type":"RECORD","stream":"customers","record":{"key":1,"text":"\\ud83d"}}\n',
        b'{"type":"RECORD","stream":"customers","record":{"key":2,"thing":{"a":"\\udc00"}}}\n',
        b'{"type":"RECORD","stream":"customers","record":{"key":3,"text":"\\ud83d\\ude00"}}\n',
    ]
    run = tenant.run(encode([schema(columns)]) + b"".join(messages), create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY", "TEXT") == [[3, "\U0001f600"]]
    assert len([line for line in run.log if line.startswith("Rejected record")]) == 2


@pytest.mark.parametrize("column", ["optout", "OPTOUT"])
def test_null_for_optout_is_rejected(tenant: Tenant, column: str) -> None:
    """A null there would subscribe somebody again: the record is rejected, what the List holds stays."""
    tenant.create_list(KEY="Text(10)", OPTOUT="Numeric")
    tenant.load_rows("KEY,OPTOUT", [["a", 1]])
    messages = [
        schema({"key": "string", column: "integer"}),
        *records(f"key {column}", ("a", None), ("b", 1), ("c", 0)),
        record({"key": "d"}),
    ]
    run = tenant.run(messages).succeeded()
    assert tenant.rows("KEY", "OPTOUT") == [["a", 1], ["b", 1], ["c", 0], ["d", None]]
    assert "OPTOUT would subscribe" in run.stderr


def test_null_for_a_column_mapped_to_optout_is_rejected(tenant: Tenant) -> None:
    """The rule goes by the field, not by the column's name."""
    tenant.create_list(KEY="Text(10)", OptOut="Numeric")
    messages = [schema({"key": "string", "gone": "integer"}), record({"key": "a", "gone": None})]
    error_line = tenant.run(messages, field_mapping={"gone": "OptOut"}).error_line()
    assert "field gone: null in OPTOUT would subscribe the person again" in error_line
    assert tenant.rows("KEY") == []


def test_columns_outside_the_schema_are_not_sent(tenant: Tenant) -> None:
    """A value that the schema does not know has no field: it is not sent, which is said once."""
    messages = [schema({"key": "string"}), *records("key more", ("a", 1), ("b", 2), ("c", 3))]
    run = tenant.run(messages, create_list_if_not_exists=True).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)"}
    assert len(tenant.rows("KEY")) == 3
    assert run.stderr.count("Column more of stream customers is not in its schema") == 1

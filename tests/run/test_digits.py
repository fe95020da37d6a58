"""Digits arrive as they came, or the record is rejected; two keys that differ are never one. On every path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import encode, record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

PATHS: dict[str, dict[str, Any]] = {"decoded": {}, "mapped": {"stream_maps": {"*": {}}}}
LONG_IDS = ["12345678901234567890", "12345678901234567891", "12345678901234567892"]
SCALE_0: dict[str, Any] = {"type": ["null", "number"], "multipleOf": 1}


def lines(described: dict[str, Any], *numbers: str, column: str = "key") -> bytes:
    """Return a SCHEMA and RECORDs whose numbers are written as given."""
    columns = {"key": {"type": "string"}, column: described}
    content = encode([schema(columns)])
    for index, number in enumerate(numbers):
        key = "" if column == "key" else f'"key": "{index}", '
        content += f'{{"type": "RECORD", "stream": "customers", "record": {{{key}"{column}": {number}}}}}\n'.encode()
    return content


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize(
    ("described", "field"),
    [
        ({**SCALE_0, "minimum": -(10**20), "maximum": 10**20}, "Text(22)"),
        ({"type": ["null", "number"]}, "Text(500)"),
        ({"type": "number", "multipleOf": 1e-38, "maximum": 10**62}, "Text(500)"),
    ],
    ids=["numeric(20,0)", "number", "numeric"],
)
def test_long_number_keys_stay_apart(
    tenant: Tenant, described: dict[str, Any], field: str, more: dict[str, Any]
) -> None:
    """Keys of 20 digits and of many decimals are as many records, and each is what it was."""
    fractions = [] if described.get("multipleOf") == 1 else ["0.1", "0.10000000000000000001"]
    content = lines(described, *LONG_IDS, *fractions) + encode([state({"a": 1})])
    run = tenant.run(content, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.fields() == {"KEY": field}
    assert tenant.rows("KEY") == [[number] for number in [*LONG_IDS, *fractions]]
    assert "Rejected" not in run.stderr


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
def test_whole_number_keys_are_long(tenant: Tenant, more: dict[str, Any]) -> None:
    """A number that says it is whole is Long; a fraction of zero changes nothing, another rejects the record."""
    content = lines(SCALE_0, "1", "9007199254740993", "9007199254740995.0", "2.50")
    run = tenant.run(content, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.fields() == {"KEY": "Long"}
    assert tenant.rows("KEY") == [[1], [9007199254740993], [9007199254740995]]
    assert "Rejected record 4" in run.stderr


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
def test_a_float_field_as_key_takes_what_a_double_holds(tenant: Tenant, more: dict[str, Any]) -> None:
    """Where the List's key is a Float field, numbers that a double cannot hold are rejected."""
    tenant.create_list(KEY="Float")
    content = lines({"type": "number"}, "0.1", "5", "0.10000000000000000001", "9007199254740993")
    run = tenant.run(content, **more).succeeded()
    assert tenant.rows("KEY") == [[0.1], [5]]
    assert "Rejected record 3" in run.stderr
    assert "Rejected record 4" in run.stderr


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("Text(60)", ["12345678901234567890123", "0.1234567890123456789"]),
        ("LongText", ["12345678901234567890123", "0.1234567890123456789"]),
        ("Json", ["12345678901234567890123", "0.1234567890123456789"]),
        ("Float", [12345678901234567890123.0, 0.12345678901234568]),
    ],
    ids=["Text", "LongText", "Json", "Float"],
)
def test_digits_beyond_a_double(tenant: Tenant, field: str, wanted: list[Any], more: dict[str, Any]) -> None:
    """They go unrounded into Text, LongText and Json fields; a Float field rounds them by its nature."""
    tenant.create_list(KEY="Text(10)", N=field)
    content = lines({"type": ["null", "number"]}, "12345678901234567890123", "0.1234567890123456789", column="n")
    tenant.run(content, **more).succeeded()
    assert [number for (number,) in tenant.rows("N")] == wanted


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
def test_digits_within_json(tenant: Tenant, more: dict[str, Any]) -> None:
    """Nested numbers keep their digits."""
    content = lines({"type": "object"}, '{"a": [12345678901234567890123, 0.1234567890123456789]}', column="n")
    tenant.run(content, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("N") == [['{"a":[12345678901234567890123,0.1234567890123456789]}']]


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
def test_text_for_fields_of_other_types(tenant: Tenant, more: dict[str, Any]) -> None:
    """Taps of text files send text: it is converted where that is exact, else the record is rejected."""
    types = {"N": "Long", "F": "Float", "B": "Boolean", "D": "Date", "T": "DateTime"}
    tenant.create_list(KEY="Text(10)", **types)
    rows = records(
        "key n f b d t",
        ("a", "42", "12.50", "True", "2024-02-29", "2024-02-29 10:15:00+02:00"),
        ("b", "007", "1", "true", "2024-02-29", "2024-02-29"),
        ("c", "1", "1,5", "true", "2024-02-29", "2024-02-29"),
        ("d", "1", "1", "yes", "2024-02-29", "2024-02-29"),
        ("e", "1", "1", "true", "29/02/2024", "2024-02-29"),
        ("f", "1", "1", "true", "2024-02-29", "soon"),
        ("g", None, None, None, None, None),
    )
    columns = dict.fromkeys(["key", "n", "f", "b", "d", "t"], "string")
    run = tenant.run([schema(columns), *rows], **more).succeeded()
    assert tenant.rows("KEY", *types) == [
        ["a", 42, 12.5, True, "2024-02-29", "2024-02-29T08:15:00Z"],
        ["g", None, None, None, None, None],
    ]
    assert len([line for line in run.log if line.startswith("Rejected record")]) == 5


def test_text_keys_of_a_number_field_have_one_spelling(tenant: Tenant) -> None:
    """Text keys that differ but are one number must not become one record."""
    tenant.create_list(KEY="Long")
    run = tenant.run([schema({"key": "string"}), *records("key", ("1",), ("1.0",), ("2",))]).succeeded()
    assert tenant.rows("KEY") == [[1], [2]]
    assert "Rejected record 2" in run.stderr


def test_booleans_and_date_times_for_other_fields(tenant: Tenant) -> None:
    """A boolean is 1 or 0 in a Float field; a date-time is a day in a Date field if no time of day is lost."""
    tenant.create_list(KEY="Text(10)", B="Float", T="Date")
    moment = {"type": "string", "format": "date-time"}
    rows = [
        record({"key": "a", "b": True, "t": "2024-02-29T00:00:00Z"}),
        record({"key": "b", "t": "2024-02-29T10:15:00Z"}),
    ]
    run = tenant.run([schema({"key": "string", "b": "boolean", "t": moment}), *rows]).succeeded()
    assert tenant.rows("KEY", "B", "T") == [["a", 1, "2024-02-29"]]
    assert "Rejected record 2 of stream customers, field t" in run.stderr


@pytest.mark.parametrize("more", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("number", ["1e99999999999999999999", "9" * 5000])
@pytest.mark.parametrize("written", ["{}", '"{}"'], ids=["number", "text"])
def test_numbers_beyond_all_bounds_are_rejected_alone(
    tenant: Tenant, written: str, number: str, more: dict[str, Any]
) -> None:
    """A number that nothing can hold rejects its record, whether it is written as a number or as text."""
    tenant.create_list(KEY="Text(10)", N="Float")
    described = {"type": ["number", "null"] if written == "{}" else ["string", "null"]}
    run = tenant.run(lines(described, "null", written.format(number), "null", column="n"), **more).succeeded()
    assert tenant.rows("KEY", "N") == [["0", None], ["2", None]]
    assert "Rejected record 2 of stream customers, field n" in run.stderr


def test_date_time_keys_that_selligent_cannot_tell_apart_are_rejected(tenant: Tenant) -> None:
    """A DateTime holds seven digits of a second: keys with more would become one."""
    moments = [(f"2026-05-01T10:15:00.{digits}Z",) for digits in ("1234567", "1234567000", "12345671", "12345672")]
    described = schema({"key": {"type": "string", "format": "date-time"}})
    run = tenant.run([described, *records("key", *moments)], create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [["2026-05-01T10:15:00.1234567Z"]]
    assert "rejected 2 records of stream customers, field key" in run.stderr

"""RECORD messages for the records of a Python program: every value is written as it is, or the record is marked."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent.records.record_lines import RecordLineWriter, UnwritableRecord, decode_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def write(*records: dict[str, Any]) -> list[list[bytes] | UnwritableRecord]:
    """Return the chunks of records."""
    return list(RecordLineWriter('a "stream"').write_chunks(records))


def test_a_message_has_its_stream_and_its_record() -> None:
    """The line is what a tap would write."""
    (chunk,) = write({"a": 1, "b": None, "c": "ä"})
    assert isinstance(chunk, list)
    assert json.loads(chunk[0]) == {"type": "RECORD", "stream": 'a "stream"', "record": {"a": 1, "b": None, "c": "ä"}}


@pytest.mark.parametrize("digits", ["0.10", "12345678901234567890.123456789", "-7"])
def test_a_decimal_keeps_its_digits(digits: str) -> None:
    """It is written as a number and read exactly."""
    (chunk,) = write({"a": Decimal(digits)})
    assert isinstance(chunk, list)
    assert chunk[0].endswith(b'"record":{"a":%b}}' % digits.encode())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", ["x", {"y": float("nan")}]], ids=ascii)
def test_what_is_not_strict_json_is_written_as_python_writes_it(value: object) -> None:
    """NaN does not become null, which would empty the field: the reader of the line rejects it."""
    (chunk,) = write({"null": None, "a": value})
    assert isinstance(chunk, list)
    assert repr(decode_record(chunk[0])) == repr({"null": None, "a": value})


def test_a_value_without_a_json_form_marks_its_record_only() -> None:
    """The records around it are written, in their order, and the reason shows no value."""
    before, bad, after = write({"a": 1}, {"a": 1 + 2j}, {"a": 3})
    assert isinstance(bad, UnwritableRecord)
    assert "2j" not in bad.reason
    assert decode_record(bad.line) == {"a": "(1+2j)"}
    assert [len(chunk) for chunk in (before, after) if isinstance(chunk, list)] == [1, 1]


@pytest.mark.parametrize("wrap", [lambda value: {"a": value}, lambda value: [value]], ids=["object", "array"])
def test_a_record_that_is_nested_too_deeply_is_marked(wrap: Callable[[Any], Any]) -> None:
    """It has no line that could be read."""
    deep: Any = {}
    for _ in range(100_000):
        deep = wrap(deep)
    (bad, _) = write({"a": deep})[-2:]
    assert isinstance(bad, UnwritableRecord)
    assert decode_record(bad.line) == {}


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (timedelta(minutes=-44, seconds=-30), "1965-05-01T12:44:30Z"),
        (timedelta(hours=2), "1965-05-01T12:00:00+02:00"),
        (timedelta(0), "1965-05-01T12:00:00Z"),
    ],
    ids=str,
)
def test_a_datetime_keeps_its_instant(offset: timedelta, written: str) -> None:
    """Zones of early years have offsets with seconds, which JSON lacks."""
    (lines,) = RecordLineWriter("people").write_chunks(
        [{"at": datetime(1965, 5, 1, 12, tzinfo=timezone(offset)), "day": None}]
    )
    assert isinstance(lines, list)
    assert decode_record(lines[0]) == {"at": written, "day": None}


def test_a_datetime_at_the_edge_of_the_calendar() -> None:
    """It has no instant in UTC, and does not end the run."""
    (lines,) = RecordLineWriter("people").write_chunks(
        [{"at": datetime.min.replace(tzinfo=timezone(timedelta(seconds=30)))}]
    )
    assert isinstance(lines, list)
    assert decode_record(lines[0])["at"].startswith("0001-01-01T00:00:00")


def test_a_chunk_ends_at_its_size() -> None:
    """Large records do not pile up."""
    assert [len(chunk) for chunk in write(*[{"a": "x" * 200_000}] * 5) if isinstance(chunk, list)] == [2, 2, 1]


def test_records_before_an_exception_are_written_first() -> None:
    """The exception is raised after them."""

    def records() -> Iterator[dict[str, Any]]:
        yield {"a": 1}
        raise LookupError

    chunks = RecordLineWriter("s").write_chunks(records())
    assert [decode_record(line) for line in next(chunks)] == [{"a": 1}]  # type: ignore[union-attr]
    with pytest.raises(LookupError):
        next(chunks)


def test_only_mappings_are_records() -> None:
    """A list would be an array in the message."""
    with pytest.raises(TypeError, match="a record must be a dict, not list"):
        list(RecordLineWriter("s").write_chunks([[1]]))  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["ä", "a b", 'a"b', "a\\b", "a\nb", ""], ids=ascii)
def test_columns_are_written_as_their_records(name: str) -> None:
    """The lines are those of the same values as dicts, whatever the names and texts."""
    columns: dict[str, list[Any]] = {
        "key": [1, 2],
        name: ["two\nlines", None],
        "c0": [Decimal("1.10"), 0.5],
        "list": [["x"], {"y": []}],
    }
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    writer = RecordLineWriter('a "stream"')
    assert [writer.write_columns(columns)] == write(*records)
    assert writer.write_columns({"other": [1]}) == write({"other": 1})[0]
    assert writer.write_columns({"other": []}) == []


def test_values_of_columns_are_not_kept() -> None:
    """What was written is freed: a run with columns does not grow with its records."""
    value = "a text of its own".upper()
    before = sys.getrefcount(value)
    RecordLineWriter("people").write_columns({"a": [value] * 10, "b": [value] * 10})
    assert sys.getrefcount(value) == before


def test_numbers_are_read_exactly_if_asked_for() -> None:
    """Digits that a float cannot keep become a Decimal."""
    line = b'{"type":"RECORD","stream":"s","record":{"a":0.1234567890123456789}}'
    assert decode_record(line, exact=True) == {"a": Decimal("0.1234567890123456789")}
    assert decode_record(line) == {"a": 0.12345678901234568}

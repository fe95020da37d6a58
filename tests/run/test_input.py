"""Standard input: what a tap may send, what it may not, and that no fault of it loses or shows a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import encode, record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string"})
GOOD = encode([SCHEMA, *records("key", ("a",)), state({"good": 1})])
PRIVATE = "alice.private@example.com"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"type": "RECORD", "stream": "customers", "record": {"key": "alice.private@example.com"', "not valid JSON"),
        (b"alice.private@example.com printed by a tap", "not valid JSON"),
        (b'["alice.private@example.com"]', "not a JSON object"),
        (b'{"record": {"key": "alice.private@example.com"}}', "lacks a message type"),
        (b'{"type": "RECORDS", "record": {"key": "alice.private@example.com"}}', "unknown message type 'RECORDS'"),
        (b'{"type": "RECORD", "record": {"key": "alice.private@example.com"}}', "lacks stream"),
        (b'{"type": "RECORD", "stream": "customers", "record": "alice.private@example.com"}', "RECORD without"),
        (b'{"type": "RECORD", "stream": "customers"}', "lacks record"),
        (
            b'{"type": "RECORD", "stream": "others", "record": {"key": "alice.private@example.com"}}',
            "before its SCHEMA",
        ),
        (b'{"type": "SCHEMA", "stream": "customers"}', "lacks schema"),
        (b'{"type": "SCHEMA", "stream": "others", "schema": {}}', "has no properties"),
        (b'{"type": "SCHEMA", "stream": "others", "schema": []}', "SCHEMA without"),
        (b'{"type": "STATE"}', "lacks value"),
        (b'{"type": "BATCH", "stream": "customers", "encoding": {}, "manifest": []}', "BATCH message with"),
        (b"\xff\xfe", "not valid JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_faulty_line_ends_the_run(tenant: Tenant, line: bytes, words: str) -> None:
    """A line that is no message ends the run with its number and what is wrong; what came before is loaded and true."""
    after = encode([*records("key", ("after",)), state({"after": 1})])
    run = tenant.run(GOOD + line + b"\n" + after, create_list_if_not_exists=True)
    error_line = run.error_line()
    assert words in error_line
    assert "line 4" in error_line
    assert PRIVATE not in run.stderr
    assert tenant.rows("KEY") == [["a"]]
    assert run.states == [{"good": 1}]


def test_a_tap_that_breaks_off_fails_the_run(tenant: Tenant) -> None:
    """Half a last line is a fault, not a record."""
    run = tenant.run(GOOD + encode(records("key", ("b",)))[:-10], create_list_if_not_exists=True)
    assert "not valid JSON" in run.error_line()
    assert tenant.rows("KEY") == [["a"]]


def test_harmless_oddities_are_read(tenant: Tenant) -> None:
    """A byte order mark, blank lines, Windows line ends, a missing last newline and unknown keys change nothing."""
    lines = GOOD.replace(b"\n", b"\r\n\r\n")
    last = encode([{**record({"key": "b"}), "time_extracted": "2026-05-01T00:00:00Z", "more": {}}]).rstrip()
    run = tenant.run(b"\xef\xbb\xbf" + lines + b"  \n" + last, create_list_if_not_exists=True).succeeded()
    assert tenant.rows("KEY") == [["a"], ["b"]]
    assert run.states == [{"good": 1}]


def test_activate_version_deletes_nothing(tenant: Tenant) -> None:
    """ACTIVATE_VERSION is noted once a stream; records of other versions stay."""
    tenant.create_list(KEY="Text(10)")
    tenant.load_rows("KEY", [["old"]])
    version = {"type": "ACTIVATE_VERSION", "stream": "customers", "version": 2}
    run = tenant.run([SCHEMA, version, *records("key", ("a",)), version]).succeeded()
    assert tenant.rows("KEY") == [["old"], ["a"]]
    assert run.stderr.count("ACTIVATE_VERSION of stream customers") == 1


def test_streams_may_take_turns(tenant: Tenant) -> None:
    """Records of several streams in any order reach their Lists whole."""
    names = ("one", "two", "three")
    messages = [schema({"key": "integer"}, stream=name) for name in names]
    messages += [record({"key": number}, names[number % 3]) for number in range(30)]
    streams = {name: {"list_api_name": name} for name in names}
    tenant.run(messages, streams=streams, create_list_if_not_exists=True).succeeded()
    for index, name in enumerate(names):
        wanted = [[number] for number in range(index, 30, 3)]
        assert tenant.rows("KEY", list_api_name=name) == wanted


def test_lines_of_any_length_are_read(tenant: Tenant) -> None:
    """Lines longer than any buffer and many short ones arrive whole."""
    long_text = "ä" * 700_000
    rows = records("key text", ("long", long_text), *((str(number), "x") for number in range(9000)))
    messages = [schema({"key": "string", "text": "string"}), *rows]
    tenant.run(messages, create_list_if_not_exists=True, text_field_length=0).succeeded()
    held = tenant.rows("KEY", "TEXT")
    assert len(held) == 9001
    assert held[0] == ["long", long_text]


@pytest.mark.parametrize(
    "described",
    [
        {"type": "nonsense"},
        {"type": "string", "pattern": "("},
        {"type": "string", "maxLength": "long"},
        {"$ref": "https://example.com/schema.json"},
        {"allOf": [{"$ref": None}]},
        {"anyOf": 5},
        {"enum": 5},
    ],
    ids=["type", "pattern", "maxLength", "remote", "no reference", "no alternatives", "no values"],
)
def test_an_impossible_schema_is_a_fault_of_the_tap(tenant: Tenant, described: dict[str, object]) -> None:
    """A SCHEMA that is no valid JSON Schema, or asks for one from elsewhere, ends in one line, never in a traceback."""
    messages = [schema({"key": "string", "value": described}), record({"key": "a", "value": "x"})]
    run = tenant.run(messages, create_list_if_not_exists=True)
    assert "Traceback" not in run.stderr
    assert run.returncode == 1 or described.get("$ref")


def test_a_schema_with_references_is_followed(tenant: Tenant) -> None:
    """`$ref` into the schema itself is followed for fields and for checks."""
    message = schema({"key": "string", "value": {"$ref": "#/definitions/number"}})
    message["schema"]["definitions"] = {"number": {"type": "integer", "minimum": 5}}
    rows = records("key value", ("a", 7), ("b", 1))
    tenant.run([message, *rows], create_list_if_not_exists=True).succeeded()
    assert tenant.fields()["VALUE"] == "Long"
    assert tenant.rows("KEY", "VALUE") == [["a", 7]]

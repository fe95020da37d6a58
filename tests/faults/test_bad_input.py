"""Input that is wrong or very large ends in an error line or a correct load, never in a traceback or endless run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import FinishedRun, Message, Tenant, encode, record, run_target, schema, state

COLUMNS: dict[str, Any] = {"key": "string", "name": "string", "story": "string", "number": "number", "seg": "string"}
SCHEMA = schema(COLUMNS)
GOOD = record({"key": "good", "name": "n"})


def _load(tenant: Tenant, content: bytes | list[Message], **settings: Any) -> FinishedRun:
    config = tenant.config(create_list_if_not_exists=True, text_field_length=0, **settings)
    finished = run_target(config, content if isinstance(content, bytes) else encode(content))
    assert "Traceback" not in finished.stderr
    return finished


_HEAD = encode([SCHEMA, GOOD, state({"position": 1})])
_FATAL: dict[str, tuple[bytes, str]] = {
    "not-json": (b"{this is no JSON}\n", "line 4 of the input is not valid JSON"),
    "half-a-line": (b'{"type": "RECORD", "stream": "cust', "line 4 of the input is not valid JSON"),
    "a-log-line": (b"INFO Starting sync\n", "line 4 of the input is not valid JSON"),
    "not-utf-8": (b'{"type": "RECORD", "stream": "customers", "record": {"key": "\xff"}}\n', "not valid JSON"),
    "utf-16": (json.dumps(GOOD).encode("utf-16"), "line 4"),
    "a-nul": (b"\x00\n", "line 4 of the input is not valid JSON"),
    "a-number": (b"42\n", "line 4 of the input is not a JSON object"),
    "an-array": (b"[]\n", "line 4 of the input is not a JSON object"),
    "no-type": (b"{}\n", "line 4 of the input lacks a message type"),
    "unknown-type": (b'{"type": "PERSON"}\n', "unknown message type 'PERSON'"),
    "odd-type": (b'{"type": ["RECORD"]}\n', "lacks a message type"),
    "no-record": (b'{"type": "RECORD", "stream": "customers"}\n', "line 4 of the input lacks record"),
    "record-is-text": (b'{"type": "RECORD", "stream": "customers", "record": "x"}\n', "line 4"),
    "record-is-null": (b'{"type": "RECORD", "stream": "customers", "record": null}\n', "line 4"),
    "stream-is-a-list": (b'{"type": "RECORD", "stream": [], "record": {}}\n', "line 4"),
    "no-schema": (b'{"type": "RECORD", "stream": "others", "record": {}}\n', "before its SCHEMA"),
    "schema-is-text": (b'{"type": "SCHEMA", "stream": "others", "schema": "x", "key_properties": []}\n', "line 4"),
    "no-properties": (b'{"type": "SCHEMA", "stream": "others", "schema": {}, "key_properties": []}\n', "properties"),
    "a-batch-without-files": (
        b'{"type": "BATCH", "stream": "customers"}\n',
        "line 4 of the input lacks encoding, manifest",
    ),
    "too-deep": (b"[" * 200_000 + b"\n", "line 4 of the input is not valid JSON"),
    "too-deep-record": (
        b'{"type": "RECORD", "stream": "customers", "record": {"key": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n",
        "line 4 of the input is not valid JSON",
    ),
}


@pytest.mark.parametrize(("line", "reason"), _FATAL.values(), ids=_FATAL)
def test_a_line_that_is_no_message(tenant: Tenant, line: bytes, reason: str) -> None:
    """A line that is no message ends the run with one line that names it; what came before is loaded."""
    finished = _load(tenant, _HEAD + line)

    assert reason in finished.error_line()
    assert tenant.rows("KEY") == [["good"]]
    assert finished.states == [{"position": 1}]


_REJECTED = {
    "lone-surrogate": b'{"key": "bad", "name": "\\ud800"}',
    "lone-surrogate-as-key": b'{"key": "\\udfff", "name": "n"}',
    "lone-surrogate-in-bytes": b'{"key": "bad", "name": "\xed\xa0\x80"}',
    "nan": b'{"key": "bad", "number": NaN}',
    "infinity": b'{"key": "bad", "number": -Infinity}',
    "too-large-a-number": b'{"key": "bad", "number": 1e999}',
    "huge-integer": b'{"key": "bad", "number": ' + b"9" * 400 + b"}",
    "endless-integer": b'{"key": "bad", "number": ' + b"9" * 10_000 + b"}",
    "another-type": b'{"key": "bad", "number": "many"}',
    "deep": b'{"key": "bad", "number": ' + b"[" * 500 + b"]" * 500 + b"}",
}


@pytest.mark.parametrize("bad", _REJECTED.values(), ids=_REJECTED)
def test_a_record_that_cannot_be_loaded(tenant: Tenant, bad: bytes) -> None:
    """A record with a value that cannot be sent is rejected; the other records are loaded."""
    line = b'{"type": "RECORD", "stream": "customers", "record": ' + bad + b"}\n"
    finished = _load(tenant, _HEAD + line + encode([record({"key": "last", "name": "n"}), state({"position": 3})]))

    assert finished.returncode == 0, finished.stderr
    assert "Rejected record 2 of stream customers" in finished.stderr
    assert sorted(tenant.rows("KEY")) == [["good"], ["last"]]
    assert finished.position == 3


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "\x7f\x85\u2028", "\ufeff", "😀", "'; DROP TABLE x; --", '"\\\n\r\t', "x" * 10_000_000],
    ids=["nul", "nul-inside", "controls", "byte-order-mark", "emoji", "sql", "escapes", "10-megabytes"],
)  # fmt: skip
def test_text_of_any_kind(tenant: Tenant, text: str) -> None:
    """Unicode text of any length arrives unchanged."""
    finished = _load(tenant, [SCHEMA, GOOD, record({"key": "odd", "story": text}), state({"position": 2})])

    assert finished.returncode == 0, finished.stderr
    assert tenant.rows("KEY", "STORY") == [["good", None], ["odd", text]]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", encode([SCHEMA]), encode([state({"position": 0})]), b"\xef\xbb\xbf" + encode([SCHEMA])],
    ids=["nothing", "blank-lines", "schema-only", "state-only", "byte-order-mark"],
)
def test_an_empty_stream(tenant: Tenant, content: bytes) -> None:
    """A run with nothing to load succeeds."""
    assert _load(tenant, content).returncode == 0


def test_a_schema_that_changes_type(tenant: Tenant) -> None:
    """Records fit the schema before them; one of another type then is loaded if it can be, or rejected alone."""
    changed = schema({**COLUMNS, "number": "string"})
    messages = [
        SCHEMA,
        record({"key": "a", "number": 1.5}),
        changed,
        record({"key": "b", "number": "many"}),
        SCHEMA,
        record({"key": "c", "number": 2.5}),
        state({"position": 3}),
    ]
    finished = _load(tenant, messages)

    finished.succeeded()
    assert tenant.rows("KEY", "NUMBER") == [["a", 1.5], ["c", 2.5]]
    assert "Rejected record 2 of stream customers" in finished.stderr
    assert finished.position == 3


def test_many_columns(tenant: Tenant) -> None:
    """2,000 columns make 2,000 fields, and rows of as many values."""
    names = [f"c{number}" for number in range(2000)]
    described = schema({"key": "string", **dict.fromkeys(names, "integer")})
    rows = [record({"key": f"k{row}", **dict.fromkeys(names, row)}) for row in range(20)]
    finished = _load(tenant, [described, *rows])

    assert finished.returncode == 0, finished.stderr
    assert sorted(tenant.rows("C0", "C1999")) == [[row, row] for row in range(20)]


def test_many_segments(tenant: Tenant) -> None:
    """2,000 Segments for 2,000 records: each has its member."""
    tenant.set_options(rate_limit=10_000_000)
    rows = [record({"key": f"k{row}", "name": "n", "seg": f"s{row}"}) for row in range(2000)]
    finished = _load(
        tenant,
        [SCHEMA, *rows, state({"position": 2000})],
        segment_column="seg",
        create_segment_if_not_exists=True,
        requests_per_minute=1_000_000,
    )

    assert finished.returncode == 0, finished.stderr
    assert finished.position == 2000
    writes = tenant.read_journal("writes")
    joined = {(write["segment"], *key) for write in writes if write["operation"] == "segment_load"
              for key in write["keys"]}  # fmt: skip
    assert joined == {(f"s{row}", f"k{row}") for row in range(2000)}


def test_deep_nesting(tenant: Tenant) -> None:
    """Nested values go into a JSON field as they are."""
    deep: Any = "end"
    for level in range(100):
        deep = [deep] if level % 2 else {"in": deep}
    described = schema({"key": "string", "deep": {"type": ["object", "array", "null"]}})
    finished = _load(tenant, [described, record({"key": "a", "deep": deep})])

    assert finished.returncode == 0, finished.stderr
    assert json.loads(tenant.rows("DEEP")[0][0]) == deep

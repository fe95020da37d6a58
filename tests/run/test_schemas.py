"""Schemas as taps write them: older drafts are read as what they mean, impossible ones end in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import record, records, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

NUMERIC: dict[str, Any] = {
    "type": ["null", "number"],
    "multipleOf": 1,
    "minimum": -(10**20),
    "exclusiveMinimum": True,
    "maximum": 10**20,
    "exclusiveMaximum": True,
}
"""numeric(20,0), as older versions of tap-postgres write it."""


@pytest.mark.parametrize("more", [{}, {"stream_maps": {"*": {}}}, {"validate_records": False}], ids=str)
def test_draft_4(tenant: Tenant, more: dict[str, Any]) -> None:
    """Bounds of draft 4 are read as what they mean."""
    columns = {"key": "string", "n": NUMERIC, "m": {"type": "number", "maximum": 10, "exclusiveMaximum": True}}
    messages = [schema(columns), *records("key n m", ("a", 10**20 - 1, 9.5), ("b", 1, 10), ("c", None, 1))]
    run = tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)", "N": "Text(21)", "M": "Float"}
    wanted = [["a", str(10**20 - 1), 9.5], ["b", "1", 10], ["c", None, 1]]
    if more.get("validate_records", True):
        del wanted[1]
        assert "Rejected record 2 of stream customers, field m" in run.stderr
    assert tenant.rows("KEY", "N", "M") == wanted


def _nested(depth: int) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        described = {"type": "object", "properties": {"in": described}}
    return described


IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "properties null": ({"schema": {"properties": None}}, "has no properties"),
    "properties a list": ({"schema": {"properties": []}}, "has no properties"),
    "nested key properties": ({"key_properties": [["key"]]}, "key_properties"),
    "key properties as text": ({"key_properties": "key"}, "key_properties"),
    "900 deep": ({"schema": {"properties": {"key": {"type": "string"}, "deep": _nested(450)}}}, "levels deep"),
}


@pytest.mark.parametrize("more", [{}, {"flattening_enabled": True, "flattening_max_depth": 9}], ids=["", "flattened"])
@pytest.mark.parametrize(("changes", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_schemas_that_cannot_be_worked_with(
    tenant: Tenant, changes: dict[str, Any], words: str, more: dict[str, Any]
) -> None:
    """They end in one line that names the line of the input and the stream."""
    message = {**schema({"key": "string"}), **changes}
    error_line = tenant.run((json.dumps(message) + "\n").encode(), create_list_if_not_exists=True, **more).error_line()
    assert "line 1 of the input, the SCHEMA of stream customers," in error_line
    assert words in error_line


@pytest.mark.parametrize("more", [{}, {"flattening_enabled": True, "flattening_max_depth": 9}], ids=["", "flattened"])
def test_a_schema_that_is_nested_but_fine(tenant: Tenant, more: dict[str, Any]) -> None:
    """Nobody nests this deep, and yet it is loaded."""
    messages = [schema({"key": "string", "deep": _nested(95)}), record({"key": "a", "deep": {"in": {"in": {}}}})]
    tenant.run(messages, create_list_if_not_exists=True, **more).succeeded()
    assert tenant.rows("KEY") == [["a"]]


ARRAYS: dict[str, dict[str, Any]] = {
    "array": {"type": ["array", "null"], "items": {"type": "string"}},
    "alternatives": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
    "array or text": {"type": ["array", "string", "null"]},
}


@pytest.mark.parametrize("described", ARRAYS.values(), ids=ARRAYS)
def test_an_array_of_segments_survives_flattening(tenant: Tenant, described: dict[str, Any]) -> None:
    """The SDK's flattening writes arrays as text: they name their Segments as without it."""
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    rows = records("key seg place", ("a", ["vip", "new"], {"city": "Gent"}), ("b", ["new"], None), ("c", None, None))
    messages = [schema({"key": "string", "seg": described, "place": place}), *rows, state({"a": 1})]
    messages[0]["schema"]["properties"]["place"]["type"] = ["object", "null"]
    run = tenant.run(
        messages,
        flattening_enabled=True,
        flattening_max_depth=1,
        segment_column="seg",
        create_list_if_not_exists=True,
        create_segment_if_not_exists=True,
    ).succeeded()
    assert tenant.members("vip", "KEY") == ["a"]
    assert tenant.members("new", "KEY") == ["a", "b"]
    assert run.states == [{"a": 1}]

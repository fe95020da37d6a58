"""SCHEMA messages from catalogs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_selligent.checks.catalogs import CatalogError, read_catalog

PROPERTIES = {"key": {"type": "string"}, "name": {"type": "string"}, "note": {"type": "string"}}


def stream(name: str, *metadata: tuple[tuple[str, ...], dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """Return a stream of a catalog."""
    entries = [{"breadcrumb": list(place), "metadata": values} for place, values in metadata]
    return {
        "tap_stream_id": name,
        "schema": {"properties": PROPERTIES, "required": ["key", "note"]},
        "metadata": entries,
        **parts,
    }


def read(*streams: Any) -> list[dict[str, Any]]:
    """Return the messages of a catalog."""
    return read_catalog(json.dumps({"streams": streams}).encode())


def test_selected_streams_and_columns() -> None:
    """Only selected streams are returned, without the columns that are not selected or not supported."""
    chosen = stream(
        "one",
        ((), {"selected": True, "table-key-properties": ["key"]}),
        (("properties", "key"), {"inclusion": "automatic", "selected": False}),
        (("properties", "name"), {"inclusion": "available", "selected": True}),
        (("properties", "note"), {"inclusion": "unsupported"}),
    )
    (message,) = read(stream("other"), chosen)
    assert (message["stream"], message["key_properties"]) == ("one", ["key"])
    assert list(message["schema"]["properties"]) == ["key", "name"]
    assert message["schema"]["required"] == ["key"]


def test_a_key_is_never_left_out() -> None:
    """Taps send the key whatever is selected."""
    entry = stream("one", (("properties", "key"), {"selected": False}), key_properties=["key"])
    (message,) = read(entry)
    assert "key" in message["schema"]["properties"]


def test_without_a_selection_all_streams_count() -> None:
    """What `--discover` prints has no selection."""
    assert [message["stream"] for message in read(stream("a"), stream("b", stream="public-b"))] == ["a", "public-b"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"streams": [1]}', b'{"streams": [{"stream": "a"}]}'])
def test_what_is_no_catalog(content: bytes) -> None:
    """A file that is something else is an error."""
    with pytest.raises(CatalogError):
        read_catalog(content)

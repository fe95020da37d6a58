"""SCHEMA messages from the catalog of a tap. Pure; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_selligent.records import lenient_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class CatalogError(ValueError):
    """Raised when a file is not the catalog of a tap."""


def read_catalog(content: bytes) -> list[dict[str, Any]]:
    """Return the SCHEMA messages that a tap would send for the selected streams of its catalog.

    If no stream is selected, as in the output of `--discover`, all streams count as selected.

    Args:
        content: The catalog, as JSON.

    Raises:
        CatalogError: If it is not a catalog.
    """
    try:
        catalog = lenient_json.loads(content)
    except (ValueError, RecursionError):
        raise CatalogError("it is not JSON") from None
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list) or not all(_is_stream(stream) for stream in streams):
        raise CatalogError("it has no streams, each with a schema")
    selected = [stream for stream in streams if _is_selected(stream, _metadata_of(stream).get((), {}))]
    return [_to_message(stream) for stream in selected or streams]


def _is_stream(stream: object) -> bool:
    if not isinstance(stream, dict) or not isinstance(stream.get("schema"), dict):
        return False
    return isinstance(stream.get("stream") or stream.get("tap_stream_id"), str)


def _is_selected(described: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    return bool(metadata.get("selected", described.get("selected", False)))


def _metadata_of(stream: Mapping[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the metadata of a stream by its breadcrumbs."""
    entries = stream.get("metadata")
    return {
        tuple(map(str, entry.get("breadcrumb") or ())): entry["metadata"]
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("metadata"), dict)
    }


def _to_message(stream: Mapping[str, Any]) -> dict[str, Any]:
    metadata = _metadata_of(stream)
    own = metadata.get((), {})
    keys = stream.get("key_properties") or own.get("table-key-properties") or own.get("view-key-properties") or []
    properties = stream["schema"].get("properties") or {}
    left_out = {name for name in _find_left_out(properties, metadata) if name not in keys}
    kept = {name: described for name, described in properties.items() if name not in left_out}
    schema = {**stream["schema"], "properties": kept}
    if isinstance(required := schema.get("required"), list):
        schema["required"] = [name for name in required if name not in left_out]
    name = stream.get("stream") or stream.get("tap_stream_id")
    return {"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": keys}


def _find_left_out(
    properties: Mapping[str, Any], metadata: Mapping[tuple[str, ...], Mapping[str, Any]]
) -> Iterator[str]:
    for name in properties:
        own = metadata.get(("properties", name), {})
        chosen = own.get("selected", own.get("selected-by-default", True))
        if own.get("inclusion") == "unsupported" or (own.get("inclusion") != "automatic" and not chosen):
            yield name

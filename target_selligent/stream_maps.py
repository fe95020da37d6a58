"""The SDK's stream maps: one that fails rejects the record, and deleted records pass them by."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError

from target_selligent.errors import RejectedRecord
from target_selligent.fields import is_deleted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk.mapper import StreamMap


def reject_failing_records(stream_maps: Iterable[StreamMap], reject: Callable[[str, RejectedRecord], None]) -> None:
    """Have stream maps reject a record on which their expressions or filters fail, and go on with the next one.

    Args:
        stream_maps: The maps of one stream, which are changed.
        reject: Takes the stream, as its map names it, and what is wrong with the record that is in work.
    """
    for stream_map in stream_maps:
        stream_map.transform = _or_rejected(stream_map, reject)  # type: ignore[method-assign,assignment]


def _or_rejected(
    stream_map: StreamMap, reject: Callable[[str, RejectedRecord], None]
) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    transform = stream_map.transform

    def transformed(record: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return transform(record)
        except Exception as error:
            if is_deleted(record):
                raise
            # What Python says of an expression that fails quotes values; the SDK's own error quotes the expression.
            what = str(error).rstrip(".") if isinstance(error, MapExpressionError) else type(error).__name__
            reject(stream_map.stream_alias, RejectedRecord(f"a stream map fails on it: {what}", code="stream_map"))
            return None

    return transformed


def deleted_record_by_stream(
    record: dict[str, Any], stream_maps: Iterable[StreamMap], *, with_keys: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a deleted record is to each stream that its maps make of it.

    The maps may need columns that it lacks, or leave out its mark. So they are used for its key only.

    Args:
        record: The record.
        stream_maps: The maps of its stream.
        with_keys: Whether the key is needed.

    Yields:
        The name that a map gives the stream, and a record that has the key as the map makes it.
    """
    for stream_map in stream_maps:
        keyed = record
        if with_keys:
            # An expression can fail in any way; the key may be what it was.
            with suppress(Exception):
                keyed = stream_map.transform(copy.copy(record)) or record
        yield stream_map.stream_alias, keyed

"""Stream maps of the SDK: a record on which a map fails is rejected, and deleted records are counted in any case."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError

from target_selligent.errors import RejectedRecord
from target_selligent.records import is_deleted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk.mapper import StreamMap


def reject_failing_records(stream_maps: Iterable[StreamMap], reject: Callable[[str, RejectedRecord], None]) -> None:
    """Change stream maps so that they reject a record on which an expression or filter fails.

    Args:
        stream_maps: The maps of one stream. They are changed.
        reject: Called with the name that the map gives the stream, and what is wrong with the current record.
    """
    for stream_map in stream_maps:
        stream_map.transform = _rejecting_transform(stream_map, reject)  # type: ignore[method-assign,assignment]


def _rejecting_transform(
    stream_map: StreamMap, reject: Callable[[str, RejectedRecord], None]
) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Return the `transform` of a map, changed so that it rejects a record instead of raising an exception."""
    transform = stream_map.transform

    def transform_or_reject(record: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return transform(record)
        except Exception as error:
            if is_deleted(record):
                raise
            # The text of a Python exception can quote values. The text of the SDK's own error quotes the expression.
            what = str(error).rstrip(".") if isinstance(error, MapExpressionError) else type(error).__name__
            reject(stream_map.stream_alias, RejectedRecord(f"a stream map fails on it: {what}", code="stream_map"))
            return None

    return transform_or_reject


def map_deleted_record(
    record: dict[str, Any], stream_maps: Iterable[StreamMap], *, with_keys: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a deleted record for each stream that the maps of its stream create.

    A map may need columns that a deleted record lacks, or remove the column that marks it as deleted. So maps are used
    for its key only.

    Args:
        record: The record.
        stream_maps: The maps of its stream.
        with_keys: Whether the key is needed.

    Yields:
        The name that the map gives the stream, and a record with the key that the map creates.
    """
    for stream_map in stream_maps:
        mapped = record
        if with_keys:
            # An expression can raise any exception. Then the record is used as it came: the map may not change its key.
            with suppress(Exception):
                mapped = stream_map.transform(copy.copy(record)) or record
        yield stream_map.stream_alias, mapped

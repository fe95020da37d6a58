"""Receives the records of a stream that is not loaded, and only counts them (`unlisted_streams: ignore`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from target_selligent.errors import RejectedRecord

_ESCAPED_IN_JSON = frozenset('"\\')


class IgnoredStream:
    """Counts the records of one stream. It has the methods of a `StreamLoader`.

    Args:
        name: The name of the stream.
        count: Called with the name and a number of records.
        before_chunk: Called before the records of a Python program are counted.

    Attributes:
        message_type: The type to decode RECORD messages to; None if they must come as dicts.
        list_api_name: Empty, because the records go to no List.
        records_read: How many records of the stream were read with this schema.
        removals: None, because nobody leaves.
    """

    list_api_name: Final = ""
    removals: Final = None

    def __init__(self, name: str, count: Callable[[str, int], None], before_chunk: Callable[[], None]) -> None:
        self._name, self._count, self._before_chunk = name, count, before_chunk
        self.message_type: type[msgspec.Struct] | None = None
        # msgspec accepts no tag that JSON must escape.
        if _ESCAPED_IN_JSON.isdisjoint(name) and name.isprintable():
            fields = [("type", Literal["RECORD"]), ("record", msgspec.Raw)]
            self.message_type = msgspec.defstruct("IgnoredMessage", fields, tag_field="stream", tag=name, gc=False)
        self.records_read = 0
        count(name, 0)

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Count records of a Python program.

        Raises:
            RunStoppedError: If the run was stopped or is finished.
            Exception: What ended the loading of a List.
        """
        self._before_chunk()
        for _ in records:
            self._count_more(1)

    def take_arrow(self, data: pa.RecordBatch | pa.Table | Iterable[pa.RecordBatch | pa.Table]) -> None:
        """Count the rows of a record batch or table, or of all that an iterator gives.

        Raises:
            RunStoppedError: If the run was stopped or is finished.
            Exception: What ended the loading of a List.
        """
        for some in data if isinstance(data, Iterable) else [data]:
            self._before_chunk()
            self._count_more(some.num_rows)

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:  # noqa: ARG002
        """Count RECORD messages."""
        self._count_more(len(messages))

    def process_dict(self, record: Mapping[str, Any], line: bytes) -> None:  # noqa: ARG002
        """Count a record."""
        self._count_more(1)

    process_transformed = process_dict
    process_deleted = process_dict
    process_member = process_dict

    def reject(self, error: RejectedRecord, line: bytes) -> None:  # noqa: ARG002
        """Count a record on which a stream map fails: it would not have been loaded."""
        self._count_more(1)

    def flush(self) -> None:
        """Do nothing: no batch is open."""

    def _count_more(self, number: int) -> None:
        self.records_read += number
        self._count(self._name, number)

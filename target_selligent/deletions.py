"""Records that the source marks as deleted: counted, said once a stream, and never loaded. Pure; no I/O."""

from __future__ import annotations

import copy
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from target_selligent.fields import DELETED_AT, is_deletion_mark
from target_selligent.report import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_selligent.keys import LastRecords
    from target_selligent.report import RunReport

logger = logging.getLogger("target-selligent")


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Say whether the source marks a record as deleted; null and blank text, as in text files, are no mark."""
    return any(_is_set(record[column]) for column in record if is_deletion_mark(column))


def _is_set(mark: object) -> bool:
    return mark is not None and not (isinstance(mark, str) and not mark.strip())


class Deletions:
    """Counts deleted records, and takes back the records before them that are held until the end of the input.

    Args:
        held_records: The last record of each key, where they are held.
        report: Takes the counts.
        sinks: Stream, as its stream map names it, to sink; it changes during the run.
    """

    def __init__(self, held_records: LastRecords | None, report: RunReport, sinks: Mapping[str, Any]) -> None:
        self._held_records = held_records
        self._report = report
        self._sinks = sinks
        self._streams: set[str] = set()

    def count(self, stream: str, list_api_name: str, key: Callable[[], bytes]) -> None:
        """Count a deleted record.

        Args:
            stream: Its stream.
            list_api_name: Its List.
            key: Works out its key, as `same_key.run_keys` gives it, which is needed only where records are held.

        Raises:
            RejectedRecord: If it is needed and the record has none that is usable.
        """
        counts = Counts(read=1, deleted=1)
        if self._held_records is not None:
            # No record whose key is not Unicode is held.
            with suppress(UnicodeEncodeError):
                taken_back = self._held_records.remove(key())
                counts.add(Counts(read=taken_back, duplicates=taken_back))
        self._report.add_list(list_api_name, counts)
        if stream not in self._streams:
            self._streams.add(stream)
            logger.warning(
                "Stream %s: records with a value in %s are deleted at the source: they are counted, not loaded, and "
                "what the List holds of them stays",
                stream,
                DELETED_AT,
            )

    def hand_on(self, record: dict[str, Any], line: bytes, stream_maps: Iterable[Any]) -> bool:
        """Hand a record to the sinks of its stream past the stream maps, if it is deleted.

        The maps may need columns that it lacks, or leave out its mark; they count only for its key, where that is
        needed.

        Args:
            record: The record.
            line: Its RECORD message as it came.
            stream_maps: The SDK's maps of its stream.

        Returns:
            Whether the record is deleted.
        """
        if not is_deleted(record):
            return False
        for stream_map in stream_maps:
            keyed = record
            if self._held_records is not None:
                # An expression can fail in any way; the key may be what it was.
                with suppress(Exception):
                    keyed = stream_map.transform(copy.copy(record)) or record
            if stream_map.stream_alias in self._sinks:
                self._sinks[stream_map.stream_alias].process_deleted(keyed, line)
        return True

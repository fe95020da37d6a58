"""Records that the source marks as deleted. They are counted and never loaded. Pure; no I/O."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from target_selligent.loading.report import Counts
from target_selligent.records import DELETED_AT_COLUMN

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batches import Spool
    from target_selligent.loading.report import RunReport

logger = logging.getLogger("target-selligent")


class Deletions:
    """Counts the records that the source marks as deleted, and removes the spooled rows with their keys.

    Args:
        spool: Stores rows until the end of the input; None if rows are loaded at once.
        report: Receives the counts.
    """

    def __init__(self, spool: Spool | None, report: RunReport) -> None:
        self._spool = spool
        self._report = report
        self._logged_streams: set[str] = set()

    def count(
        self, stream: str, list_api_name: str, get_key: Callable[[], bytes] | None, *, ignored: bool = True
    ) -> None:
        """Count a deleted record. The first one of a stream is logged.

        Args:
            stream: Its stream.
            list_api_name: The List of the stream.
            get_key: Returns its key, normalized by `same_key.normalize_for_identity`. None if rows of its List are not
                spooled.
            ignored: Whether counting is all that happens to the record (`deleted_records: ignore`).

        Raises:
            RejectedRecord: If rows are spooled and the record has no usable key.
        """
        counts = Counts(read=1, deleted=1)
        if self._spool is not None and get_key is not None:
            # A key that is not valid Unicode is never in the spool.
            with suppress(UnicodeEncodeError):
                removed = self._spool.remove(get_key())
                counts.add(Counts(read=removed, duplicates=removed))
        self._report.add_list(list_api_name, counts)
        if ignored:
            self._report.add_acknowledged(counts.read)
        if ignored and stream not in self._logged_streams:
            self._logged_streams.add(stream)
            logger.warning(
                "Stream %s: records with a value in %s are deleted at the source: they are counted and not loaded, "
                "and their records in the List stay",
                stream,
                DELETED_AT_COLUMN,
            )

"""Records that the source marks as deleted: counted, said once a stream, and never loaded. Pure; no I/O."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from target_selligent.fields import DELETED_AT_COLUMN
from target_selligent.report import Counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.report import RunReport
    from target_selligent.spool import Spool

logger = logging.getLogger("target-selligent")


class Deletions:
    """Counts deleted records, and removes what is spooled of their keys.

    Args:
        spool: Where rows are stored until the end of the input; None if they are not.
        report: Receives the counts.
    """

    def __init__(self, spool: Spool | None, report: RunReport) -> None:
        self._spool = spool
        self._report = report
        self._streams: set[str] = set()

    def count(self, stream: str, list_api_name: str, key: Callable[[], bytes]) -> None:
        """Count a deleted record.

        Args:
            stream: Its stream.
            list_api_name: Its List.
            key: Returns its key from `same_key.normalize_for_identity`; called only where records are spooled.

        Raises:
            RejectedRecord: If it is needed and the record has none that is usable.
        """
        counts = Counts(read=1, deleted=1)
        if self._spool is not None:
            # No record whose key is not Unicode is spooled.
            with suppress(UnicodeEncodeError):
                removed = self._spool.remove(key())
                counts.add(Counts(read=removed, duplicates=removed))
        self._report.add_list(list_api_name, counts)
        if stream not in self._streams:
            self._streams.add(stream)
            logger.warning(
                "Stream %s: records with a value in %s are deleted at the source: they are counted, not loaded, and "
                "what the List holds of them stays",
                stream,
                DELETED_AT_COLUMN,
            )
